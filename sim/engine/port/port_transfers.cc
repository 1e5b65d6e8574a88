#include "sim/engine/port/port_transfers.h"

#include <algorithm>
#include <limits>
#include <span>
#include <string>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kNoSlot = std::numeric_limits<std::uint32_t>::max();
constexpr double kNever = std::numeric_limits<double>::infinity();

}  // namespace

PortTransfers::PortTransfers(const ExecutionRequest& request, Clock& clock, LeaveSink on_leave)
    : request_(request),
      clock_(clock),
      on_leave_(std::move(on_leave)),
      paths_(request.platform, request.paths),
      port_map_(request.platform),
      ports_(request.platform.links().size()),
      slot_of_task_(request.graph.tasks.size(), kNoSlot),
      loads_(ports_.size()),
      usage_(ports_.size()) {
  for (std::size_t l = 0; l < ports_.size(); ++l) {
    ports_[l].capacity = request.platform.links()[l].capacity.value;
  }
}

void PortTransfers::SetCapacity(LinkId link, BytesPerSecond capacity) {
  ports_[link.index()].capacity = capacity.value;
  port_map_.SetCapacity(link, capacity);
}

void PortTransfers::Finish(Timeline& timeline) {
  timeline.links = usage_;
  std::stable_sort(activity_.begin(), activity_.end(),
                   [](const LinkActivity& a, const LinkActivity& b) { return a.task < b.task; });
  timeline.link_activity = std::move(activity_);
  timeline.bytes_sent = bytes_;
  timeline.bytes_received = bytes_;
  timeline.stats.events += stats_.events;
  timeline.stats.flows += stats_.flows;
  timeline.stats.network_model =
      "each link by itself, shared equally by its flows, in closed form; transfers on one link one "
      "after the other; link latencies added before each flow";
}

std::uint32_t PortTransfers::SlotOf(TaskId task) {
  std::uint32_t& slot = slot_of_task_[task.index()];
  if (slot != kNoSlot) return slot;
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(in_flight_.size()));
    in_flight_.emplace_back();
  }
  slot = free_slots_.back();
  free_slots_.pop_back();
  const Task& what = request_.graph.tasks[task.index()];
  InFlight& t = in_flight_[slot];
  t.task = task;
  t.first_device = what.first_device;
  t.set = request_.flows.Flows(task);
  t.to_leave = what.num_devices;
  t.members.assign(what.num_devices, {});
  FindPaths(t);
  FindGroups(t);
  SortBySender(t);
  stats_.flows += t.set.flows.size();
  return slot;
}

// All of them before any is put on a link: which links are ports must be the same for all flows.
void PortTransfers::FindPaths(InFlight& t) {
  std::vector<Flow>& flows = t.set.flows;
  t.paths.resize(flows.size());
  std::uint32_t most_parts = 1;
  for (std::size_t f = 0; f < flows.size(); ++f) {
    t.paths[f] = paths_.Get(flows[f].from, flows[f].to, flows[f].part);
    if (flows[f].part == 0) most_parts = std::max(most_parts, t.paths[f].parts);
  }
  if (most_parts > 1 && SplitFlows(paths_, flows)) {
    t.paths.clear();
    for (const Flow& flow : flows) {
      t.paths.push_back(paths_.Get(flow.from, flow.to, flow.part));
    }
  }
  paths_.ForNew([this](std::span<const LinkId> links) { port_map_.Add(links); });
}

// Devices joined by flows, by union-find.
void PortTransfers::FindGroups(InFlight& t) {
  std::vector<Member>& members = t.members;
  for (std::uint32_t m = 0; m < members.size(); ++m) members[m].group = m;
  const auto root = [&members](std::uint32_t m) {
    while (members[m].group != m) {
      members[m].group = members[members[m].group].group;
      m = members[m].group;
    }
    return m;
  };
  for (const Flow& flow : t.set.flows) {
    const auto sender = static_cast<std::uint32_t>(flow.sender.index() - t.first_device);
    const auto receiver = static_cast<std::uint32_t>(flow.receiver.index() - t.first_device);
    SWITCHYARD_CHECK(sender < members.size() && receiver < members.size(),
                     "a flow leaves its group");
    if (members[sender].group == members[receiver].group) continue;
    const std::uint32_t a = root(sender);
    const std::uint32_t b = root(receiver);
    members[std::max(a, b)].group = std::min(a, b);
  }
  t.to_enter.assign(members.size(), 0);
  for (std::uint32_t m = 0; m < members.size(); ++m) {
    members[m].group = root(m);
    members[m].relayed_start = kNever;
    members[m].cause = m;
    ++t.to_enter[members[m].group];
  }
}

