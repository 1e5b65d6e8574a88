#include "kernels/reference/rows.h"

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

namespace switchyard::kernels::reference {
namespace {

constexpr std::size_t kPartialSums = 32;

// Every partial sum meets its partner at each distance, as a butterfly; the first is the total.
float Butterfly(std::vector<float> partial) {
  for (std::size_t distance = kPartialSums / 2; distance > 0; distance /= 2) {
    const std::vector<float> before = partial;
    for (std::size_t i = 0; i < kPartialSums; ++i) partial[i] = before[i] + before[i ^ distance];
  }
  return partial[0];
}

}  // namespace

bool BetterValue(NanRule rule, float a, float b) {
  if (std::isnan(a) || std::isnan(b)) {
    const bool nan_wins = rule == NanRule::kAsLargest;
    return nan_wins ? std::isnan(a) && !std::isnan(b) : std::isnan(b) && !std::isnan(a);
  }
  return a > b;
}

float LargestNumber(std::span<const float> values) {
  float largest = std::numeric_limits<float>::quiet_NaN();
  for (const float x : values) {
    if (!std::isnan(x) && (std::isnan(largest) || x > largest)) largest = x;
  }
  return largest;
}

float LaneSum(std::span<const float> values) {
  constexpr std::size_t kNeighbours = 4;
  std::vector<float> partial(kPartialSums, 0.0F);
  for (std::size_t e = 0; e < values.size(); ++e) {
    partial[e / kNeighbours % kPartialSums] += values[e];
  }
  return Butterfly(std::move(partial));
}

float StridedSum(std::span<const float> values) {
  std::vector<float> partial(kPartialSums, 0.0F);
  for (std::size_t i = 0; i < values.size(); ++i) partial[i % kPartialSums] += values[i];
  return Butterfly(std::move(partial));
}

}  // namespace switchyard::kernels::reference
