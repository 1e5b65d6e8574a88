#include "sim/engine/simgrid_session.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <simgrid/kernel/Timer.hpp>
#include <simgrid/kernel/routing/NetPoint.hpp>
#include <simgrid/kernel/routing/NetZoneImpl.hpp>
#include <simgrid/s4u.hpp>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/engine/event_queue.h"

namespace switchyard {
namespace {

namespace sg = simgrid;
using SimGridLink = sg::kernel::resource::StandardLinkImpl;

// SimGrid's default network model describes TCP on Ethernet: it reserves 5 % for reverse traffic,
// stretches latencies by 13 and caps rates by a window. NVLink and RDMA have none of these. CM02
// without cross-traffic and window is plain max-min fairness (Casanova, Marchal, 2002). Latencies
// stay out of it: CM02 would share bandwidth in inverse proportion to them, so the task runner adds
// them before a flow starts.
constexpr std::array<const char*, 6> kSettings = {"network/model:CM02",   "network/crosstraffic:0",
                                                  "network/TCP-gamma:0",  "network/optim:Lazy",
                                                  "surf/precision:1e-12", "contexts/stack-size:32"};

// A zone whose routes are whatever path the caller is starting a flow on.
class CallerRoutedZone : public sg::kernel::routing::NetZoneImpl {
 public:
  explicit CallerRoutedZone(const std::string& name) : NetZoneImpl(name) {}
  void get_local_route(const sg::kernel::routing::NetPoint* /*source*/,
                       const sg::kernel::routing::NetPoint* /*destination*/,
                       sg::kernel::routing::Route* route, double* latency) override {
    SWITCHYARD_CHECK(!path.empty(), "SimGrid asked for a route outside Start");
    for (const LinkId link : path) route->link_list_.push_back(links[link.index()]);
    if (latency != nullptr) *latency += 0.0;
  }

  std::span<const LinkId> path;
  std::vector<SimGridLink*> links;  // by LinkId
};

bool IsEndpoint(VertexKind kind) {
  return kind == VertexKind::kGpu || kind == VertexKind::kHostMemory || kind == VertexKind::kSsd;
}

// SimGrid parses and keeps a command line; it gets one of its own.
sg::s4u::Engine* NewEngine() {
  static bool created = false;
  SWITCHYARD_CHECK(!created, "SimGrid runs one simulation per process");
  created = true;
  static std::string name = "switchyard";
  static std::string quiet = "--log=root.thres:critical";
  static std::array<char*, 3> arguments = {name.data(), quiet.data(), nullptr};
  int count = 2;
  auto* engine = new sg::s4u::Engine(&count, arguments.data());
  for (const char* setting : kSettings) sg::s4u::Engine::set_config(setting);
  return engine;
}

}  // namespace

struct SimGridSession::Impl {
  sg::s4u::Engine* engine = nullptr;  // SimGrid owns it until the process ends
  CallerRoutedZone* zone = nullptr;   // owned by the engine
  std::vector<sg::s4u::Host*> hosts;  // by VertexId; null where no flow can end
  std::vector<sg::s4u::Link*> links;  // by LinkId
  std::vector<double> nominal;        // by LinkId, bytes/s: as the platform says
  std::vector<double> capacity;       // by LinkId, bytes/s: now

  void SetBandwidth(LinkId link, double bandwidth) const {
    links[link.index()]->set_bandwidth(bandwidth);
  }
  // SimGrid bounds a flow for good by the least bandwidth of its path when it starts: links that
  // are slow then, and may recover, are at their nominal bandwidth for that moment.
  [[nodiscard]] std::vector<LinkId> SlowLinks(std::span<const LinkId> path) const {
    std::vector<LinkId> slow;
    for (const LinkId link : path) {
      if (capacity[link.index()] < nominal[link.index()]) slow.push_back(link);
    }
    return slow;
  }
  EventSink on_event;
  FlowSink on_flow_end;

  // Events wait here; SimGrid holds a timer for the earliest. When an earlier event arrives a
  // second timer is set and the first one, when it fires, is no longer the one waited for and does
  // nothing: timers must not breed timers.
  EventQueue events;
  bool clock_only = false;
  double now = 0.0;  // SimGrid's clock, or up to kStride events ahead of it
  double next_timer = std::numeric_limits<double>::infinity();

  void SetTimer(double time) {
    if (time >= next_timer) return;
    next_timer = time;
    sg::kernel::timer::Timer::set(time, [this, time] {
      if (time == next_timer) RunDueEvents();
    });
  }
  void RunDueEvents() {
    now = sg::s4u::Engine::get_clock();
    // Events scheduled meanwhile for now or later set no timer of their own: this loop or the line
    // after it serves them.
    next_timer = now;
    int ahead = clock_only ? kStride : 0;
    while (!events.empty() && (events.earliest() <= now || ahead > 0)) {
      --ahead;
      now = std::max(now, events.earliest());
      next_timer = now;
      on_event(events.Pop());
    }
    next_timer = std::numeric_limits<double>::infinity();
    if (!events.empty()) SetTimer(events.earliest());
  }

