// From what happened (Timeline) to the numbers that users ask for (RunResult). Nothing is simulated
// or assumed here.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "sim/graph/activity_graph.h"
#include "sim/graph/timeline.h"
#include "sim/metrics/run_result.h"
#include "sim/plan/moe_plan.h"
#include "sim/scenario/scenario.h"
#include "topologies/changes.h"
#include "topologies/platform.h"

namespace switchyard {

// A finished simulation, seen whole.
struct Simulation {
  const Scenario& scenario;
  const Platform& platform;
  const MoePlan& plan;
  const ActivityGraph& graph;
  const FlowSource& flows;
  const Timeline& timeline;
  std::string fidelity;
  std::span<const LinkChange> link_changes = {};  // as the engine had them
};

// Everything but RunResult::sim's wall time and memory, which only the caller knows.
[[nodiscard]] RunResult Measure(const Simulation& simulation);

// The parts of Measure, for their tests.
// -------------------------------------------------------------------------------

// How one device spent [0, end of its last task]: time in compute by op name; time in communication
// and not in compute by op name (the earlier-started one when two overlap); and "idle". Sums to the
// step time, the last device's end.
struct DeviceTime {
  std::vector<std::pair<std::string, double>>
      parts;                  // in order of op names, then idle; zero parts left out
  double comm_s = 0;          // in communication
  double exposed_comm_s = 0;  // in communication and not computing
};
[[nodiscard]] DeviceTime TimeOfDevice(const ActivityGraph& graph, const Timeline& timeline,
                                      DeviceId device);

// Walks back from the end of the step: each compute task to the dependency that let it start, each
// transfer to the entry of the sender that ended it. Aggregated by op name; sums to the step time.
[[nodiscard]] std::vector<CriticalPathEntry> CriticalPath(const ActivityGraph& graph,
                                                          const Timeline& timeline);

// Each link's capacity over [0, end), mean, as a share of its nominal one.
[[nodiscard]] std::vector<double> MeanCapacity(std::size_t num_links,
                                               std::span<const LinkChange> changes, Seconds end);

// What is not as the cluster's card says, one sentence each: "what if: NIC n001.nic0 at 25 %".
[[nodiscard]] std::vector<std::string> DescribeDisturbances(const Disturbances& disturbances);

// What the numbers rest on, one sentence each; disturbances first.
[[nodiscard]] std::vector<std::string> Assumptions(const Scenario& scenario);

// The device whose last task ends last; the lowest of several.
[[nodiscard]] DeviceId SlowestDevice(const Timeline& timeline);

}  // namespace switchyard
