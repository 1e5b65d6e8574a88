// Simulated seconds as the trace's nanoseconds: rounded once, here.
//
// Rounding is monotone, so intervals that do not overlap do not overlap afterwards.
#pragma once

#include <cmath>
#include <cstdint>

#include "sim/base/units.h"

namespace switchyard::perfetto {

// Perfetto drops timestamps of 2^63 and more; half of that leaves room for sums.
inline constexpr double kMaxSeconds = 4.6e9;

[[nodiscard]] inline std::uint64_t ToNanoseconds(Seconds time) {
  constexpr double kNanosecondsPerSecond = 1e9;
  return static_cast<std::uint64_t>(std::llround(time.value * kNanosecondsPerSecond));
}

}  // namespace switchyard::perfetto
