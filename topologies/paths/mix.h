// A hash of a few numbers for choosing among ways: the same in every build and run.
#pragma once

#include <cstdint>

namespace switchyard {

// The finaliser of SplitMix64 (Steele, Lea, Flood, OOPSLA 2014) over a running state.
[[nodiscard]] constexpr std::uint64_t Mix(std::uint64_t state, std::uint64_t value) {
  std::uint64_t z = state + value * 0x9e3779b97f4a7c15ULL + 0x9e3779b97f4a7c15ULL;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

}  // namespace switchyard
