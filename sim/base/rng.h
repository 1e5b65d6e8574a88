// Reproducible random numbers, one independent stream per use.
//
//   Rng rng(seed, Stream("router"), layer);
//
// The same (seed, stream, substream) gives the same numbers on every machine and at every
// optimisation level: no std:: distribution is used, their results are implementation-defined.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

#include "sim/base/int128.h"

namespace switchyard {

// FNV-1a: a component's name as its stream number.
[[nodiscard]] constexpr std::uint64_t Stream(std::string_view name) {
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : name) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return hash;
}

// splitmix64's output function: a bijective mixer of 64 bits (Steele, Lea, Flood, OOPSLA 2014).
[[nodiscard]] constexpr std::uint64_t Mix64(std::uint64_t x) {
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

// xoshiro256++ 1.0 (Blackman, Vigna, ACM TOMS 2021); its state is filled by iterating splitmix64's
// mixer, a generator of another kind, as its authors advise.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0, std::uint64_t substream = 0) {
    // Mixed one after the other, not side by side: (seed 2, stream 1) is not (seed 1, stream 2).
    std::uint64_t x = Mix64(Mix64(Mix64(seed) ^ stream) ^ substream);
    for (std::uint64_t& s : state_) s = x = Mix64(x);
  }

  [[nodiscard]] std::uint64_t Next() {
    const std::uint64_t result = Rotate(state_[0] + state_[3], 23) + state_[0];
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = Rotate(state_[3], 45);
    return result;
  }
  // In (0, 1), never an end: 52 random bits plus one half, which a double holds exactly (with 53
  // bits the largest would round up to 1).
  [[nodiscard]] double Uniform() { return (static_cast<double>(Next() >> 12) + 0.5) * 0x1.0p-52; }
  // In 0..n-1, n > 0; bias below n / 2^64 (Lemire's multiplication without rejection).
  [[nodiscard]] std::uint64_t Below(std::uint64_t n) {
    return static_cast<std::uint64_t>((static_cast<Uint128>(Next()) * n) >> 64);
  }
  // Standard normal, Box-Muller; the second value of a pair is kept.
  [[nodiscard]] double Normal() {
    if (has_spare_) {
      has_spare_ = false;
      return spare_;
    }
    const double radius = std::sqrt(-2.0 * std::log(Uniform()));
    const double angle = 6.283185307179586 * Uniform();
    spare_ = radius * std::sin(angle);
    has_spare_ = true;
    return radius * std::cos(angle);
  }
  // Standard Gumbel: arg max (logit + Gumbel) samples from softmax(logit).
  [[nodiscard]] double Gumbel() { return -std::log(-std::log(Uniform())); }

 private:
  static constexpr std::uint64_t Rotate(std::uint64_t x, int k) {
    return (x << k) | (x >> (64 - k));
  }
  std::array<std::uint64_t, 4> state_{};
  double spare_ = 0.0;
  bool has_spare_ = false;
};

}  // namespace switchyard
