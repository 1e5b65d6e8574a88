// Max-min fair sharing of links, solved here instead of in SimGrid: the network of fidelity "flow".
//
//   FlowNetwork network(platform, clock, sink, {});
//   network.Open(0, flows);        // a transfer: its flows and their paths
//   network.Start(0, 0, 8);        // the sink hears of flows 0..7 when they have arrived
//
// Flows that share links, directly or through others, form a component (component.h); when some of
// its flows end it is solved again, by itself. All flows of a transfer are put into components when
// the first of them starts: what depends on their paths alone is found out once. Flows that start
// at one time are taken in together, by an event at that time. Exact when epsilon is 0.
//
// What epsilon costs: after a flow has ended, flows that share links with it keep their rates for
// at most `widest_window` (FlowCounters), which is at most epsilon of the time their component
// still needs; flows that join others of their transfer wait up to a quarter of a window for more
// to join, and are then counted as having started at the mean of their times (at the time itself
// when a capacity changes or another transfer comes).
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/engine/clock.h"
#include "sim/engine/executor.h"
#include "sim/engine/flow/component.h"
#include "sim/engine/flow/flow_table.h"
#include "sim/engine/flow/grouping.h"
#include "sim/engine/network.h"
#include "topologies/platform.h"

namespace switchyard {

inline constexpr double kDefaultFlowEpsilon = kDefaultTolerance;

struct FlowOptions {
  double epsilon = kDefaultFlowEpsilon;  // 0..1; 0: exact
};

struct FlowCounters {
  std::uint64_t solves = 0;        // of one component each: one batch of flows that end together
  std::uint64_t flows_solved = 0;  // sum of the flows in them
  Seconds widest_window;           // from the first to the last end of a batch
};

class FlowNetwork : public Network {
 public:
  // `clock` must outlive it and pass it the events it owns.
  FlowNetwork(const Platform& platform, Clock& clock, FlowSink on_flow_end, FlowOptions options);

  void Open(std::uint32_t transfer, const FlowView& flows) override;
  void Start(std::uint32_t transfer, std::uint32_t first, std::uint32_t last) override;
  void SetCapacity(LinkId link, BytesPerSecond capacity) override;
  [[nodiscard]] std::string Describe() const override;

  [[nodiscard]] static bool Owns(Event event) { return event.kind >= kFirstNetworkEvent; }
  void OnEvent(Event event);
  [[nodiscard]] const FlowCounters& counters() const { return counters_; }

 private:
  enum EventKind : std::uint32_t { kNewTransfers = kFirstNetworkEvent, kComponent, kCapacities };
  static constexpr std::uint32_t kNoComponent = 0xffffffff;
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  void Arrive(FlowTag flow, double now);
  void TakeNewTransfers();
  void AddTransfer(std::uint32_t transfer);
  void OnComponent(std::uint32_t c);
  void TakeCapacities();
  void Report();
  void BeginRegrouping();
  void Dissolve(std::uint32_t c);
  void Regroup();
  void SolveAndSchedule(std::uint32_t c);
  void Schedule(std::uint32_t c);
  std::uint32_t TakeComponent();
  void Release(std::uint32_t c);

  Clock& clock_;
  FlowSink on_flow_end_;
  FlowOptions options_;
  std::vector<double> capacity_;  // by link, bytes/s
  FlowTable table_;
  std::vector<std::uint32_t> changed_links_;  // their flows' rates are those of the old capacity
  std::vector<std::uint32_t> new_transfers_;  // begun, in no component yet

  std::vector<std::unique_ptr<Component>> components_;
  std::vector<std::uint32_t> free_components_;
  std::vector<std::uint32_t> component_of_link_;
  Fills fills_;
  Grouping grouping_;
  LinkSet link_set_;

  // What is being regrouped: flows, those still to be reported, the largest peak.
  std::vector<FlowTag> regrouped_;
  std::vector<Component::End> leavers_;
  double peak_ = 0.0;

  std::vector<FlowTag> ended_;
  FlowCounters counters_;
};

}  // namespace switchyard
