// How devices get through a transfer: the part of the engine below dependencies.
//
// fluid_transfers.h lets bytes flow over a Network; port_transfers.h computes ends in closed form.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/base/ids.h"
#include "sim/engine/clock.h"
#include "sim/graph/timeline.h"

namespace switchyard {

// A device is through with a transfer: all that it sends and receives has arrived. `cause`: the
// device whose flow ended last. Called at the clock time when it is so.
using LeaveSink = std::function<void(TaskId task, DeviceId device, DeviceId cause)>;

// Contract: each device that enters a task leaves it once, after all devices of the task have
// entered that it exchanges bytes with. Events of kinds kFirstTransferEvent and above are the
// model's own.
class TransferModel {
 public:
  virtual ~TransferModel() = default;
  // At the clock's current time.
  virtual void Enter(TaskId task, DeviceId device) = 0;
  virtual void OnEvent(Event event) = 0;
  // From the clock's current time on; `capacity` > 0.
  virtual void SetCapacity(LinkId link, BytesPerSecond capacity) = 0;
  // After the last event: what the links carried, and counters.
  virtual void Finish(Timeline& timeline) = 0;
};

inline constexpr std::uint32_t kFirstTransferEvent = 1u << 8;

}  // namespace switchyard
