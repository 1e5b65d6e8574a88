// Linear: equal consecutive blocks of experts, rank by rank (vLLM's --expert-placement-strategy
// linear).
#include "sim/plan/placement/policies.h"

namespace switchyard {
namespace {

class Linear : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "linear"; }

  [[nodiscard]] Placement Place(std::uint32_t num_experts, std::uint32_t ranks) const override {
    const std::uint32_t block = (num_experts + ranks - 1) / ranks;
    Placement placement{{}, {}, ranks, block};
    for (std::uint32_t e = 0; e < num_experts; ++e) {
      placement.rank_of_expert.push_back(static_cast<std::uint16_t>(e / block));
      placement.slot_of_expert.push_back(static_cast<std::uint16_t>(e % block));
    }
    return placement;
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeLinearPlacement() { return std::make_unique<Linear>(); }

}  // namespace switchyard
