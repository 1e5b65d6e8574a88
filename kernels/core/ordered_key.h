// Floats as integers that sort the same way, in every kernel and its twin.
//
// NaN is 1, everything else above it, and 0 is free: it marks what is out of the race, so nothing
// that was excluded can come back. -0 equals +0. The order in which choices win is key descending,
// then index ascending; NaN loses to -inf.
#pragma once

#include <cstdint>
#include <cstring>

#include "kernels/views.h"

namespace switchyard::kernels {

inline constexpr std::uint32_t kExcludedKey = 0;
inline constexpr std::uint32_t kNanKey = 1;

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t BitsOf(float x) {
  std::uint32_t bits = 0;
  std::memcpy(&bits, &x, sizeof bits);
  return bits;
}

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline float FloatOf(std::uint32_t bits) {
  float x = 0;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t OrderedKey(float x) {
  constexpr std::uint32_t kSign = 0x80000000U;
  constexpr std::uint32_t kInfinity = 0x7F800000U;
  std::uint32_t bits = BitsOf(x);
  if ((bits & ~kSign) > kInfinity) return kNanKey;
  if (bits == kSign) bits = 0;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

// The float of a key; a quiet NaN for kNanKey and kExcludedKey.
[[nodiscard]] SWITCHYARD_HOST_DEVICE inline float FloatOfKey(std::uint32_t key) {
  constexpr std::uint32_t kSign = 0x80000000U;
  constexpr std::uint32_t kQuietNan = 0x7FC00000U;
  if (key <= kNanKey) return FloatOf(kQuietNan);
  return FloatOf((key & kSign) != 0 ? key ^ kSign : ~key);
}

}  // namespace switchyard::kernels
