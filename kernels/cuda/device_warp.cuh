// The 32 lanes of a warp on a GPU, for core/rank.h: a number per lane is a register.
#pragma once

#include <cstdint>

namespace switchyard::kernels {

struct DeviceWarp {
  using Lanes = std::uint32_t;
  static constexpr unsigned kAll = 0xFFFFFFFF;

  __device__ static std::uint32_t Lane() { return threadIdx.x % 32; }
  template <class F>
  __device__ static Lanes Map(F f) {
    return f(Lane());
  }
  template <class F>
  __device__ static void Each(F f) {
    f(Lane());
  }
  __device__ static std::uint32_t At(Lanes x, std::uint32_t) { return x; }
  __device__ static Lanes MatchAny(Lanes x) { return __match_any_sync(kAll, x); }
  __device__ static Lanes ShuffleUp(Lanes x, std::uint32_t n) { return __shfl_up_sync(kAll, x, n); }
  __device__ static std::uint32_t Last(Lanes x) { return __shfl_sync(kAll, x, 31); }
  __device__ static std::uint32_t Popcount(std::uint32_t bits) {
    return static_cast<std::uint32_t>(__popc(bits));
  }
  __device__ static void Sync() { __syncwarp(); }
};

}  // namespace switchyard::kernels
