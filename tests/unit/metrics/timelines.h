// Timelines written by hand.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/graph/activity_graph.h"
#include "sim/graph/timeline.h"

namespace switchyard::testing {

inline Task TaskOf(OpName name, bool is_transfer, std::uint32_t devices) {
  Task task;
  task.label = {name, is_transfer ? StreamKind::kComm : StreamKind::kCompute, 0, 0};
  task.num_devices = devices;
  task.is_transfer = is_transfer;
  return task;
}

// A graph and its timeline, filled task by task.
struct HandMade {
  explicit HandMade(std::uint32_t devices) {
    graph.num_devices = devices;
    timeline.num_devices = devices;
  }
  // One interval per device, in seconds.
  void Add(OpName name, bool is_transfer, const std::vector<Interval>& intervals) {
    graph.tasks.push_back(TaskOf(name, is_transfer, graph.num_devices));
    for (const Interval& i : intervals) {
      timeline.intervals.push_back(i);
      if (i.end > timeline.makespan) timeline.makespan = i.end;
    }
  }
  ActivityGraph graph;
  Timeline timeline;
};

}  // namespace switchyard::testing
