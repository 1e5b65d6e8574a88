// Runs an ActivityGraph on a Platform: dependencies and streams here, contention in the chosen
// network model.
//
//   auto executor = MakeExecutor("pairwise");
//   Result<Timeline> timeline = executor->Run({graph, flows, platform, paths});
//
// The engine knows tasks, devices, links and bytes; it does not know experts. It is the only user
// of SimGrid, whose clock lives as long as the process: one Run per process (sweeps fork).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "sim/graph/activity_graph.h"
#include "sim/graph/timeline.h"
#include "topologies/changes.h"
#include "topologies/paths/path_selector.h"
#include "topologies/platform.h"

namespace switchyard {

// Told each time a task has ended on a device, with the number of such ends in the whole run.
using TaskProgress = std::function<void(std::uint64_t total)>;

struct ExecutionRequest {
  const ActivityGraph& graph;
  const FlowSource& flows;
  const Platform& platform;
  const PathSelector& paths;
  TaskProgress on_progress = {};  // may be empty
  bool link_activity = false;     // fill Timeline::link_activity: costs time and memory
  std::span<const LinkChange> link_changes = {};
  std::span<const SpeedChange> speed_changes = {};
  LinkSharing sharing = {};  // fidelity "flow" only
};

// Contract: verifies the graph first (an invalid one is an error, not a crash); simulates until
// every task has ended on every device of its group, which is checked; the same request gives the
// same Timeline.
class Executor {
 public:
  virtual ~Executor() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Result<Timeline> Run(const ExecutionRequest& request) const = 0;
};

// How much of the time that remains may be solved at once, of fidelity "flow" (0..1; 0: exact).
inline constexpr double kDefaultTolerance = 0.04;

// By fidelity name; nullptr when there is none of that name (ExecutorNames lists them). Only "flow"
// has a tolerance: the others are exact or in closed form.
[[nodiscard]] std::unique_ptr<Executor> MakeExecutor(std::string_view fidelity,
                                                     double tolerance = kDefaultTolerance);
[[nodiscard]] std::vector<std::string> ExecutorNames();

}  // namespace switchyard
