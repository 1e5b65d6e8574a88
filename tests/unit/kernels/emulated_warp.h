// The Warp of kernels/core/rank.h on the CPU: 32 numbers, every step done for all lanes before the
// next. Checks which lane does what; races between lanes it cannot show.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "kernels/core/rank.h"

namespace switchyard::kernels {

struct EmulatedWarp {
  using Lanes = std::array<std::uint32_t, core::kWarpLanes>;

  template <class F>
  static Lanes Map(F f) {
    Lanes result{};
    for (std::uint32_t lane = 0; lane < core::kWarpLanes; ++lane) result[lane] = f(lane);
    return result;
  }
  template <class F>
  static void Each(F f) {
    for (std::uint32_t lane = 0; lane < core::kWarpLanes; ++lane) f(lane);
  }
  static std::uint32_t At(const Lanes& x, std::uint32_t lane) { return x[lane]; }
  static Lanes MatchAny(const Lanes& x) {
    return Map([&](std::uint32_t lane) {
      std::uint32_t mask = 0;
      Each([&](std::uint32_t other) { mask |= std::uint32_t{x[other] == x[lane]} << other; });
      return mask;
    });
  }
  // As __shfl_up_sync: the lowest n lanes keep their own.
  static Lanes ShuffleUp(const Lanes& x, std::uint32_t n) {
    return Map([&](std::uint32_t lane) { return lane < n ? x[lane] : x[lane - n]; });
  }
  static std::uint32_t Last(const Lanes& x) { return x.back(); }
  static std::uint32_t Popcount(std::uint32_t bits) {
    return static_cast<std::uint32_t>(std::popcount(bits));
  }
  static void Sync() {}
};

}  // namespace switchyard::kernels
