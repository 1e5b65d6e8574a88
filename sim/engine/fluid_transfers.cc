#include "sim/engine/fluid_transfers.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>

namespace switchyard {
namespace {
constexpr std::uint32_t kNoSlot = std::numeric_limits<std::uint32_t>::max();
}

FluidTransfers::FluidTransfers(const ExecutionRequest& request, Clock& clock, LeaveSink on_leave)
    : request_(request),
      clock_(clock),
      on_leave_(std::move(on_leave)),
      paths_(request.platform, request.paths),
      slot_of_task_(request.graph.tasks.size(), kNoSlot),
      meter_(request.platform.links().size()) {}

void FluidTransfers::OnEvent(Event event) {
  ++stats_.events;
  switch (static_cast<EventKind>(event.kind)) {
    case kLaunches:
      return Launch(event.a, DeviceId(event.b));
    case kBatchStarts:
      return StartBatch(event.a, event.b);
    case kHeldFlowArrives:
      return Deliver({event.a, event.b});
  }
}

void FluidTransfers::Finish(Timeline& timeline) {
  timeline.links = meter_.Usage();
  std::stable_sort(link_activity_.begin(), link_activity_.end(),
                   [](const LinkActivity& a, const LinkActivity& b) { return a.task < b.task; });
  timeline.link_activity = std::move(link_activity_);
  timeline.bytes_sent = bytes_sent_;
  timeline.bytes_received = bytes_received_;
  timeline.stats.events += stats_.events;
  timeline.stats.flows += stats_.flows;
  timeline.stats.network_model = network_->Describe();
}

std::uint32_t FluidTransfers::SlotOf(TaskId task) {
  std::uint32_t& slot = slot_of_task_[task.index()];
  if (slot != kNoSlot) return slot;
  if (free_slots_.empty()) {
    slot = static_cast<std::uint32_t>(in_flight_.size());
    in_flight_.emplace_back();
  } else {
    slot = free_slots_.back();
    free_slots_.pop_back();
  }
  InFlight& here = in_flight_[slot];
  here.transfer = std::make_unique<Transfer>(task, request_.graph.tasks[task.index()],
                                             request_.flows.Flows(task), paths_);
  const LinkSharing& sharing = request_.sharing;
  if (std::find(sharing.begin(), sharing.end(), true) != sharing.end()) {
    here.transfer->CountAsOne(sharing, request_.platform);
  }
  here.meter = TransferMeter();
  stats_.flows += here.transfer->view().flows.size();
  if (!here.transfer->view().flows.empty()) network_->Open(slot, here.transfer->view());
  return slot;
}

void FluidTransfers::Enter(TaskId task, DeviceId device) {
  const std::uint32_t slot = SlotOf(task);
  clock_.At(clock_.Now() + in_flight_[slot].transfer->startup(), {kLaunches, slot, device.value});
}

void FluidTransfers::Launch(std::uint32_t slot, DeviceId device) {
  Transfer& transfer = *in_flight_[slot].transfer;
  transfer.progress(device).launched = true;
  ScheduleBatches(slot, device, 0);
  ForwardIfReady(slot, device, device);
  LeaveIfDone(slot, device, device);
}

void FluidTransfers::ScheduleBatches(std::uint32_t slot, DeviceId device, std::uint8_t hop) {
  Transfer& transfer = *in_flight_[slot].transfer;
  const DeviceProgress& progress = transfer.progress(device);
  for (std::uint32_t b = progress.first_batch; b < progress.last_batch; ++b) {
    if (transfer.batch(b).hop != hop) continue;
    clock_.At(clock_.Now() + transfer.batch(b).latency, {kBatchStarts, slot, b});
  }
}

void FluidTransfers::StartBatch(std::uint32_t slot, std::uint32_t batch) {
  const FlowBatch flows = in_flight_[slot].transfer->batch(batch);
  const FlowView view = in_flight_[slot].transfer->view();
  const Seconds now = clock_.Now();
  network_->Start(slot, flows.first, flows.last);
  stats_.events += flows.last - flows.first;
  for (std::uint32_t f = flows.first; f < flows.last; ++f) {
    const Flow& flow = view.flows[f];
    meter_.FlowStarts(view.path(f), flow.bytes, now);
    if (request_.link_activity) {
      in_flight_[slot].meter.FlowStarts(view.path(f), flow.bytes, now,
                                        request_.platform.links().size());
    }
    bytes_sent_ += flow.bytes;
    if (!flow.relayed) continue;
    in_flight_[slot].transfer->progress(flow.receiver).relayed_started = true;
    ForwardIfReady(slot, flow.receiver, flow.sender);
  }
}

void FluidTransfers::ForwardIfReady(std::uint32_t slot, DeviceId relay, DeviceId cause) {
  Transfer& transfer = *in_flight_[slot].transfer;
  DeviceProgress& progress = transfer.progress(relay);
  if (!progress.launched || progress.forwarding) return;
  const bool may_stream = !transfer.store_and_forward() && progress.relayed_started;
  if (progress.in_relayed > 0 && !may_stream) return;
  progress.forwarding = true;
  progress.forward_cause = cause;
  ScheduleBatches(slot, relay, 1);
}

void FluidTransfers::OnFlowEnd(FlowTag tag) {
  ++stats_.events;
  Transfer& transfer = *in_flight_[tag.transfer].transfer;
  const Flow& flow = transfer.flow(tag.flow);
  const std::span<const LinkId> path = transfer.view().path(tag.flow);
  meter_.FlowEnds(path, clock_.Now());
  if (request_.link_activity) in_flight_[tag.transfer].meter.FlowEnds(path, clock_.Now());
  DeviceProgress& sender = transfer.progress(flow.sender);
  if (flow.hop > 0 && sender.in_relayed > 0) {
    sender.held.push_back(tag.flow);  // its last bytes are those of a relayed flow still on its way
  } else {
    Deliver(tag);
  }
}

// The last relayed flow lets go what waited for it: its bytes still have to cross the second hop's
// links.
void FluidTransfers::RelayedFlowArrived(std::uint32_t slot, const Flow& flow) {
  Transfer& transfer = *in_flight_[slot].transfer;
  DeviceProgress& relay = transfer.progress(flow.receiver);
  if (--relay.in_relayed > 0) return;
  ForwardIfReady(slot, flow.receiver, flow.sender);
  if (relay.held.empty()) return;
  relay.forward_cause = flow.sender;
  for (const std::uint32_t held : relay.held) {
    clock_.At(clock_.Now() + transfer.latency(held), {kHeldFlowArrives, slot, held});
  }
  relay.held.clear();
}

void FluidTransfers::Deliver(FlowTag tag) {
  Transfer& transfer = *in_flight_[tag.transfer].transfer;
  const Flow flow = transfer.flow(tag.flow);
  bytes_received_ += flow.bytes;
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

void FluidTransfers::LeaveIfDone(std::uint32_t slot, DeviceId device, DeviceId cause) {
  Transfer& transfer = *in_flight_[slot].transfer;
  if (!transfer.progress(device).done()) return;
  const TaskId task = transfer.task();
  if (--transfer.devices_to_leave == 0) {
    in_flight_[slot].meter.AppendTo(task, link_activity_);
    in_flight_[slot].transfer.reset();
    slot_of_task_[task.index()] = kNoSlot;
    free_slots_.push_back(slot);
  }
  on_leave_(task, device, cause);
}

}  // namespace switchyard
