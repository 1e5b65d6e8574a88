// Max-min fair sharing of links, solved here instead of in SimGrid: the network of fidelity "flow".
//
//   FlowNetwork network(platform, clock, sink, {});
//   network.Start(tag, from, to, path, 10_MB);   // the sink hears of `tag` when it has arrived
//
// Flows that share links, directly or through others, form a component (component.h); when some of
// its flows end it is solved again, by itself. Flows that start at one time are taken in together,
// by an event at that time. Exact when epsilon is 0.
//
// What epsilon costs: after a flow has ended, flows that share links with it keep their rates for
// at most `widest_window` (FlowCounters), which is at most epsilon of the time their component
// still needs; a flow that joins others of its transfer may wait a quarter of a window for more to
// join.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "sim/base/units.h"
#include "sim/engine/clock.h"
#include "sim/engine/flow/component.h"
#include "sim/engine/flow/flow_table.h"
#include "sim/engine/flow/grouping.h"
#include "sim/engine/flow/max_min.h"
#include "sim/engine/network.h"
#include "topologies/platform.h"

namespace switchyard {

inline constexpr double kDefaultFlowEpsilon = 0.02;

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

  void Start(FlowTag tag, VertexId from, VertexId to, const std::vector<LinkId>& path,
             Bytes bytes) override;
  void SetCapacity(LinkId link, BytesPerSecond capacity) override;
  [[nodiscard]] std::string Describe() const override;

  [[nodiscard]] static bool Owns(Event event) { return event.kind >= kFirstNetworkEvent; }
  void OnEvent(Event event);
  [[nodiscard]] const FlowCounters& counters() const { return counters_; }

 private:
  enum EventKind : std::uint32_t { kArrivals = kFirstNetworkEvent, kComponent, kCapacities };
  static constexpr std::uint32_t kNoComponent = 0xffffffff;
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  void ScheduleArrivals(double time);
  void TakeArrivals();
  [[nodiscard]] double MayWaitUntil(std::uint32_t slot) const;
  void OnComponent(std::uint32_t c);
  void TakeCapacities();
  void StartRegrouping();
  void Report();
  void DissolveTouched(std::uint32_t slot);
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
  TransferStarts transfer_start_;
  std::vector<std::uint32_t> flows_of_transfer_;  // in flight

  std::vector<std::uint32_t> arrivals_;  // started, in no component yet
  std::size_t arrivals_checked_ = 0;     // of these it is known how long they may wait
  double arrivals_due_ = kNever;
  double arrivals_event_ = kNever;  // time of the event that will take them in

  std::vector<std::uint32_t> changed_links_;  // their flows' rates are those of the old capacity

  std::vector<std::unique_ptr<Component>> components_;
  std::vector<std::uint32_t> free_components_;
  std::vector<std::uint32_t> component_of_link_;
  MaxMinFill fill_;
  Grouping grouping_;
  LinkSet link_set_;

  // What is being regrouped: flows, those still to be reported, the largest peak.
  std::vector<std::uint32_t> regrouped_;
  std::vector<Component::End> leavers_;
  double peak_ = 0.0;

  std::vector<std::uint32_t> ended_;
  FlowCounters counters_;
};

}  // namespace switchyard
