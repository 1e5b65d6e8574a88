// Node aware: experts that tokens choose together on the same node, so that few copies of tokens
// cross between nodes, at nearly balanced load of nodes (nodes/node_plan.h); then the experts of
// each node are balanced over its ranks, with its further replicas.
#include <algorithm>
#include <utility>

#include "sim/base/check.h"
#include "sim/placement/nodes/node_plan.h"
#include "sim/placement/policies/policies.h"

namespace switchyard {
namespace {

// On how many nodes the experts of `node` are: the fewest and the most.
std::pair<std::uint32_t, std::uint32_t> NodesOfExperts(const NodePlan& plan, std::uint32_t node) {
  auto fewest = static_cast<std::uint32_t>(plan.experts.size());
  std::uint32_t most = 1;
  for (const std::uint32_t e : plan.experts[node]) {
    const auto nodes = static_cast<std::uint32_t>(
        std::count_if(plan.experts.begin(), plan.experts.end(), [e](const auto& experts) {
          return std::binary_search(experts.begin(), experts.end(), e);
        }));
    fewest = std::min(fewest, nodes);
    most = std::max(most, nodes);
  }
  return {fewest, most};
}

// The ranks of one node as a problem of their own, its experts numbered from 0.
PlacementProblem ProblemOfNode(const PlacementProblem& problem, const NodePlan& plan,
                               std::uint32_t node) {
  PlacementProblem inside;
  const std::uint32_t slots = SlotsOfNode(problem.shape, node);
  inside.shape.experts = static_cast<std::uint32_t>(plan.experts[node].size());
  inside.shape.slots_per_rank = problem.shape.slots_per_rank;
  inside.shape.ranks = slots / problem.shape.slots_per_rank;
  inside.shape.ranks_per_node = inside.shape.ranks;
  inside.loads = WindowLoads(inside.shape.experts);
  inside.loads.Add(plan.load[node]);
  // What the copies on other nodes leave of the rules.
  const auto [fewest, most] = NodesOfExperts(plan, node);
  const bool spread = problem.rules.replicas_on_distinct_nodes && fewest < problem.shape.nodes();
  inside.rules.max_replicas = spread ? 1 : std::max(1U, problem.rules.max_replicas / most);
  inside.limits = problem.limits;
  inside.seed = problem.seed;
  return inside;
}

class NodeAware : public PlacementPolicy {
 public:
  [[nodiscard]] std::string_view name() const override { return "node_aware"; }

  [[nodiscard]] Placement Place(const PlacementProblem& problem) const override {
    const PlacementShape& shape = problem.shape;
    const NodePlan plan = PlanNodes(problem);
    const auto balanced = MakePlacementPolicy(PlacementKind::kBalanced);
    std::vector<ExpertIndex> expert_of_slot;
    for (std::uint32_t n = 0; n < shape.nodes(); ++n) {
      const Placement inside = balanced->Place(ProblemOfNode(problem, plan, n));
      for (const ExpertIndex e : inside.expert_of_slot()) {
        const bool empty = e == kNoExpert;
        expert_of_slot.push_back(empty ? kNoExpert : static_cast<ExpertIndex>(plan.experts[n][e]));
      }
    }
    Placement placement(shape.ranks, shape.slots_per_rank, shape.experts,
                        std::move(expert_of_slot));
    const bool too_far = problem.current != nullptr && problem.rules.max_moves &&
                         SlotsMoved(*problem.current, placement) > *problem.rules.max_moves;
    return too_far ? SwapBetweenNodes(problem) : placement;
  }
};

}  // namespace

std::unique_ptr<PlacementPolicy> MakeNodeAwarePlacement() { return std::make_unique<NodeAware>(); }

}  // namespace switchyard
