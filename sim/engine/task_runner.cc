#include "sim/engine/task_runner.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {
namespace {
constexpr std::uint32_t kNoSlot = std::numeric_limits<std::uint32_t>::max();
}

TaskRunner::TaskRunner(const ExecutionRequest& request)
    : request_(request),
      graph_(request.graph),
      successors_(graph_.tasks.size()),
      waiting_(graph_.tasks.size() * graph_.num_devices),
      slot_of_task_(graph_.tasks.size(), kNoSlot),
      link_schedule_(request.link_changes, request.platform),
      speeds_(request.speed_changes, graph_.num_devices),
      meter_(request.platform.links().size()) {
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

Timeline TaskRunner::Run(Clock& clock, Network& network) {
  clock_ = &clock;
  network_ = &network;
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
  timeline_.links = meter_.TakeUsage();
  std::stable_sort(timeline_.link_activity.begin(), timeline_.link_activity.end(),
                   [](const LinkActivity& a, const LinkActivity& b) { return a.task < b.task; });
  timeline_.stats.network_model = network.Describe();
  return std::move(timeline_);
}

void TaskRunner::OnEvent(Event event) {
  ++timeline_.stats.events;
  switch (static_cast<EventKind>(event.kind)) {
    case kComputeEnds:
      return EndTask(TaskId(event.a), DeviceId(event.b));
    case kTransferLaunches:
      return LaunchTransfer(event.a, DeviceId(event.b));
    case kBatchStarts:
      return StartBatch(event.a, event.b);
    case kHeldFlowArrives:
      return Deliver({event.a, event.b});
    case kLinksChange:
      return ChangeLinks();
  }
}

void TaskRunner::ChangeLinks() {
  const std::optional<Seconds> next = link_schedule_.ApplyDue(clock_->Now(), *network_);
  // After the last task nobody waits for the rest of them.
  if (next && ends_ < expected_ends_) clock_->At(*next, {kLinksChange, 0, 0});
}

void TaskRunner::StartTask(TaskId task, DeviceId device, std::uint32_t cause) {
  Interval& interval = timeline_.intervals[At(task, device)];
  interval.start = clock_->Now();
  interval.start_cause_task = cause;
  const Task& t = graph_.tasks[task.index()];
  if (t.is_transfer) return EnterTransfer(task, device);
  const std::size_t own = t.durations.size() == 1 ? 0 : device.index() - t.first_device;
  clock_->At(speeds_.EndOf(device, interval.start, t.durations[own]),
             {kComputeEnds, task.value, device.value});
}

std::uint32_t TaskRunner::SlotOf(TaskId task) {
  std::uint32_t& slot = slot_of_task_[task.index()];
  if (slot != kNoSlot) return slot;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(in_flight_.size());
    in_flight_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  in_flight_[slot].transfer =
      std::make_unique<Transfer>(task, graph_.tasks[task.index()], request_.flows.Flows(task),
                                 request_.platform, request_.paths);
  in_flight_[slot].meter = TransferMeter();
  timeline_.stats.flows += in_flight_[slot].transfer->flows().size();
  return slot;
}

void TaskRunner::EnterTransfer(TaskId task, DeviceId device) {
  const std::uint32_t slot = SlotOf(task);
  clock_->At(clock_->Now() + in_flight_[slot].transfer->startup(),
             {kTransferLaunches, slot, device.value});
}

void TaskRunner::LaunchTransfer(std::uint32_t slot, DeviceId device) {
  Transfer& transfer = *in_flight_[slot].transfer;
  transfer.progress(device).launched = true;
  ScheduleBatches(slot, device, 0);
  ForwardIfReady(slot, device, device);
  LeaveIfDone(slot, device, device);
}

void TaskRunner::ScheduleBatches(std::uint32_t slot, DeviceId device, std::uint8_t hop) {
  Transfer& transfer = *in_flight_[slot].transfer;
  const DeviceProgress& progress = transfer.progress(device);
  for (std::uint32_t b = progress.first_batch; b < progress.last_batch; ++b) {
    if (transfer.batch(b).hop != hop) continue;
    clock_->At(clock_->Now() + transfer.batch(b).latency, {kBatchStarts, slot, b});
  }
}

void TaskRunner::StartBatch(std::uint32_t slot, std::uint32_t batch) {
  const FlowBatch flows = in_flight_[slot].transfer->batch(batch);
  for (std::uint32_t f = flows.first; f < flows.last; ++f) {
    const Flow& flow = in_flight_[slot].transfer->flow(f);
    const std::span<const LinkId> path = in_flight_[slot].transfer->path(f);
    meter_.FlowStarts(path, flow.bytes, clock_->Now());
    in_flight_[slot].meter.FlowStarts(path, flow.bytes, clock_->Now(),
                                      request_.platform.links().size());
    timeline_.bytes_sent += flow.bytes;
    path_scratch_.assign(path.begin(), path.end());
    network_->Start({slot, f}, flow.from, flow.to, path_scratch_, flow.bytes);
    ++timeline_.stats.events;
    if (flow.relayed) {
      in_flight_[slot].transfer->progress(flow.receiver).relayed_started = true;
      ForwardIfReady(slot, flow.receiver, flow.sender);
    }
  }
}

void TaskRunner::ForwardIfReady(std::uint32_t slot, DeviceId relay, DeviceId cause) {
  Transfer& transfer = *in_flight_[slot].transfer;
  DeviceProgress& progress = transfer.progress(relay);
  if (!progress.launched || progress.forwarding) return;
  const bool may_stream = !transfer.store_and_forward() && progress.relayed_started;
  if (progress.in_relayed > 0 && !may_stream) return;
  progress.forwarding = true;
  progress.forward_cause = cause;
  ScheduleBatches(slot, relay, 1);
}

void TaskRunner::OnFlowEnd(FlowTag tag) {
  ++timeline_.stats.events;
  Transfer& transfer = *in_flight_[tag.transfer].transfer;
  const Flow& flow = transfer.flow(tag.flow);
  meter_.FlowEnds(transfer.path(tag.flow), clock_->Now());
  in_flight_[tag.transfer].meter.FlowEnds(transfer.path(tag.flow), clock_->Now());
  DeviceProgress& sender = transfer.progress(flow.sender);
  if (flow.hop > 0 && sender.in_relayed > 0) {
    sender.held.push_back(tag.flow);  // its last bytes are those of a relayed flow still on its way
  } else {
    Deliver(tag);
  }
}

// The last relayed flow lets go what waited for it: its bytes still have to cross the second hop's
// links.
void TaskRunner::RelayedFlowArrived(std::uint32_t slot, const Flow& flow) {
  Transfer& transfer = *in_flight_[slot].transfer;
  DeviceProgress& relay = transfer.progress(flow.receiver);
  if (--relay.in_relayed > 0) return;
  ForwardIfReady(slot, flow.receiver, flow.sender);
  if (relay.held.empty()) return;
  relay.forward_cause = flow.sender;
  for (const std::uint32_t held : relay.held) {
    clock_->At(clock_->Now() + transfer.latency(held), {kHeldFlowArrives, slot, held});
  }
  relay.held.clear();
}

void TaskRunner::Deliver(FlowTag tag) {
  Transfer& transfer = *in_flight_[tag.transfer].transfer;
  const Flow flow = transfer.flow(tag.flow);
  timeline_.bytes_received += flow.bytes;
  DeviceProgress& sender = transfer.progress(flow.sender);
  DeviceProgress& receiver = transfer.progress(flow.receiver);
  --sender.out_flows;
  --receiver.in_flows;
  if (flow.relayed) RelayedFlowArrived(tag.transfer, flow);
  const DeviceId cause = flow.hop > 0 ? sender.forward_cause : flow.sender;
  // The receiver first: when both ends leave, the transfer may be gone after the second.
  const bool same_device = flow.sender == flow.receiver;
  const bool sender_done = !same_device && sender.done();
  LeaveIfDone(tag.transfer, flow.receiver, cause);
  if (sender_done) LeaveIfDone(tag.transfer, flow.sender, cause);
}

void TaskRunner::LeaveIfDone(std::uint32_t slot, DeviceId device, DeviceId cause) {
  Transfer& transfer = *in_flight_[slot].transfer;
  if (!transfer.progress(device).done()) return;
  const TaskId task = transfer.task();
  timeline_.intervals[At(task, device)].end_cause_device = cause.value;
  if (--transfer.devices_to_leave == 0) {
    in_flight_[slot].meter.AppendTo(task, timeline_.link_activity);
    in_flight_[slot].transfer.reset();
    slot_of_task_[task.index()] = kNoSlot;
    free_slots_.push_back(slot);
  }
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
