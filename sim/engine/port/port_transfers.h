// Transfers in closed form, for fidelity "port": no rates, no events but entries and ends.
//
// When the last device of a group has entered (devices that exchange bytes, directly or through
// others, are a group), each link is taken as a server on its own that shares its capacity equally
// among its flows. It is busy from its first flow on and drained at
//   D = max over flows in order of their start of max(D, start) + bytes / capacity
// (Lindley, "The theory of queues with a single server", 1952); a flow of b bytes is through with
// it when only the rest of larger flows is left,
//   D - sum over larger flows of (their bytes - b) / capacity,
// which is exact for flows that start together. A flow ends when it is through with all its links,
// and not before it would alone; a device leaves when its flows have ended. What a relay forwards
// ends after what it forwards has come.
//
// What this leaves out: that a flow held up on one link leaves capacity to others on its other
// links, so the ends of devices may be late or early, while the last end of all is right where one
// tier of links limits (reference figures: tests/engine/port_test.cc). Transfers in flight at once
// are served one after the other on links they share: no work is lost, but the first is not slowed
// down by the second.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/executor.h"
#include "sim/engine/path_cache.h"
#include "sim/engine/port/port_map.h"
#include "sim/engine/transfer_model.h"

namespace switchyard {

class PortTransfers : public TransferModel {
 public:
  // `clock` must outlive it.
  PortTransfers(const ExecutionRequest& request, Clock& clock, LeaveSink on_leave);

  void Enter(TaskId task, DeviceId device) override;
  void OnEvent(Event event) override;
  // For groups that are settled from now on.
  void SetCapacity(LinkId link, BytesPerSecond capacity) override;
  void Finish(Timeline& timeline) override;

 private:
  enum EventKind : std::uint32_t { kLeaves = kFirstTransferEvent };

  // One device of a transfer; times in seconds.
  struct Member {
    double launch = 0.0;
    double relayed_start = 0.0;  // of the first flow that it forwards; infinite: none
    double relayed_end = 0.0;    // of the last
    double end = 0.0;
    std::uint32_t group = 0;  // the member that stands for its group
    std::uint32_t cause = 0;  // members
    std::uint32_t relayed_cause = 0;
  };
  struct InFlight {
    TaskId task;
    std::uint32_t first_device = 0;
    FlowSet set;
    std::vector<PathCache::Path> paths;  // by flow
    std::vector<std::uint32_t> begin;    // [2 * members + 1] into order: by sender, then hop
    std::vector<std::uint32_t> order;    // flows
    std::vector<Member> members;
    std::vector<std::uint32_t> to_enter;  // by group: members
    std::uint32_t to_leave = 0;           // members
  };
  struct FlowState {
    double start = 0.0;
    double end = 0.0;
    std::uint32_t flow = 0;
  };
  // A flow on a link.
  struct Job {
    double bytes;
    std::uint32_t state;  // in started_
  };
  struct Port {
    double capacity = 0.0;
    double drained = 0.0;   // when all that has come is through
    std::vector<Job> jobs;  // of the group that is being settled
  };
  // What the group that is being settled puts on a link.
  struct LinkLoad {
    double bytes = 0.0;
    double first = 0.0;
    double last = 0.0;
    double busy_until = 0.0;  // of all groups before
  };

  std::uint32_t SlotOf(TaskId task);
  void FindPaths(InFlight& t);
  void FindGroups(InFlight& t);
  void SortBySender(InFlight& t);
  void Settle(std::uint32_t slot, std::uint32_t group);
  void OrderSenders(const InFlight& t, std::uint32_t group);
  void StartFlows(InFlight& t, std::uint32_t hop);
  void StartFlow(const InFlight& t, std::uint32_t number, double ready);
  void Serve();
  void EndFlows(InFlight& t, std::size_t first);
  void Meter(const InFlight& t);

  const ExecutionRequest request_;
  Clock& clock_;
  LeaveSink on_leave_;
  PathCache paths_;
  PortMap port_map_;
  std::vector<Port> ports_;                  // by link
  std::vector<std::uint32_t> slot_of_task_;  // transfers in flight; kNoSlot otherwise
  std::vector<InFlight> in_flight_;
  std::vector<std::uint32_t> free_slots_;

  // Of the group that is being settled.
  std::vector<std::uint32_t> senders_;  // in order of their launch
  std::vector<FlowState> started_;
  std::vector<std::uint32_t> served_;  // links with jobs
  std::vector<std::uint32_t> loaded_;  // links with bytes

  std::vector<LinkLoad> loads_;   // by link
  std::vector<LinkUsage> usage_;  // by link
  std::vector<LinkActivity> activity_;
  EngineStats stats_;
  Bytes bytes_;
};

}  // namespace switchyard
