// Linear: equal consecutive blocks of experts, rank by rank (vLLM's --expert-placement-strategy
// linear). With more ranks than experts, each expert on as many consecutive ranks.
#include <algorithm>

#include "sim/plan/placement/policies.h"

namespace switchyard {
namespace {

class Linear : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "linear"; }

  [[nodiscard]] Placement Place(std::uint32_t num_experts, std::uint32_t ranks) const override {
    const std::uint32_t replicas = std::max(1u, ranks / num_experts);
    const std::uint32_t block = (num_experts * replicas + ranks - 1) / ranks;
    std::vector<ExpertIndex> expert_of_slot(std::size_t{ranks} * block, kNoExpert);
    for (std::uint32_t slot = 0; slot < num_experts * replicas; ++slot) {
      expert_of_slot[slot] = static_cast<ExpertIndex>(slot / replicas);
    }
    return {ranks, block, num_experts, std::move(expert_of_slot)};
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeLinearPlacement() { return std::make_unique<Linear>(); }

}  // namespace switchyard