  // Flows in flight. A slot keeps its Comm alive; its address is the Comm's user data.
  struct Slot {
    sg::s4u::CommPtr comm;
    FlowTag tag;
  };
  std::vector<FlowView> transfers;  // by number
  std::vector<std::unique_ptr<Slot>> slots;
  std::vector<Slot*> free_slots;
  sg::s4u::CommPtr
      retired;  // the Comm that completed last: it may not die inside its own completion

  Slot* TakeSlot() {
    if (free_slots.empty()) {
      slots.push_back(std::make_unique<Slot>());
      return slots.back().get();
    }
    Slot* slot = free_slots.back();
    free_slots.pop_back();
    return slot;
  }
};

SimGridSession::SimGridSession(const Platform& platform, EventSink on_event, FlowSink on_flow_end)
    : impl_(std::make_unique<Impl>()) {
  impl_->on_event = std::move(on_event);
  impl_->on_flow_end = std::move(on_flow_end);
  impl_->engine = NewEngine();
  auto* zone = new CallerRoutedZone("cluster");
  impl_->zone = zone;
  auto* face = zone->get_iface();
  const auto vertices = platform.vertices();
  impl_->hosts.resize(vertices.size(), nullptr);
  for (std::size_t v = 0; v < vertices.size(); ++v) {
    if (IsEndpoint(vertices[v].kind)) {
      impl_->hosts[v] = face->create_host("v" + std::to_string(v), 1.0);
    }
  }
  zone->links.reserve(platform.links().size());
  for (std::size_t l = 0; l < platform.links().size(); ++l) {
    auto* link = face->create_link("l" + std::to_string(l), platform.links()[l].capacity.value);
    link->set_latency(0.0)->seal();
    zone->links.push_back(link->get_impl());
    impl_->links.push_back(link);
    impl_->nominal.push_back(platform.links()[l].capacity.value);
    impl_->capacity.push_back(platform.links()[l].capacity.value);
  }
  face->seal();
  sg::s4u::Activity::on_completion_cb([this](sg::s4u::Activity const& activity) {
    auto* slot = static_cast<Impl::Slot*>(activity.get_data<void>());
    if (slot == nullptr) return;
    impl_->now = sg::s4u::Engine::get_clock();
    const FlowTag tag = slot->tag;
    impl_->retired = std::move(slot->comm);
    impl_->free_slots.push_back(slot);
    impl_->on_flow_end(tag);
  });
}

SimGridSession::~SimGridSession() = default;

SimGridSession::SimGridSession(EventSink on_event)
    : SimGridSession(Platform(), std::move(on_event), [](FlowTag) {}) {
  impl_->clock_only = true;
}

Seconds SimGridSession::Now() const { return {impl_->now}; }

void SimGridSession::At(Seconds time, Event event) {
  impl_->events.Push(time.value, event);
  impl_->SetTimer(time.value);
}

void SimGridSession::Run() { impl_->engine->run(); }

void SimGridSession::Open(std::uint32_t transfer, const FlowView& flows) {
  if (transfer >= impl_->transfers.size()) impl_->transfers.resize(transfer + 1);
  impl_->transfers[transfer] = flows;
}

void SimGridSession::Start(std::uint32_t transfer, std::uint32_t first, std::uint32_t last) {
  const FlowView& flows = impl_->transfers[transfer];
  for (std::uint32_t f = first; f < last; ++f) {
    Impl::Slot* slot = impl_->TakeSlot();
    slot->tag = {transfer, f};
    impl_->zone->path = flows.path(f);
    const Flow& flow = flows.flows[f];
    const std::vector<LinkId> slow = impl_->SlowLinks(flows.path(f));
    for (const LinkId link : slow) impl_->SetBandwidth(link, impl_->nominal[link.index()]);
    slot->comm = sg::s4u::Comm::sendto_init();
    slot->comm->set_payload_size(static_cast<std::uint64_t>(flow.bytes.value));
    slot->comm->set_data(slot);
    slot->comm->set_source(impl_->hosts[flow.from.index()]);
    slot->comm->set_destination(impl_->hosts[flow.to.index()]);  // starts the Comm
    impl_->zone->path = {};
    for (const LinkId link : slow) impl_->SetBandwidth(link, impl_->capacity[link.index()]);
  }
}

void SimGridSession::SetCapacity(LinkId link, BytesPerSecond capacity) {
  impl_->capacity[link.index()] = capacity.value;
  impl_->SetBandwidth(link, capacity.value);
}

std::string SimGridSession::Describe() const {
  std::string out = "SimGrid";
  for (const char* setting : kSettings) out += std::string(" ") + setting;
  return out + "; link latencies added before each flow";
}

}  // namespace switchyard
