// The process's SimGrid engine: the simulation clock, the platform and, for the pairwise fidelity,
// the network.
//
// Everything that shapes SimGrid's predictions is set in simgrid_session.cc and nowhere else.
#pragma once

#include <memory>
#include <string>

#include "sim/engine/clock.h"
#include "sim/engine/network.h"
#include "topologies/platform.h"

namespace switchyard {

// Hosts for the endpoints of flows and one SimGrid link for every link of the platform, joined by a
// zone that takes each flow's path from its caller: no routes are stored.
//
// Without a platform it is a clock only: nothing of SimGrid happens between events, so SimGrid is
// given the time in strides of kStride events.
class SimGridSession : public Clock, public Network {
 public:
  static constexpr int kStride = 4096;

  // One session per process, ever: SimGrid's clock cannot be reset (checked). `platform` must
  // outlive it.
  SimGridSession(const Platform& platform, EventSink on_event, FlowSink on_flow_end);
  explicit SimGridSession(EventSink on_event);  // a clock
  ~SimGridSession() override;

  [[nodiscard]] Seconds Now() const override;
  void At(Seconds time, Event event) override;
  void Run() override;

  void Open(std::uint32_t transfer, const FlowView& flows) override;
  void Start(std::uint32_t transfer, std::uint32_t first, std::uint32_t last) override;
  void SetCapacity(LinkId link, BytesPerSecond capacity) override;
  [[nodiscard]] std::string Describe() const override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace switchyard
