// Snake: EPLB's replicas, dealt to the ranks heaviest first, forth and back (SGLang's
// deepseek_vec packs so). Of equal replicas the one of the lower index comes first.
#include <algorithm>
#include <numeric>

#include "sim/placement/balance/eplb.h"
#include "sim/placement/policies/policies.h"

namespace switchyard {
namespace {

class Snake : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "snake"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    const PlacementShape& shape = problem.shape;
    const std::span<const double> total = problem.loads.Total();
    const std::vector<float> loads(total.begin(), total.end());
    const std::vector<std::uint32_t> replicas = EplbReplicas(loads, shape.slots());
    const std::vector<float> weights = ReplicaLoads(loads, replicas);
    std::vector<std::uint32_t> order(replicas.size());
    std::iota(order.begin(), order.end(), 0u);
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return weights[a] > weights[b]; });
    std::vector<ExpertIndex> expert_of_slot(shape.slots());
    for (std::uint32_t i = 0; i < shape.slots(); ++i) {
      const std::uint32_t row = i / shape.ranks;
      const std::uint32_t column = i % shape.ranks;
      const std::uint32_t rank = row % 2 == 0 ? column : shape.ranks - 1 - column;
      expert_of_slot[rank * shape.slots_per_rank + row] =
          static_cast<ExpertIndex>(replicas[order[i]]);
    }
    return {shape.ranks, shape.slots_per_rank, shape.experts, std::move(expert_of_slot)};
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeSnakePlacement() { return std::make_unique<Snake>(); }

}  // namespace switchyard
