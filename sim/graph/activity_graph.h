// What the engine executes: tasks that run on every device of a group, in dependency order.
//
// The graph is SPMD: a task is one operation of the step on all devices [first_device, first_device
// + num_devices), and its dependencies hold device by device. A compute task lasts as long as
// stated for each device. A transfer task is the only thing that couples devices: its flows are
// asked for when the first device enters (FlowSource), so that only collectives in flight take
// memory.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/result.h"
#include "sim/base/units.h"
#include "sim/graph/flows.h"
#include "sim/graph/labels.h"

namespace switchyard {

struct Task {
  OpLabel label;
  std::uint32_t first_device = 0;
  std::uint32_t num_devices = 0;
  std::vector<TaskId> after;  // tasks that must have ended on the same device
  bool is_transfer = false;
  std::vector<Seconds> durations;  // compute: one for all devices, or one per device of the group
};

struct ActivityGraph {
  std::uint32_t num_devices = 0;
  std::vector<Task> tasks;
};

// Flows of transfer tasks, on demand.
// Contract: pure; every sender and receiver is a device of the task's group.
class FlowSource {
 public:
  virtual ~FlowSource() = default;
  [[nodiscard]] virtual FlowSet Flows(TaskId task) const = 0;
};

// The graph is executable: dependencies refer to existing tasks and have no cycle; groups lie
// within the devices and contain the groups' dependencies' devices; compute tasks have 1 or
// num_devices finite durations >= 0; tasks of one stream and device are totally ordered by
// dependencies. Empty when it is; otherwise what is wrong.
[[nodiscard]] Diagnostics Verify(const ActivityGraph& graph);

}  // namespace switchyard
