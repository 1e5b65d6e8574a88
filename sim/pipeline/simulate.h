// The whole way from a scenario to its numbers, as one call: what the command line, the tests and
// the benchmarks share.
//
//   Result<std::unique_ptr<SimulatedStep>> step = Simulate(scenario);
//   Print(step.value()->result);
#pragma once

#include <memory>
#include <string>

#include "sim/base/result.h"
#include "sim/engine/executor.h"
#include "sim/graph/activity_graph.h"
#include "sim/graph/timeline.h"
#include "sim/metrics/run_result.h"
#include "sim/plan/lower.h"
#include "sim/plan/moe_plan.h"
#include "sim/plan/step_graph.h"
#include "sim/scenario/scenario.h"
#include "topologies/paths/path_selector.h"
#include "topologies/platform.h"

namespace switchyard {

// Everything a simulation made, in the order it was made; later members refer to earlier ones, so
// it stays where it is.
struct SimulatedStep {
  Scenario scenario;
  Platform platform;
  std::unique_ptr<PathSelector> paths;
  MoePlan plan;
  StepGraph step;
  ActivityGraph graph;
  std::unique_ptr<StepFlows> flows;
  Timeline timeline;
  RunResult result;
};

struct SimulationOptions {
  TaskProgress on_progress = {};  // may be empty
  bool timeline = false;          // keep what TimelineInput needs
  PlanInputs plan = {};           // what the scenario does not decide itself
};

// Once per process (sim/engine/executor.h). Fails when the cluster cannot be built, the routing
// source cannot be read or does not fit the model.
Result<std::unique_ptr<SimulatedStep>> Simulate(Scenario scenario,
                                                const SimulationOptions& options = {});

// "pairwise": the name the engine knows it by.
[[nodiscard]] std::string ToString(Fidelity fidelity);

}  // namespace switchyard
