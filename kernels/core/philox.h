// Philox4x32-10, a random number generator without state: the same (key, counter) gives the same
// four words on a CPU and on a GPU, in any order. (Salmon, Moraes, Dror, Shaw: Parallel random
// numbers: as easy as 1, 2, 3, SC 2011; constants of its table 2.)
//
//   Words4 w = Philox({token, choice, layer, step}, seed);
//   float u = UnitFloat(w.x);                                // [0, 1)
#pragma once

#include <cstdint>

#include "kernels/views.h"

namespace switchyard::kernels {

struct Words4 {
  std::uint32_t x, y, z, w;
};

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline Words4 Philox(Words4 counter, std::uint64_t seed) {
  constexpr int kRounds = 10;
  constexpr std::uint64_t kMultiplierX = 0xD2511F53U;
  constexpr std::uint64_t kMultiplierZ = 0xCD9E8D57U;
  constexpr std::uint32_t kWeylX = 0x9E3779B9U;  // the golden ratio
  constexpr std::uint32_t kWeylY = 0xBB67AE85U;  // sqrt(3) - 1
  auto key_x = static_cast<std::uint32_t>(seed);
  auto key_y = static_cast<std::uint32_t>(seed >> 32);
  for (int round = 0; round < kRounds; ++round) {
    const std::uint64_t a = kMultiplierX * counter.x;
    const std::uint64_t b = kMultiplierZ * counter.z;
    counter = {
        static_cast<std::uint32_t>(b >> 32) ^ counter.y ^ key_x, static_cast<std::uint32_t>(b),
        static_cast<std::uint32_t>(a >> 32) ^ counter.w ^ key_y, static_cast<std::uint32_t>(a)};
    key_x += kWeylX;
    key_y += kWeylY;
  }
  return counter;
}

// The upper 24 bits of a word as a float in [0, 1), exactly.
[[nodiscard]] SWITCHYARD_HOST_DEVICE inline float UnitFloat(std::uint32_t word) {
  constexpr float kTwoToMinus24 = 5.9604644775390625e-8F;
  return static_cast<float>(word >> 8) * kTwoToMinus24;
}

}  // namespace switchyard::kernels
