// Loads that a placement is prepared for: the windows that were seen, made as different from each
// other as the traffic to come may be from them.
//
//   const Scenarios scenarios(problem.loads, shape.ranks, 0.05, problem.seed);
//   scenarios.At(i);       // [experts], sums to `ranks`: the mean load of a rank is 1
//   scenarios.Weight(i);   // its window's share of all load; they sum to 1
//
// A window's difference from the mean, as shares of load, is stretched by the one factor that makes
// the mean total variation (half the sum of absolute differences) of all windows the given one,
// or nearly: loads that would become negative are 0.
// Windows that mix all requests differ by the noise of sampling alone, windows of few requests by
// far more than the next batch will: neither is what to prepare for. More than kMostScenarios
// windows are merged with their neighbours. Fewer than kFewestScenarios get company: the mean times
// lognormal noise of the same total variation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/problem.h"

namespace switchyard {

inline constexpr std::uint32_t kFewestScenarios = 8;
inline constexpr std::uint32_t kMostScenarios = 24;

class Scenarios {
 public:
  Scenarios(const WindowLoads& loads, std::uint32_t ranks, double total_variation,
            std::uint64_t seed);

  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(weight_.size()); }
  [[nodiscard]] std::span<const double> At(std::uint32_t i) const {
    return {values_.data() + std::size_t{i} * experts_, experts_};
  }
  [[nodiscard]] double Weight(std::uint32_t i) const { return weight_[i]; }

 private:
  void AddWindows(const WindowLoads& loads);
  void Stretch(double total_variation);
  void AddNoise(double total_variation, std::uint64_t seed);

  std::uint32_t experts_;
  std::vector<double> mean_;    // [experts] shares of load
  std::vector<double> values_;  // [scenarios, experts]
  std::vector<double> weight_;
};

}  // namespace switchyard
