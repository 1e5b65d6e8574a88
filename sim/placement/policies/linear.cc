// Linear: equal consecutive blocks of experts, rank by rank (vLLM's --expert-placement-strategy
// linear). Redundant slots: when they are whole copies of the model's experts, each expert in as
// many consecutive slots; otherwise they follow the experts and repeat them from the first on, as
// SGLang's and vLLM's initial maps do ([0 .. E-1, 0 .. R-1]).
#include <algorithm>

#include "sim/placement/policies/policies.h"

namespace switchyard {
namespace {

class Linear : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "linear"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    const PlacementShape& shape = problem.shape;
    const std::uint32_t experts = shape.experts;
    const bool whole_copies = shape.ranks >= experts && shape.slots() % experts == 0;
    const std::uint32_t copies = whole_copies ? shape.slots() / experts : 1;
    std::vector<ExpertIndex> expert_of_slot(shape.slots());
    for (std::uint32_t slot = 0; slot < shape.slots(); ++slot) {
      expert_of_slot[slot] = static_cast<ExpertIndex>(slot / copies % experts);
    }
    return {shape.ranks, shape.slots_per_rank, experts, std::move(expert_of_slot)};
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeLinearPlacement() { return std::make_unique<Linear>(); }

}  // namespace switchyard
