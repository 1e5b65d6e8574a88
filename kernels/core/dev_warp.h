// A warp of a GPU as the policy that core/host_warp.h describes: a lane's value is a plain value, a
// map plain code, and exchanges are the intrinsics. For .cu files.
#pragma once

#include <cstdint>

#include "kernels/core/det_math.h"

namespace switchyard::kernels {

struct DevWarp {
  template <class T>
  using Lanes = T;
  static constexpr unsigned kAll = 0xFFFFFFFFU;

  template <class T>
  SWITCHYARD_KERNEL_INLINE static T Fill(T value) {
    return value;
  }
  template <class F, class... T>
  SWITCHYARD_KERNEL_INLINE static auto Map(F f, const T&... a) {
    return f(a...);
  }
  template <class F, class... T>
  SWITCHYARD_KERNEL_INLINE static void Do(F f, const T&... a) {
    f(a...);
  }

#if defined(__CUDA_ARCH__)
  static __device__ __forceinline__ std::uint32_t LaneIds() { return threadIdx.x & 31U; }
  static __device__ __forceinline__ std::uint32_t Max(std::uint32_t a) {
    return __reduce_max_sync(kAll, a);
  }
  static __device__ __forceinline__ std::uint32_t Min(std::uint32_t a) {
    return __reduce_min_sync(kAll, a);
  }
  static __device__ __forceinline__ std::uint32_t Sum(std::uint32_t a) {
    return __reduce_add_sync(kAll, a);
  }
  static __device__ __forceinline__ std::uint32_t Ballot(bool a) { return __ballot_sync(kAll, a); }
  static __device__ __forceinline__ bool Any(bool a) { return __any_sync(kAll, a) != 0; }
  template <class T>
  static __device__ __forceinline__ T Xor(T a, std::uint32_t distance) {
    return __shfl_xor_sync(kAll, a, static_cast<int>(distance));
  }
  template <class T>
  static __device__ __forceinline__ T From(T a, std::uint32_t lane) {
    return __shfl_sync(kAll, a, static_cast<int>(lane));
  }
  static __device__ __forceinline__ void Sync() { __syncwarp(); }
#else  // the host's pass over a .cu file reads the same templates; it never runs them
  SWITCHYARD_HOST_DEVICE static std::uint32_t LaneIds();
  SWITCHYARD_HOST_DEVICE static std::uint32_t Max(std::uint32_t a);
  SWITCHYARD_HOST_DEVICE static std::uint32_t Min(std::uint32_t a);
  SWITCHYARD_HOST_DEVICE static std::uint32_t Sum(std::uint32_t a);
  SWITCHYARD_HOST_DEVICE static std::uint32_t Ballot(bool a);
  SWITCHYARD_HOST_DEVICE static bool Any(bool a);
  template <class T>
  SWITCHYARD_HOST_DEVICE static T Xor(T a, std::uint32_t distance);
  template <class T>
  SWITCHYARD_HOST_DEVICE static T From(T a, std::uint32_t lane);
  SWITCHYARD_HOST_DEVICE static void Sync();
#endif
};

}  // namespace switchyard::kernels
