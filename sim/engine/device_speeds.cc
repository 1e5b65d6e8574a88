#include "sim/engine/device_speeds.h"

#include <algorithm>
#include <cmath>

#include "sim/base/check.h"

namespace switchyard {

DeviceSpeeds::DeviceSpeeds(std::span<const SpeedChange> changes, std::uint32_t num_devices) {
  if (changes.empty()) return;
  steps_.resize(num_devices);
  for (const SpeedChange& change : changes) {
    SWITCHYARD_CHECK(change.device.index() < num_devices, "a change of no device");
    SWITCHYARD_CHECK(
        std::isfinite(change.factor) && change.factor > 0 && std::isfinite(change.time.value),
        "a device's speed must stay finite and above 0");
    steps_[change.device.index()].push_back({change.time, change.factor});
  }
  for (std::vector<Step>& steps : steps_) {
    std::stable_sort(steps.begin(), steps.end(),
                     [](const Step& a, const Step& b) { return a.time < b.time; });
  }
}

Seconds DeviceSpeeds::EndOf(DeviceId device, Seconds start, Seconds work) const {
  if (steps_.empty() || steps_[device.index()].empty()) return start + work;
  double speed = 1.0;
  Seconds now = start;
  for (const Step& step : steps_[device.index()]) {
    if (step.time > now) {
      const Seconds done = speed * (step.time - now);
      if (done >= work) break;
      work -= done;
      now = step.time;
    }
    speed = step.speed;
  }
  return now + work / speed;
}

}  // namespace switchyard
