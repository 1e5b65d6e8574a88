// From logical ops to what the engine executes: durations from a cost model, flows from the traffic
// plan.
#pragma once

#include <memory>
#include <span>

#include "models/cost/compute_cost.h"
#include "sim/collectives/collective_algorithm.h"
#include "sim/graph/activity_graph.h"
#include "sim/plan/moe_plan.h"
#include "sim/plan/step_graph.h"
#include "sim/scenario/scenario.h"
#include "topologies/paths/path_selector.h"
#include "topologies/platform.h"

namespace switchyard {

// One cost model for all devices.
[[nodiscard]] ActivityGraph Lower(const StepGraph& step, const ComputeCostModel& cost);
// One for each; devices of one kind share theirs. Where they differ, a task has a duration for each
// device.
[[nodiscard]] ActivityGraph Lower(const StepGraph& step,
                                  std::span<const ComputeCostModel* const> cost_of_device);

// Flows of the step's exchanges and collectives, made when the engine asks. Keeps references to all
// its arguments.
class StepFlows : public FlowSource {
 public:
  StepFlows(const StepGraph& step, const MoePlan& plan, const Scenario& scenario,
            const Platform& platform, const PathSelector& paths);

  [[nodiscard]] FlowSet Flows(TaskId task) const override;

 private:
  [[nodiscard]] FlowSet ExchangeFlows(const ExpertExchangeOp& op, std::uint32_t micro_batch) const;
  [[nodiscard]] FlowSet MigrationFlows(const MigrationOp& op) const;
  [[nodiscard]] FlowSet CollectiveFlows(const CollectiveOp& op) const;

  const StepGraph& step_;
  const MoePlan& plan_;
  const Scenario& scenario_;
  const Platform& platform_;
  const PathSelector& paths_;
  Bytes dispatch_bytes_;
  Bytes combine_bytes_;
  std::unique_ptr<CollectiveAlgorithm> algorithm_;
};

}  // namespace switchyard
