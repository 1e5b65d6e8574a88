#include "sim/engine/flow/flow_network.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// Flows that join others of their transfer may wait for more to come, this part of a window.
constexpr double kWait = 0.25;

std::vector<double> Capacities(const Platform& platform) {
  std::vector<double> capacities;
  capacities.reserve(platform.links().size());
  for (const Link& link : platform.links()) capacities.push_back(link.capacity.value);
  return capacities;
}

}  // namespace

FlowNetwork::FlowNetwork(const Platform& platform, Clock& clock, FlowSink on_flow_end,
                         FlowOptions options)
    : clock_(clock),
      on_flow_end_(std::move(on_flow_end)),
      options_(options),
      capacity_(Capacities(platform)),
      component_of_link_(capacity_.size(), kNoComponent),
      grouping_(capacity_.size()),
      link_set_(capacity_) {
  SWITCHYARD_CHECK(options.epsilon >= 0.0 && options.epsilon <= 1.0, "epsilon is not in 0..1");
}

std::string FlowNetwork::Describe() const {
  const std::string sharing =
      options_.epsilon == 0.0
          ? std::string("solved at every end of a flow")
          : fmt::format("flows that end within {} of a component's remaining time solved together",
                        options_.epsilon);
  return "max-min fair sharing, " + sharing + "; link latencies added before each flow";
}

void FlowNetwork::Open(std::uint32_t transfer, const FlowView& flows) {
  table_.Open(transfer, flows);
}

void FlowNetwork::Start(std::uint32_t transfer, std::uint32_t first, std::uint32_t last) {
  const double now = clock_.Now().value;
  if (table_.grouped(transfer)) {
    for (std::uint32_t f = first; f < last; ++f) Arrive({transfer, f}, now);
    return;
  }
  for (std::uint32_t f = first; f < last; ++f) table_.pending({transfer, f}) = 0;
  if (std::find(new_transfers_.begin(), new_transfers_.end(), transfer) != new_transfers_.end()) {
    return;
  }
  if (new_transfers_.empty()) clock_.At({now}, {kNewTransfers, 0, 0});
  new_transfers_.push_back(transfer);
}

// A flow that joins others of its transfer may wait for more to come; one that does not, may not:
// the component's windows are then made for another transfer.
void FlowNetwork::Arrive(FlowTag flow, double now) {
  const FlowTable::Place place = table_.place(flow);
  Component& component = *components_[place.component];
  const double due =
      component.HasCompany(place.index) ? component.solved_at() + kWait * component.window() : now;
  component.Arrive(place.index, now, due);
  if (std::max(component.arrivals_due(), now) < component.event_time) Schedule(place.component);
}

// Changes at one time are taken in together, like flows.
void FlowNetwork::SetCapacity(LinkId link, BytesPerSecond capacity) {
  SWITCHYARD_CHECK(capacity.value > 0.0, "a link without capacity");
  capacity_[link.index()] = capacity.value;
  if (changed_links_.empty()) clock_.At(clock_.Now(), {kCapacities, 0, 0});
  changed_links_.push_back(link.value);
}

void FlowNetwork::OnEvent(Event event) {
  if (event.kind == kCapacities) return TakeCapacities();
  if (event.kind == kNewTransfers) return TakeNewTransfers();
  // An event of an earlier schedule is out of date.
  const bool current = static_cast<std::uint32_t>(components_[event.a]->generation) == event.b;
  if (current) OnComponent(event.a);
}

void FlowNetwork::TakeNewTransfers() {
  BeginRegrouping();
  for (const std::uint32_t transfer : new_transfers_) AddTransfer(transfer);
  new_transfers_.clear();
  Regroup();
}

void FlowNetwork::TakeCapacities() {
  BeginRegrouping();
  for (const std::uint32_t link : changed_links_) {
    if (component_of_link_[link] != kNoComponent) Dissolve(component_of_link_[link]);
  }
  changed_links_.clear();
  Regroup();
}

