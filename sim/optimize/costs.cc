#include "sim/optimize/costs.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "models/cost/work.h"
#include "sim/pipeline/device_cost.h"
#include "sim/plan/experts/migration.h"
#include "sim/plan/experts/place_experts.h"
#include "sim/plan/traffic/payload.h"

namespace switchyard {
namespace {

// One way, of a GPU inside its node.
double RankBandwidth(const NodeSpec& node) {
  if (node.nvlink) return node.nvlink->bandwidth.value;
  if (node.nvlink_mesh) {
    return node.nvlink_mesh->link.bandwidth.value * node.nvlink_mesh->links_per_pair *
           (node.gpus - 1);
  }
  double nvlink = 0;
  double pcie = 0;
  for (const NamedLinkSpec& link : node.links) {
    if (link.a != "gpu0" && link.b != "gpu0") continue;
    (link.tier == LinkTier::kNvLink ? nvlink : pcie) += link.link.bandwidth.value;
  }
  if (nvlink > 0 || pcie > 0) return nvlink > 0 ? nvlink : pcie;
  return node.pcie.bandwidth.value;
}

double NodeBandwidth(const NodeSpec& node) {
  if (!node.nic) return 0;
  return node.nic->bandwidth.value * (node.nics == 0 ? node.gpus : node.nics);
}

// The time of a rank whose `experts` experts have `rows` rows each.
class ExpertTime {
 public:
  ExpertTime(const Scenario& scenario, const ComputeCostModel& cost)
      : scenario_(scenario), cost_(cost) {}
  double operator()(std::uint32_t experts, std::uint32_t rows) const {
    const std::vector<std::uint32_t> each(experts, rows);
    return TotalTime(cost_, WorkOfExperts(scenario_.model, each, scenario_.gemm_tile)).value;
  }

 private:
  const Scenario& scenario_;
  const ComputeCostModel& cost_;
};

}  // namespace

ObjectiveCosts CostsOf(const Scenario& scenario) {
  const PlacementShape shape = ShapeOf(scenario, scenario.placement.redundant_experts);
  ObjectiveCosts costs;
  costs.gemm_tile_rows = scenario.gemm_tile;

  // The roofline's slopes at the mean load: another row for each expert, and the same rows spread
  // over one expert more. Where weights are what takes time, the former is nearly nothing.
  const std::uint64_t tile = scenario.gemm_tile;
  const std::uint64_t mean_rows = std::uint64_t{shape.ranks} * scenario.workload.tokens_per_device *
                                  scenario.model.moe->top_k / shape.slots();
  const auto rows = static_cast<std::uint32_t>((mean_rows / tile + 1) * tile);
  const std::uint32_t experts = shape.slots_per_rank;
  for (std::uint32_t node = 0; node < scenario.cluster.nodes; ++node) {
    const auto cost = CostModelOf(scenario.cluster.device_of(node), scenario.compute);
    const ExpertTime time(scenario, *cost);
    const double row =
        (time(experts, 2 * rows) - time(experts, rows)) / (double{1} * experts * rows);
    const double expert = time(experts + 1, rows) - time(experts, rows) - rows * row;
    costs.seconds_per_token = std::max(costs.seconds_per_token, row);
    costs.seconds_per_active_expert = std::max(costs.seconds_per_active_expert, expert);
  }

  costs.dispatch_bytes = DispatchBytesPerCopy(scenario).value;
  costs.combine_bytes = CombineBytesPerCopy(scenario).value;
  costs.node_bandwidth = NodeBandwidth(scenario.cluster.node);
  costs.rank_bandwidth = RankBandwidth(scenario.cluster.node);
  costs.expert_bytes = ExpertWeightBytes(scenario.model).value;
  // All ranks receive at once, over the narrower of the two ways.
  const double per_rank =
      shape.nodes() > 1
          ? std::min(costs.rank_bandwidth, costs.node_bandwidth / scenario.cluster.node.gpus)
          : costs.rank_bandwidth;
  costs.migration_bandwidth = per_rank * shape.ranks;
  costs.steps_between_replans =
      scenario.placement.replanning.every.empty() ? 1 : scenario.placement.replanning.every.back();
  const ObjectiveWeights& weights = scenario.placement.weights;
  costs.compute_weight = weights.compute;
  costs.inter_node_weight = weights.inter_node;
  costs.intra_node_weight = weights.intra_node;
  costs.migration_weight = weights.migration;
  return costs;
}

}  // namespace switchyard