void PortTransfers::SortBySender(InFlight& t) {
  const auto key = [&t](const Flow& flow) {
    return 2 * (flow.sender.index() - t.first_device) + (flow.hop > 0 ? 1 : 0);
  };
  t.begin.assign(2 * t.members.size() + 2, 0);
  for (const Flow& flow : t.set.flows) ++t.begin[key(flow) + 2];
  for (std::size_t i = 2; i < t.begin.size(); ++i) t.begin[i] += t.begin[i - 1];
  t.order.resize(t.set.flows.size());
  for (std::uint32_t f = 0; f < t.order.size(); ++f) {
    // begin[k + 1] runs from the beginning of k's list to its end, where k + 1's begins.
    t.order[t.begin[key(t.set.flows[f]) + 1]++] = f;
  }
  t.begin.pop_back();
}

void PortTransfers::Enter(TaskId task, DeviceId device) {
  const std::uint32_t slot = SlotOf(task);
  InFlight& t = in_flight_[slot];
  Member& member = t.members[device.index() - t.first_device];
  member.launch = (clock_.Now() + t.set.startup).value;
  if (--t.to_enter[member.group] == 0) Settle(slot, member.group);
}

void PortTransfers::Settle(std::uint32_t slot, std::uint32_t group) {
  InFlight& t = in_flight_[slot];
  OrderSenders(t, group);
  started_.clear();
  StartFlows(t, 0);
  if (t.set.store_and_forward) {
    Serve();
    EndFlows(t, 0);
    const std::size_t first = started_.size();
    StartFlows(t, 1);
    Serve();
    EndFlows(t, first);
  } else {
    StartFlows(t, 1);
    Serve();
    EndFlows(t, 0);
  }
  Meter(t);
  const double now = clock_.Now().value;
  for (const std::uint32_t m : senders_) {
    const double end = std::max({t.members[m].end, t.members[m].launch, now});
    clock_.At({end}, {kLeaves, slot, m});
  }
}

void PortTransfers::OrderSenders(const InFlight& t, std::uint32_t group) {
  senders_.clear();
  for (std::uint32_t m = group; m < t.members.size(); ++m) {
    if (t.members[m].group == group) senders_.push_back(m);
  }
  std::stable_sort(senders_.begin(), senders_.end(), [&t](std::uint32_t a, std::uint32_t b) {
    return t.members[a].launch < t.members[b].launch;
  });
}

// Puts the flows of one hop on their links, sender by sender.
void PortTransfers::StartFlows(InFlight& t, std::uint32_t hop) {
  for (const std::uint32_t m : senders_) {
    const Member& sender = t.members[m];
    double ready = sender.launch;
    if (hop > 0 && sender.relayed_start < kNever) {
      const double first = t.set.store_and_forward ? sender.relayed_end : sender.relayed_start;
      ready = std::max(ready, first);
    }
    const std::size_t key = 2 * std::size_t{m} + hop;
    for (std::uint32_t i = t.begin[key]; i < t.begin[key + 1]; ++i) {
      const Flow& flow = t.set.flows[t.order[i]];
      StartFlow(t, t.order[i], ready);
      if (!flow.relayed) continue;
      Member& relay = t.members[flow.receiver.index() - t.first_device];
      relay.relayed_start = std::min(relay.relayed_start, started_.back().start);
    }
  }
}

