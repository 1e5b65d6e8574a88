#include <algorithm>
#include <array>

#include "sim/base/check.h"
#include "sim/metrics/metrics.h"

namespace switchyard {

DeviceId SlowestDevice(const Timeline& timeline) {
  std::size_t latest = 0;
  for (std::size_t i = 0; i < timeline.intervals.size(); ++i) {
    const Interval& a = timeline.intervals[i];
    const Interval& b = timeline.intervals[latest];
    const bool same_end_lower_device =
        a.end == b.end && i % timeline.num_devices < latest % timeline.num_devices;
    if (a.end > b.end || same_end_lower_device) latest = i;
  }
  return DeviceId(latest % timeline.num_devices);
}

std::vector<CriticalPathEntry> CriticalPath(const ActivityGraph& graph, const Timeline& timeline) {
  if (graph.tasks.empty()) return {};
  DeviceId device = SlowestDevice(timeline);
  TaskId task;
  for (std::size_t t = 0; t < graph.tasks.size(); ++t) {
    if (timeline.at(TaskId(t), device).end > timeline.at(task, device).end) task = TaskId(t);
  }
  std::array<CriticalPathEntry, kNumOpNames> by_name;
  double end = timeline.at(task, device).end.value;
  // Each step goes to an earlier task, or to another device of the same transfer and then to an
  // earlier task.
  for (std::size_t steps = 0;; ++steps) {
    SWITCHYARD_CHECK(steps <= graph.tasks.size(), "the critical path does not end");
    const Task& t = graph.tasks[task.index()];
    if (t.is_transfer) device = DeviceId(timeline.at(task, device).end_cause_device);
    const Interval& interval = timeline.at(task, device);
    CriticalPathEntry& entry = by_name[static_cast<std::size_t>(t.label.name)];
    entry.time_s += end - interval.start.value;
    ++entry.count;
    end = interval.start.value;
    if (interval.start_cause_task == kNoCause) break;
    task = TaskId(interval.start_cause_task);
  }
  std::vector<CriticalPathEntry> path;
  for (std::size_t n = 0; n < by_name.size(); ++n) {
    if (by_name[n].count == 0) continue;
    by_name[n].name = ToString(static_cast<OpName>(n));
    path.push_back(by_name[n]);
  }
  std::stable_sort(path.begin(), path.end(),
                   [](const auto& a, const auto& b) { return a.time_s > b.time_s; });
  return path;
}

}  // namespace switchyard
