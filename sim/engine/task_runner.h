// Walks an ActivityGraph in simulated time: which task may start on which device, and what it waits
// for.
//
// The runner owns no notion of contention. It starts a flow's bytes on a Network after the
// transfer's startup and the path's latency, and is told when they have arrived; compute tasks
// simply last. A task starts on a device the moment its last dependency has ended there, so streams
// must be chains of dependencies (Verify checks it).
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/device_speeds.h"
#include "sim/engine/executor.h"
#include "sim/engine/link_meter.h"
#include "sim/engine/link_schedule.h"
#include "sim/engine/network.h"
#include "sim/engine/transfer.h"

namespace switchyard {

class TaskRunner {
 public:
  explicit TaskRunner(const ExecutionRequest& request);

  // The clock and network call these; they are handed to them before Run.
  void OnEvent(Event event);
  void OnFlowEnd(FlowTag tag);

  // Starts everything without dependencies, runs the clock to its end and checks that every task
  // has ended.
  Timeline Run(Clock& clock, Network& network);

 private:
  enum EventKind : std::uint32_t {
    kComputeEnds,
    kTransferLaunches,
    kBatchStarts,
    kHeldFlowArrives,
    kLinksChange
  };
  struct InFlight {
    std::unique_ptr<Transfer> transfer;
    TransferMeter meter;
  };

  [[nodiscard]] std::size_t At(TaskId task, DeviceId device) const {
    return task.index() * graph_.num_devices + device.index();
  }
  void ChangeLinks();
  void StartTask(TaskId task, DeviceId device, std::uint32_t cause);
  void EnterTransfer(TaskId task, DeviceId device);
  void LaunchTransfer(std::uint32_t slot, DeviceId device);
  void ScheduleBatches(std::uint32_t slot, DeviceId device, std::uint8_t hop);
  void StartBatch(std::uint32_t slot, std::uint32_t batch);
  void ForwardIfReady(std::uint32_t slot, DeviceId relay, DeviceId cause);
  void RelayedFlowArrived(std::uint32_t slot, const Flow& flow);
  void Deliver(FlowTag tag);
  void LeaveIfDone(std::uint32_t slot, DeviceId device, DeviceId cause);
  void EndTask(TaskId task, DeviceId device);
  std::uint32_t SlotOf(TaskId task);

  const ExecutionRequest request_;
  const ActivityGraph& graph_;
  Clock* clock_ = nullptr;
  Network* network_ = nullptr;
  std::vector<std::vector<TaskId>> successors_;  // by task
  std::vector<std::uint16_t> waiting_;           // dependencies not yet ended, [task, device]
  std::vector<std::uint32_t> slot_of_task_;      // transfers in flight; kNoSlot otherwise
  std::vector<InFlight> in_flight_;
  std::vector<std::uint32_t> free_slots_;
  std::vector<LinkId> path_scratch_;
  LinkSchedule link_schedule_;
  const DeviceSpeeds speeds_;
  LinkMeter meter_;
  Timeline timeline_;
  std::uint64_t ends_ = 0;           // (task, device) pairs that have ended
  std::uint64_t expected_ends_ = 0;  // all of them
};

}  // namespace switchyard