// All its flows are to be regrouped, with those of all components that they share links with.
void FlowNetwork::AddTransfer(std::uint32_t transfer) {
  const FlowView& view = table_.view(transfer);
  table_.grouped(transfer) = true;
  table_.start(transfer) = clock_.Now().value;
  for (const LinkId link : view.links) {
    const std::uint32_t c = component_of_link_[link.index()];
    if (c != kNoComponent) Dissolve(c);
  }
  for (std::uint32_t f = 0; f < view.flows.size(); ++f) regrouped_.push_back({transfer, f});
}

void FlowNetwork::OnComponent(std::uint32_t c) {
  Component& component = *components_[c];
  const double now = clock_.Now().value;
  component.TakeEnded(now, ended_);
  if (component.solve_time() <= now + kSameTime) {
    component.Advance(table_);
    if (component.sparse()) {
      BeginRegrouping();
      Dissolve(c);
      Regroup();
    } else {
      SolveAndSchedule(c);
    }
  } else if (component.arrivals_due() <= now + kSameTime) {
    component.OpenArrived();
    SolveAndSchedule(c);
  } else {
    Schedule(c);
  }
  Report();
}

// Last of all that an event does: the sink may start flows.
void FlowNetwork::Report() {
  for (const FlowTag flow : ended_) on_flow_end_(flow);
  ended_.clear();
}

void FlowNetwork::BeginRegrouping() {
  regrouped_.clear();
  leavers_.clear();
  peak_ = 0.0;
}

void FlowNetwork::Dissolve(std::uint32_t c) {
  Component& component = *components_[c];
  peak_ = std::max(peak_, component.peak());
  component.Dissolve(clock_.Now().value, table_, regrouped_);
  const auto leavers = component.leavers();
  leavers_.insert(leavers_.end(), leavers.begin(), leavers.end());
  Release(c);
}

void FlowNetwork::Regroup() {
  const Component::Ground ground{link_set_, capacity_, clock_.Now().value, peak_};
  grouping_.Split(table_, regrouped_);
  for (std::size_t g = 0; g < grouping_.num_groups(); ++g) {
    const std::uint32_t c = TakeComponent();
    Component& component = *components_[c];
    component.Build(c, table_, grouping_.group(g), ground);
    for (const std::uint32_t link : component.platform_links()) component_of_link_[link] = c;
    if (g == 0) component.AddLeavers(leavers_);
    SolveAndSchedule(c);
  }
  // All have left, some are still to be reported.
  if (grouping_.num_groups() == 0 && !leavers_.empty()) {
    const std::uint32_t c = TakeComponent();
    components_[c]->Build(c, table_, {}, ground);
    components_[c]->AddLeavers(leavers_);
    Schedule(c);
  }
}

void FlowNetwork::SolveAndSchedule(std::uint32_t c) {
  Component& component = *components_[c];
  component.Solve(options_.epsilon, table_, fills_);
  ++counters_.solves;
  counters_.flows_solved += component.num_open();
  counters_.widest_window = std::max(counters_.widest_window, Seconds{component.batch_span()});
  Schedule(c);
}

void FlowNetwork::Schedule(std::uint32_t c) {
  Component& component = *components_[c];
  const double next = component.next_time();
  component.event_time = std::max(next, clock_.Now().value);
  const auto generation = static_cast<std::uint32_t>(++component.generation);
  if (next < kNever) {
    clock_.At({component.event_time}, {kComponent, c, generation});
  } else if (component.num_pending() == 0) {
    Release(c);
  }
}

std::uint32_t FlowNetwork::TakeComponent() {
  if (free_components_.empty()) {
    free_components_.push_back(static_cast<std::uint32_t>(components_.size()));
    components_.push_back(std::make_unique<Component>());
  }
  const std::uint32_t c = free_components_.back();
  free_components_.pop_back();
  return c;
}

void FlowNetwork::Release(std::uint32_t c) {
  for (const std::uint32_t link : components_[c]->platform_links()) {
    component_of_link_[link] = kNoComponent;
  }
  ++components_[c]->generation;
  free_components_.push_back(c);
}

}  // namespace switchyard
