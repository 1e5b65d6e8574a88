// Walks an ActivityGraph in simulated time: which task may start on which device, and what it waits
// for.
//
// The runner owns no notion of contention: a device enters a transfer, and the transfer model says
// when it leaves; compute tasks simply last. A task starts on a device the moment its last
// dependency has ended there, so streams must be chains of dependencies (Verify checks it).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/clock.h"
#include "sim/engine/device_speeds.h"
#include "sim/engine/executor.h"
#include "sim/engine/link_schedule.h"
#include "sim/engine/transfer_model.h"

namespace switchyard {

class TaskRunner {
 public:
  explicit TaskRunner(const ExecutionRequest& request);

  // The clock passes it the events below kFirstTransferEvent, the model the devices that leave;
  // they are joined before Run.
  void OnEvent(Event event);
  void OnLeave(TaskId task, DeviceId device, DeviceId cause);

  // Starts everything without dependencies, runs the clock to its end and checks that every task
  // has ended.
  Timeline Run(Clock& clock, TransferModel& transfers);

 private:
  enum EventKind : std::uint32_t { kComputeEnds, kLinksChange };

  [[nodiscard]] std::size_t At(TaskId task, DeviceId device) const {
    return task.index() * graph_.num_devices + device.index();
  }
  void ChangeLinks();
  void StartTask(TaskId task, DeviceId device, std::uint32_t cause);
  void EndTask(TaskId task, DeviceId device);

  const ExecutionRequest request_;
  const ActivityGraph& graph_;
  Clock* clock_ = nullptr;
  TransferModel* transfers_ = nullptr;
  std::vector<std::vector<TaskId>> successors_;  // by task
  std::vector<std::uint16_t> waiting_;           // dependencies not yet ended, [task, device]
  LinkSchedule link_schedule_;
  const DeviceSpeeds speeds_;
  Timeline timeline_;
  std::uint64_t ends_ = 0;           // (task, device) pairs that have ended
  std::uint64_t expected_ends_ = 0;  // all of them
};

}  // namespace switchyard
