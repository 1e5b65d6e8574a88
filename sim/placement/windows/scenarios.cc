#include "sim/placement/windows/scenarios.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/base/rng.h"

namespace switchyard {
namespace {

double Sum(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

// To a sum of 1; zeros become equal shares.
void Normalise(std::span<double> values) {
  const double sum = Sum(values);
  for (double& v : values) v = sum > 0 ? v / sum : 1.0 / static_cast<double>(values.size());
}

// E |X| of a standard normal X: the total variation of p * (1 + s X) from p is s / 2 times that.
constexpr double kMeanAbsoluteNormal = 0.7978845608028654;

}  // namespace

Scenarios::Scenarios(const WindowLoads& loads, std::uint32_t ranks, double total_variation,
                     std::uint64_t seed)
    : experts_(loads.experts()), mean_(loads.Total().begin(), loads.Total().end()) {
  Normalise(mean_);
  AddWindows(loads);
  Stretch(total_variation);
  if (size() < kFewestScenarios) AddNoise(total_variation, seed);
  const double weights = Sum(weight_);
  for (double& w : weight_) w /= weights;
  for (double& v : values_) v *= ranks;
}

void Scenarios::AddWindows(const WindowLoads& loads) {
  const std::uint32_t groups = std::min(loads.windows(), kMostScenarios);
  for (std::uint32_t g = 0; g < groups; ++g) {
    std::vector<double> sum(experts_);
    for (std::uint32_t w = g * loads.windows() / groups; w < (g + 1) * loads.windows() / groups;
         ++w) {
      for (std::uint32_t e = 0; e < experts_; ++e) sum[e] += loads.Window(w)[e];
    }
    if (Sum(sum) <= 0) continue;
    weight_.push_back(Sum(sum));
    Normalise(sum);
    values_.insert(values_.end(), sum.begin(), sum.end());
  }
}

void Scenarios::Stretch(double total_variation) {
  double seen = 0;
  for (std::uint32_t i = 0; i < size(); ++i) {
    for (std::uint32_t e = 0; e < experts_; ++e) {
      seen += weight_[i] * std::fabs(At(i)[e] - mean_[e]) / 2;
    }
  }
  seen /= std::max(Sum(weight_), 1e-300);
  // One window, or windows that are all the same: nothing to stretch.
  if (seen < 1e-9) return;
  const double factor = total_variation / seen;
  for (std::uint32_t i = 0; i < size(); ++i) {
    const std::span<double> values(values_.data() + std::size_t{i} * experts_, experts_);
    for (std::uint32_t e = 0; e < experts_; ++e) {
      values[e] = std::max(0.0, mean_[e] + factor * (values[e] - mean_[e]));
    }
    Normalise(values);
  }
}

void Scenarios::AddNoise(double total_variation, std::uint64_t seed) {
  const double spread = 2 * total_variation / kMeanAbsoluteNormal;
  const double weight = weight_.empty() ? 1.0 : Sum(weight_) / size();
  Rng rng(seed, Stream("scenarios"));
  while (size() < kFewestScenarios) {
    std::vector<double> noisy = mean_;
    for (double& v : noisy) v *= std::exp(spread * rng.Normal());
    Normalise(noisy);
    values_.insert(values_.end(), noisy.begin(), noisy.end());
    weight_.push_back(weight);
  }
}

}  // namespace switchyard
