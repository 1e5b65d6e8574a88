// A warp of 32 lanes on the host: the same lanes, exchanges and reductions as DevWarp
// (core/dev_warp.h), one after the other, so that the code written over a warp can be run and
// tested where there is no GPU. It shows that the work is divided rightly among lanes, not that
// memory is accessed without races.
//
// A warp policy W has
//   W::Lanes<T>                 a value per lane; on a GPU simply a T
//   W::Map(f, a, b, …)          f(a, b, …) in every lane; f is plain code of one lane
//   W::Max|Min|Sum(u32 lanes)   over all lanes, the same answer in each
//   W::Any, W::Ballot(bools)    over all lanes
//   W::Xor(a, distance)         the value of the lane whose number differs in these bits
//   W::From(a, lane)            the value of one lane, in each
//   W::Sync()                   what lanes wrote to memory is seen by all
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace switchyard::kernels {

inline constexpr std::uint32_t kWarpLanes = 32;

struct HostWarp {
  template <class T>
  struct Lanes {
    std::array<T, kWarpLanes> lane;
  };

  static Lanes<std::uint32_t> LaneIds() {
    Lanes<std::uint32_t> ids;
    for (std::uint32_t l = 0; l < kWarpLanes; ++l) ids.lane[l] = l;
    return ids;
  }

  template <class T>
  static Lanes<T> Fill(T value) {
    Lanes<T> all;
    all.lane.fill(value);
    return all;
  }

  template <class F, class... T>
  static auto Map(F f, const Lanes<T>&... a) -> Lanes<decltype(f(a.lane[0]...))> {
    Lanes<decltype(f(a.lane[0]...))> out;
    for (std::size_t l = 0; l < kWarpLanes; ++l) out.lane[l] = f(a.lane[l]...);
    return out;
  }

  // Map for what a lane does, not what it has.
  template <class F, class... T>
  static void Do(F f, const Lanes<T>&... a) {
    for (std::size_t l = 0; l < kWarpLanes; ++l) f(a.lane[l]...);
  }

  static std::uint32_t Max(const Lanes<std::uint32_t>& a) {
    std::uint32_t most = 0;
    for (const std::uint32_t x : a.lane) most = x > most ? x : most;
    return most;
  }
  static std::uint32_t Min(const Lanes<std::uint32_t>& a) {
    std::uint32_t least = 0xFFFFFFFFU;
    for (const std::uint32_t x : a.lane) least = x < least ? x : least;
    return least;
  }
  static std::uint32_t Sum(const Lanes<std::uint32_t>& a) {
    std::uint32_t sum = 0;
    for (const std::uint32_t x : a.lane) sum += x;
    return sum;
  }
  static std::uint32_t Ballot(const Lanes<bool>& a) {
    std::uint32_t bits = 0;
    for (std::uint32_t l = 0; l < kWarpLanes; ++l) bits |= (a.lane[l] ? 1U : 0U) << l;
    return bits;
  }
  static bool Any(const Lanes<bool>& a) { return Ballot(a) != 0; }

  template <class T>
  static Lanes<T> Xor(const Lanes<T>& a, std::uint32_t distance) {
    Lanes<T> out;
    for (std::uint32_t l = 0; l < kWarpLanes; ++l) out.lane[l] = a.lane[l ^ distance];
    return out;
  }
  template <class T>
  static T From(const Lanes<T>& a, std::uint32_t lane) {
    return a.lane[lane];
  }
  static void Sync() {}
};

}  // namespace switchyard::kernels
