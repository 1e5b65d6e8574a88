// Simulated time and what happens at it.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/base/units.h"

namespace switchyard {

// Something the task runner wants to be told at a time. Plain data, so that scheduling does not
// allocate.
struct Event {
  std::uint32_t kind = 0;
  std::uint32_t a = 0;
  std::uint32_t b = 0;
};

using EventSink = std::function<void(Event)>;

// Contract: Now() never goes back. Events reach the sink in order of their time, those of one time
// in the order they were scheduled. The sink may schedule more, at its own time or later.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual Seconds Now() const = 0;
  virtual void At(Seconds time, Event event) = 0;
  // Runs until nothing is pending, transfers in flight included.
  virtual void Run() = 0;
};

}  // namespace switchyard
