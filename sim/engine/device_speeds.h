// How long work takes on devices whose speed changes.
//
//   DeviceSpeeds speeds(changes, 8);
//   const Seconds end = speeds.EndOf(device, start, 300_us);
//
// Work is what a task lasts at full speed; a device at speed s does s seconds of work a second, so
// the end is where the integral of the speed from the start has reached the work.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"
#include "topologies/changes.h"

namespace switchyard {

class DeviceSpeeds {
 public:
  // Devices exist, factors are finite and > 0 (checked).
  DeviceSpeeds(std::span<const SpeedChange> changes, std::uint32_t num_devices);

  // Exactly start + work on a device that has no changes.
  [[nodiscard]] Seconds EndOf(DeviceId device, Seconds start, Seconds work) const;

 private:
  struct Step {
    Seconds time;
    double speed;
  };
  std::vector<std::vector<Step>> steps_;  // by device, by time; empty when nothing changes
};

}  // namespace switchyard
