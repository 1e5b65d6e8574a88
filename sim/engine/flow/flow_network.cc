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

void FlowNetwork::Start(FlowTag tag, VertexId /*from*/, VertexId /*to*/,
                        const std::vector<LinkId>& path, Bytes bytes) {
  SWITCHYARD_CHECK(!path.empty(), "a flow without links");
  const double now = clock_.Now().value;
  if (tag.transfer >= flows_of_transfer_.size()) {
    flows_of_transfer_.resize(tag.transfer + 1, 0);
    transfer_start_.resize(tag.transfer + 1, 0.0);
  }
  if (flows_of_transfer_[tag.transfer]++ == 0) transfer_start_[tag.transfer] = now;
  arrivals_.push_back(table_.Add(tag, path, bytes.value));
  if (now < arrivals_event_) ScheduleArrivals(now);
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
  if (event.kind == kComponent) {
    // An event of an earlier schedule is out of date.
    const bool current = static_cast<std::uint32_t>(components_[event.a]->generation) == event.b;
    if (current) OnComponent(event.a);
    return;
  }
  if (clock_.Now().value + kSameTime >= arrivals_event_) TakeArrivals();
}

void FlowNetwork::ScheduleArrivals(double time) {
  arrivals_event_ = time;
  clock_.At({time}, {kArrivals, 0, 0});
}

// How long a flow may wait for others without visible error. Not when it brings a transfer to a
// component, or is alone: what the component's windows are made for does not include it then.
double FlowNetwork::MayWaitUntil(std::uint32_t slot) const {
  double due = 0.0;
  for (const std::uint32_t link : table_.path(slot)) {
    const std::uint32_t c = component_of_link_[link];
    if (c == kNoComponent) continue;
    const Component& component = *components_[c];
    if (!component.Carries(table_.tag(slot).transfer)) return 0.0;
    due = std::max(due, component.solved_at() + kWait * component.window());
  }
  return due;
}

void FlowNetwork::TakeArrivals() {
  const double now = clock_.Now().value;
  arrivals_event_ = kNever;
  const bool alone = free_components_.size() == components_.size();
  if (options_.epsilon > 0.0 && !alone) {
    for (; arrivals_checked_ < arrivals_.size(); ++arrivals_checked_) {
      arrivals_due_ = std::min(arrivals_due_, MayWaitUntil(arrivals_[arrivals_checked_]));
    }
    if (arrivals_due_ > now + kSameTime) return ScheduleArrivals(arrivals_due_);
  }
  StartRegrouping();
  if (!alone) {
    for (const std::uint32_t slot : arrivals_) DissolveTouched(slot);
  }
  regrouped_.insert(regrouped_.end(), arrivals_.begin(), arrivals_.end());
  arrivals_.clear();
  arrivals_checked_ = 0;
  arrivals_due_ = kNever;
  Regroup();
}

void FlowNetwork::TakeCapacities() {
  StartRegrouping();
  for (const std::uint32_t link : changed_links_) {
    if (component_of_link_[link] != kNoComponent) Dissolve(component_of_link_[link]);
  }
  changed_links_.clear();
  Regroup();
}

void FlowNetwork::StartRegrouping() {
  regrouped_.clear();
  leavers_.clear();
  peak_ = 0.0;
}

void FlowNetwork::DissolveTouched(std::uint32_t slot) {
  for (const std::uint32_t link : table_.path(slot)) {
    if (component_of_link_[link] != kNoComponent) Dissolve(component_of_link_[link]);
  }
}

void FlowNetwork::OnComponent(std::uint32_t c) {
  Component& component = *components_[c];
  const double now = clock_.Now().value;
  component.TakeEnded(now, ended_);
  if (component.solve_time() > now + kSameTime) {
    Schedule(c);
  } else {
    component.Advance();
    if (component.sparse()) {
      StartRegrouping();
      Dissolve(c);
      Regroup();
    } else {
      SolveAndSchedule(c);
    }
  }
  Report();
}

// Last of all that an event does: the sink may start flows.
void FlowNetwork::Report() {
  for (const std::uint32_t slot : ended_) {
    const FlowTag tag = table_.tag(slot);
    --flows_of_transfer_[tag.transfer];
    table_.Remove(slot);
    on_flow_end_(tag);
  }
  ended_.clear();
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
  grouping_.Split(table_, regrouped_);
  for (std::size_t g = 0; g < grouping_.num_groups(); ++g) {
    const std::uint32_t c = TakeComponent();
    Component& component = *components_[c];
    component.Build(table_, grouping_.group(g), link_set_, capacity_, peak_);
    for (const std::uint32_t link : component.platform_links()) component_of_link_[link] = c;
    if (g == 0) component.AddLeavers(leavers_);
    SolveAndSchedule(c);
  }
  // All have left, some are still to be reported.
  if (grouping_.num_groups() == 0 && !leavers_.empty()) {
    const std::uint32_t c = TakeComponent();
    components_[c]->Build(table_, {}, link_set_, capacity_, peak_);
    components_[c]->AddLeavers(leavers_);
    Schedule(c);
  }
}

void FlowNetwork::SolveAndSchedule(std::uint32_t c) {
  Component& component = *components_[c];
  component.Solve(clock_.Now().value, options_.epsilon, transfer_start_, fill_);
  ++counters_.solves;
  counters_.flows_solved += component.num_flows();
  counters_.widest_window = std::max(counters_.widest_window, Seconds{component.batch_span()});
  Schedule(c);
}

void FlowNetwork::Schedule(std::uint32_t c) {
  Component& component = *components_[c];
  const double next = component.next_time();
  if (next == kNever) return Release(c);
  const auto generation = static_cast<std::uint32_t>(++component.generation);
  clock_.At({std::max(next, clock_.Now().value)}, {kComponent, c, generation});
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
