#include "sim/plan/lower.h"

#include <algorithm>
#include <map>
#include <span>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/plan/traffic/payload.h"

namespace switchyard {
namespace {

using DeviceCosts = std::span<const ComputeCostModel* const>;

std::vector<Seconds> Durations(const ComputeOp& op, DeviceCosts costs) {
  std::map<const ComputeCostModel*, Seconds> common;  // looked up, never walked
  for (const ComputeCostModel* cost : costs) {
    const auto [entry, fresh] = common.try_emplace(cost);
    if (fresh) entry->second = TotalTime(*cost, op.common);
  }
  if (op.own.empty() && common.size() == 1) return {common.begin()->second};
  std::vector<Seconds> durations;
  durations.reserve(costs.size());
  for (std::size_t d = 0; d < costs.size(); ++d) {
    Seconds& duration = durations.emplace_back(common.at(costs[d]));
    if (!op.own.empty()) duration += TotalTime(*costs[d], op.own[d]);
  }
  return durations;
}

// The one-way latency between neighbours of a ring, of the slowest pair: what each step after the
// first adds.
Seconds StepLatency(const Platform& platform, const PathSelector& paths,
                    const std::vector<Flow>& flows) {
  Seconds slowest;
  std::vector<LinkId> path;
  for (const Flow& flow : flows) {
    path.clear();
    paths.AppendPath(flow.from, flow.to, 0, path);
    slowest = std::max(slowest, PathLatency(platform, path));
  }
  return slowest;
}

}  // namespace

ActivityGraph Lower(const StepGraph& step, const ComputeCostModel& cost) {
  const std::vector<const ComputeCostModel*> all(step.num_devices, &cost);
  return Lower(step, all);
}

ActivityGraph Lower(const StepGraph& step, DeviceCosts cost_of_device) {
  SWITCHYARD_CHECK(cost_of_device.size() == step.num_devices, "a device without a cost model");
  ActivityGraph graph;
  graph.num_devices = step.num_devices;
  graph.tasks.reserve(step.ops.size());
  for (const Op& op : step.ops) {
    Task task;
    task.label = op.label;
    task.num_devices = step.num_devices;
    task.after = op.after;
    if (const auto* compute = std::get_if<ComputeOp>(&op.body)) {
      task.durations = Durations(*compute, cost_of_device);
    } else {
      task.is_transfer = true;
    }
    graph.tasks.push_back(std::move(task));
  }
  return graph;
}

StepFlows::StepFlows(const StepGraph& step, const MoePlan& plan, const Scenario& scenario,
                     const Platform& platform, const PathSelector& paths)
    : step_(step),
      plan_(plan),
      scenario_(scenario),
      platform_(platform),
      paths_(paths),
      dispatch_bytes_(DispatchBytesPerCopy(scenario)),
      combine_bytes_(CombineBytesPerCopy(scenario)),
      algorithm_(MakeCollectiveAlgorithm("ring")) {}

FlowSet StepFlows::Flows(TaskId task) const {
  const Op& op = step_.ops[task.index()];
  if (const auto* exchange = std::get_if<ExpertExchangeOp>(&op.body)) {
    return ExchangeFlows(*exchange, op.label.micro_batch);
  }
  if (const auto* migration = std::get_if<MigrationOp>(&op.body)) return MigrationFlows(*migration);
  const auto* collective = std::get_if<CollectiveOp>(&op.body);
  SWITCHYARD_CHECK(collective != nullptr, "flows of an op that computes");
  return CollectiveFlows(*collective);
}

FlowSet StepFlows::ExchangeFlows(const ExpertExchangeOp& op, std::uint32_t micro_batch) const {
  const MoeLayerPlan& layer = plan_.at(op.moe_layer, micro_batch);
  FlowSet set;
  set.startup = scenario_.communication.launch_overhead;
  set.store_and_forward = scenario_.communication.forwarding == Forwarding::kStoreAndForward;
  const bool two_hops = scenario_.communication.all_to_all == AllToAllForm::kNodeDedup;
  const Bytes each = op.combine ? combine_bytes_ : dispatch_bytes_;
  set.flows.reserve(layer.copies.size());
  for (const Copies& copies : layer.copies) {
    DeviceId from(copies.from);
    DeviceId to(copies.to);
    const bool inside = platform_.node_of(from) == platform_.node_of(to);
    std::uint8_t hop = copies.hop;
    bool relayed = two_hops && hop == 0 && !inside;
    if (op.combine) {
      // Outputs go back the way the tokens came, the last hop first; what did not cross nodes goes
      // straight back.
      std::swap(from, to);
      relayed = hop == 1;
      hop = two_hops && hop == 0 && !inside ? 1 : 0;
    }
    set.flows.push_back(
        {platform_.gpu(from), platform_.gpu(to), from, to, copies.count * each, hop, relayed});
  }
  return set;
}

FlowSet StepFlows::MigrationFlows(const MigrationOp& op) const {
  const std::uint32_t ranks = plan_.placements[op.moe_layer].ranks();
  const Bytes each = ExpertWeightBytes(scenario_.model);
  FlowSet set;
  set.startup = scenario_.communication.launch_overhead;
  for (std::uint32_t first = 0; first < step_.num_devices; first += ranks) {
    for (const WeightMove& move : plan_.moves[op.moe_layer]) {
      const DeviceId from(first + move.from);
      const DeviceId to(first + move.to);
      set.flows.push_back(
          {platform_.gpu(from), platform_.gpu(to), from, to, double{1} * move.experts * each});
    }
  }
  return set;
}

FlowSet StepFlows::CollectiveFlows(const CollectiveOp& op) const {
  FlowSet set;
  std::vector<DeviceId> ranks(op.group_size);
  CollectiveRequest request{op.kind, ranks, op.bytes};
  for (std::uint32_t first = 0; first < step_.num_devices; first += op.group_size) {
    for (std::uint32_t i = 0; i < op.group_size; ++i) ranks[i] = DeviceId(first + i);
    algorithm_->AppendFlows(request, platform_, set.flows);
  }
  set.startup = scenario_.communication.launch_overhead +
                algorithm_->ExtraSteps(request) * StepLatency(platform_, paths_, set.flows);
  return set;
}

}  // namespace switchyard
