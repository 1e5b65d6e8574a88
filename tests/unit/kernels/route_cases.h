// Random routing problems, the same on every machine: specifications over all of their fields, and
// rows with what breaks routers: ties, NaN, infinities, zeros of both signs, subnormals.
//
//   const RouteCase c = MakeRouteCase(index, RandomExperts(index));
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/core/philox.h"
#include "kernels/routing.h"

namespace switchyard::kernels {

// Draws of one case, one after the other.
class Draws {
 public:
  explicit Draws(std::uint64_t index, std::uint32_t stream = 0)
      : low_(static_cast<std::uint32_t>(index)),
        high_(static_cast<std::uint32_t>(index >> 32)),
        stream_(stream) {}

  std::uint32_t Word();
  // 0 to below - 1. (A remainder's bias does not matter here.)
  std::uint32_t Below(std::uint32_t below) { return Word() % below; }
  bool OneIn(std::uint32_t n) { return Below(n) == 0; }
  float Unit() { return UnitFloat(Word()); }
  // About normal: four uniform draws, mean 0, variance 1.
  float Normal();

 private:
  std::uint32_t low_ = 0;
  std::uint32_t high_ = 0;
  std::uint32_t stream_ = 0;
  std::uint32_t drawn_ = 0;
  Words4 words_{};
};

struct RouteCase {
  RouteSpec spec;
  std::vector<float> logits;  // one row
  std::vector<float> bias;    // one per expert, or none
};

// Valid for Validate(), of `experts` experts.
RouteSpec RandomSpec(Draws& draws, std::uint32_t experts);
std::vector<float> RandomRow(Draws& draws, std::uint32_t experts);
RouteCase MakeRouteCase(std::uint64_t index, std::uint32_t experts);

// The sizes that break kernels: 1, 2, 7, 31, 33, 64, 96, 128, 192, 256, 384, 512, 896, 1024, 4096;
// small ones far more often than large ones.
std::uint32_t RandomExperts(std::uint64_t index);

}  // namespace switchyard::kernels
