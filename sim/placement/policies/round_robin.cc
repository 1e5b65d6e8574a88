// Round-robin: expert e in rank e mod ranks (vLLM's --expert-placement-strategy round_robin).
// Redundant slots repeat the experts from the first on; each goes to the next rank with room that
// does not hold the expert yet, in turn.
#include <algorithm>

#include "sim/placement/policies/policies.h"

namespace switchyard {
namespace {

class RoundRobin : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "round_robin"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    const PlacementShape& shape = problem.shape;
    std::vector<ExpertIndex> expert_of_slot(shape.slots(), kNoExpert);
    std::vector<std::uint32_t> filled(shape.ranks);
    const auto takes = [&](std::uint32_t rank, ExpertIndex e) {
      const auto* const begin = expert_of_slot.data() + rank * shape.slots_per_rank;
      return filled[rank] < shape.slots_per_rank &&
             std::find(begin, begin + filled[rank], e) == begin + filled[rank];
    };
    for (std::uint32_t i = 0; i < shape.slots(); ++i) {
      const auto e = static_cast<ExpertIndex>(i % shape.experts);
      std::uint32_t step = 0;
      while (step < shape.ranks && !takes((i + step) % shape.ranks, e)) ++step;
      // Every rank with room holds it already: the replica is wasted wherever it goes.
      if (step == shape.ranks) {
        for (step = 0; filled[(i + step) % shape.ranks] == shape.slots_per_rank;) ++step;
      }
      const std::uint32_t rank = (i + step) % shape.ranks;
      expert_of_slot[rank * shape.slots_per_rank + filled[rank]++] = e;
    }
    return {shape.ranks, shape.slots_per_rank, shape.experts, std::move(expert_of_slot)};
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeRoundRobinPlacement() {
  return std::make_unique<RoundRobin>();
}

}  // namespace switchyard
