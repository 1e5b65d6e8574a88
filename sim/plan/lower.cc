#include "sim/plan/lower.h"

#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/plan/traffic/payload.h"

namespace switchyard {
namespace {

std::vector<Seconds> Durations(const ComputeOp& op, const ComputeCostModel& cost) {
  Seconds common;
  for (const ComputeWork& work : op.common) common += cost.Time(work);
  if (op.own.empty()) return {common};
  std::vector<Seconds> durations;
  durations.reserve(op.own.size());
  for (const ComputeWork& work : op.own) durations.push_back(common + cost.Time(work));
  return durations;
}

// The one-way latency between two neighbours of a ring: what each step after the first adds.
Seconds StepLatency(const Platform& platform, const PathSelector& paths,
                    const std::vector<Flow>& flows) {
  if (flows.empty()) return {};
  std::vector<LinkId> path;
  paths.AppendPath(flows.front().from, flows.front().to, 0, path);
  return PathLatency(platform, path);
}

}  // namespace

ActivityGraph Lower(const StepGraph& step, const ComputeCostModel& cost) {
  ActivityGraph graph;
  graph.num_devices = step.num_devices;
  graph.tasks.reserve(step.ops.size());
  for (const Op& op : step.ops) {
    Task task;
    task.label = op.label;
    task.num_devices = step.num_devices;
    task.after = op.after;
    if (const auto* compute = std::get_if<ComputeOp>(&op.body)) {
      task.durations = Durations(*compute, cost);
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
  const auto* collective = std::get_if<CollectiveOp>(&op.body);
  SWITCHYARD_CHECK(collective != nullptr, "flows of an op that computes");
  return CollectiveFlows(*collective);
}

FlowSet StepFlows::ExchangeFlows(const ExpertExchangeOp& op, std::uint32_t micro_batch) const {
  const MoeLayerPlan& layer = plan_.at(op.moe_layer, micro_batch);
  FlowSet set;
  set.startup = scenario_.communication.launch_overhead;
  set.store_and_forward = scenario_.communication.forwarding == Forwarding::kStoreAndForward;
  const std::uint8_t last_hop =
      scenario_.communication.all_to_all == AllToAllForm::kNodeDedup ? 1 : 0;
  const Bytes each = op.combine ? combine_bytes_ : dispatch_bytes_;
  set.flows.reserve(layer.copies.size());
  for (const Copies& copies : layer.copies) {
    DeviceId from(copies.from);
    DeviceId to(copies.to);
    std::uint8_t hop = copies.hop;
    if (op.combine) {
      // Outputs go back the way the tokens came: the last hop first.
      std::swap(from, to);
      const bool direct = platform_.node_of(from) == platform_.node_of(to) && hop == 0;
      hop = direct ? 0 : static_cast<std::uint8_t>(last_hop - hop);
    }
    set.flows.push_back(
        {platform_.gpu(from), platform_.gpu(to), from, to, copies.count * each, hop});
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
