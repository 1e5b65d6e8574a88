#include "sim/engine/task_runner.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {

TaskRunner::TaskRunner(const ExecutionRequest& request)
    : request_(request),
      graph_(request.graph),
      successors_(graph_.tasks.size()),
      waiting_(graph_.tasks.size() * graph_.num_devices),
      link_schedule_(request.link_changes, request.platform),
      speeds_(request.speed_changes, graph_.num_devices) {
  for (std::size_t t = 0; t < graph_.tasks.size(); ++t) {
    const Task& task = graph_.tasks[t];
    SWITCHYARD_CHECK(task.after.size() < std::numeric_limits<std::uint16_t>::max(),
                     "a task with too many dependencies");
    for (const TaskId before : task.after) successors_[before.index()].push_back(TaskId(t));
    for (std::uint32_t d = 0; d < task.num_devices; ++d) {
      waiting_[At(TaskId(t), DeviceId(task.first_device + d))] =
          static_cast<std::uint16_t>(task.after.size());
    }
  }
  timeline_.num_devices = graph_.num_devices;
  timeline_.intervals.resize(waiting_.size());
}

Timeline TaskRunner::Run(Clock& clock, TransferModel& transfers) {
  clock_ = &clock;
  transfers_ = &transfers;
  for (const Task& task : graph_.tasks) expected_ends_ += task.num_devices;
  ChangeLinks();
  for (std::size_t t = 0; t < graph_.tasks.size(); ++t) {
    const Task& task = graph_.tasks[t];
    if (!task.after.empty()) continue;
    for (std::uint32_t d = 0; d < task.num_devices; ++d) {
      StartTask(TaskId(t), DeviceId(task.first_device + d), kNoCause);
    }
  }
  clock.Run();
  SWITCHYARD_CHECK(ends_ == expected_ends_,
                   "the simulation ended with " + std::to_string(expected_ends_ - ends_) + " of " +
                       std::to_string(expected_ends_) + " tasks unfinished");
  for (const Interval& i : timeline_.intervals) {
    timeline_.makespan = std::max(timeline_.makespan, i.end);
  }
  transfers.Finish(timeline_);
  return std::move(timeline_);
}

void TaskRunner::OnEvent(Event event) {
  ++timeline_.stats.events;
  switch (static_cast<EventKind>(event.kind)) {
    case kComputeEnds:
      return EndTask(TaskId(event.a), DeviceId(event.b));
    case kLinksChange:
      return ChangeLinks();
  }
}

void TaskRunner::ChangeLinks() {
  const std::optional<Seconds> next = link_schedule_.ApplyDue(clock_->Now(), *transfers_);
  // After the last task nobody waits for the rest of them.
  if (next && ends_ < expected_ends_) clock_->At(*next, {kLinksChange, 0, 0});
}

void TaskRunner::StartTask(TaskId task, DeviceId device, std::uint32_t cause) {
  Interval& interval = timeline_.intervals[At(task, device)];
  interval.start = clock_->Now();
  interval.start_cause_task = cause;
  const Task& t = graph_.tasks[task.index()];
  if (t.is_transfer) return transfers_->Enter(task, device);
  const std::size_t own = t.durations.size() == 1 ? 0 : device.index() - t.first_device;
  clock_->At(speeds_.EndOf(device, interval.start, t.durations[own]),
             {kComputeEnds, task.value, device.value});
}

void TaskRunner::OnLeave(TaskId task, DeviceId device, DeviceId cause) {
  timeline_.intervals[At(task, device)].end_cause_device = cause.value;
  EndTask(task, device);
}

void TaskRunner::EndTask(TaskId task, DeviceId device) {
  timeline_.intervals[At(task, device)].end = clock_->Now();
  ++ends_;
  ++timeline_.stats.events;
  if (request_.on_progress) request_.on_progress(expected_ends_);
  for (const TaskId next : successors_[task.index()]) {
    const Task& t = graph_.tasks[next.index()];
    if (device.index() - t.first_device >= t.num_devices) continue;
    if (--waiting_[At(next, device)] == 0) StartTask(next, device, task.value);
  }
}

}  // namespace switchyard