void PortTransfers::StartFlow(const InFlight& t, std::uint32_t number, double ready) {
  const PathCache::Path& path = t.paths[number];
  const double bytes = t.set.flows[number].bytes.value;
  const double start = ready + path.latency.value;
  double alone = 0.0;
  for (const LinkId link : paths_.links(path)) {
    if (!port_map_.IsPort(link)) continue;
    Port& port = ports_[link.index()];
    const double time = bytes / port.capacity;
    if (port.jobs.empty()) served_.push_back(link.value);
    port.jobs.push_back({bytes, static_cast<std::uint32_t>(started_.size())});
    port.drained = std::max(port.drained, start) + time;
    alone = std::max(alone, time);
  }
  started_.push_back({start, start + alone, number});
}

// Ends on every link by itself, from the largest flow down.
void PortTransfers::Serve() {
  for (const std::uint32_t link : served_) {
    Port& port = ports_[link];
    std::sort(port.jobs.begin(), port.jobs.end(),
              [](const Job& a, const Job& b) { return a.bytes > b.bytes; });
    double larger = 0.0;  // bytes of the jobs so far
    double count = 0.0;
    for (const Job& job : port.jobs) {
      const double end = port.drained - (larger - count * job.bytes) / port.capacity;
      started_[job.state].end = std::max(started_[job.state].end, end);
      larger += job.bytes;
      count += 1.0;
    }
    port.jobs.clear();
  }
  served_.clear();
}

// Tells the devices the ends of the flows from `first` on, those of hop 0 before those of hop 1.
void PortTransfers::EndFlows(InFlight& t, std::size_t first) {
  for (std::size_t i = first; i < started_.size(); ++i) {
    FlowState& state = started_[i];
    const Flow& flow = t.set.flows[state.flow];
    const auto s = static_cast<std::uint32_t>(flow.sender.index() - t.first_device);
    Member& sender = t.members[s];
    Member& receiver = t.members[flow.receiver.index() - t.first_device];
    std::uint32_t cause = s;
    const double after_relayed = sender.relayed_end + t.paths[state.flow].latency.value;
    if (flow.hop > 0 && after_relayed > state.end) {
      state.end = after_relayed;
      cause = sender.relayed_cause;
    }
    for (Member* device : {&sender, &receiver}) {
      if (state.end <= device->end) continue;
      device->end = state.end;
      device->cause = cause;
    }
    if (flow.relayed && state.end > receiver.relayed_end) {
      receiver.relayed_end = state.end;
      receiver.relayed_cause = s;
    }
  }
}

void PortTransfers::Meter(const InFlight& t) {
  for (const FlowState& state : started_) {
    const double bytes = t.set.flows[state.flow].bytes.value;
    bytes_ += Bytes{bytes};
    for (const LinkId link : paths_.links(t.paths[state.flow])) {
      LinkLoad& load = loads_[link.index()];
      if (load.bytes == 0.0) {
        loaded_.push_back(link.value);
        load.first = state.start;
      }
      load.bytes += bytes;
      load.first = std::min(load.first, state.start);
      load.last = std::max(load.last, state.end);
    }
  }
  std::sort(loaded_.begin(), loaded_.end());
  for (const std::uint32_t link : loaded_) {
    LinkLoad& load = loads_[link];
    usage_[link].bytes += Bytes{load.bytes};
    usage_[link].busy += Seconds{std::max(0.0, load.last - std::max(load.first, load.busy_until))};
    if (request_.link_activity) {
      activity_.push_back({LinkId(link), t.task, {load.first}, {load.last}, {load.bytes}});
    }
    load = {0.0, 0.0, 0.0, std::max(load.busy_until, load.last)};
  }
  loaded_.clear();
}

void PortTransfers::OnEvent(Event event) {
  ++stats_.events;
  InFlight& t = in_flight_[event.a];
  const Member member = t.members[event.b];
  const TaskId task = t.task;
  const std::uint32_t first_device = t.first_device;
  if (--t.to_leave == 0) {
    slot_of_task_[task.index()] = kNoSlot;
    free_slots_.push_back(event.a);
  }
  on_leave_(task, DeviceId(first_device + event.b), DeviceId(first_device + member.cause));
}

}  // namespace switchyard
