// One token's row on the host: its logits, keys and winners. Everything is inlined into the loop
// over rows, once per set of instructions (route_rows.cc).
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "kernels/core/score.h"

namespace switchyard::kernels::host {

inline constexpr std::uint32_t kLanes = 32;

// Lives on the stack of RouteRows; uninitialised between rows.
struct Row {
  std::array<float, kMaxExperts> logit;
  std::array<float, kMaxExperts> value;  // softmax terms, then scores
  std::array<std::uint32_t, kMaxExperts> key;
  std::array<std::uint64_t, kMaxExperts> group;    // key and group, so that larger is better
  std::array<std::uint64_t, kMaxExperts> sorted;   // a copy of `group` to partition
  std::array<std::uint64_t, kMaxTopK + 1> winner;  // key and tie rank, best first
  std::array<float, kMaxTopK> weight;
  SoftmaxOf softmax;
  bool any_nan = false;
  bool any_infinite = false;
};

// Larger is better: the key, then the lower rank.
SWITCHYARD_KERNEL_INLINE std::uint64_t Packed(std::uint32_t key, std::uint32_t rank) {
  return std::uint64_t{key} << 32U | (0xFFFFFFFFU - rank);
}
SWITCHYARD_KERNEL_INLINE std::uint32_t KeyOfPacked(std::uint64_t packed) {
  return static_cast<std::uint32_t>(packed >> 32U);
}
SWITCHYARD_KERNEL_INLINE std::uint32_t RankOfPacked(std::uint64_t packed) {
  return 0xFFFFFFFFU - static_cast<std::uint32_t>(packed);
}

template <class Logit>
SWITCHYARD_KERNEL_INLINE void ReadLogits(const Logit* z, std::uint32_t experts, Row& row) {
  std::uint32_t nans = 0;
  std::uint32_t infinities = 0;
  for (std::uint32_t e = 0; e < experts; ++e) {
    const float logit = LogitOf(z[e]);
    row.logit[e] = logit;
    nans += det::IsNan(logit) ? 1U : 0U;
    infinities += det::IsInfinite(logit) ? 1U : 0U;
  }
  row.any_nan = nans > 0;
  row.any_infinite = infinities > 0;
}

// In the order of the lanes of a warp: lane l has experts 128 i + 4 l + j and adds them in
// ascending order; then lanes are added over 16, 8, 4, 2, 1. Absent experts are 0 and change
// nothing.
SWITCHYARD_KERNEL_INLINE float SumOverLanes(const float* value, std::uint32_t experts) {
  constexpr std::uint32_t kPerLane = 4;
  std::array<float, kLanes> lane{};
  std::uint32_t e = 0;
  for (; e + kLanes * kPerLane <= experts; e += kLanes * kPerLane) {
    for (std::uint32_t j = 0; j < kPerLane; ++j) {
      for (std::uint32_t l = 0; l < kLanes; ++l) {
        lane[l] = det::Add(lane[l], value[e + l * kPerLane + j]);
      }
    }
  }
  for (; e < experts; ++e) {
    const std::uint32_t l = e / kPerLane % kLanes;
    lane[l] = det::Add(lane[l], value[e]);
  }
  for (std::uint32_t step = kLanes / 2; step > 0; step /= 2) {
    for (std::uint32_t l = 0; l < step; ++l) lane[l] = det::Add(lane[l], lane[l + step]);
  }
  return lane[0];
}

SWITCHYARD_KERNEL_INLINE SoftmaxOf SoftmaxOverRow(const RouteSpec& spec, Row& row) {
  std::uint32_t largest = kExcludedKey;
  for (std::uint32_t e = 0; e < spec.experts; ++e) {
    const std::uint32_t key = OrderedKey(row.logit[e]);
    largest = key > largest ? key : largest;
  }
  SoftmaxOf softmax;
  softmax.max = FloatOfKey(largest);
  softmax.poisoned = Poisons(spec, row.any_nan, softmax.max);
  for (std::uint32_t e = 0; e < spec.experts; ++e) {
    row.value[e] = SoftmaxAddend(row.logit[e], softmax.max);
  }
  softmax.sum = SumOverLanes(row.value.data(), spec.experts);
  return softmax;
}

// Scores from the terms that SoftmaxOverRow left behind, or from the logits.
SWITCHYARD_KERNEL_INLINE void ScoreRow(const RouteSpec& spec, Row& row) {
  const std::uint32_t experts = spec.experts;
  switch (spec.score) {
    case ScoreFunction::kSoftmax:
      for (std::uint32_t e = 0; e < experts; ++e) {
        const float share = det::Div(row.value[e], row.softmax.sum);
        row.value[e] = row.softmax.poisoned || det::IsNan(row.logit[e]) ? det::Nan() : share;
      }
      break;
    case ScoreFunction::kSigmoid:
      for (std::uint32_t e = 0; e < experts; ++e) row.value[e] = det::Sigmoid(row.logit[e]);
      break;
    case ScoreFunction::kSqrtSoftplus:
      for (std::uint32_t e = 0; e < experts; ++e) {
        row.value[e] = det::Sqrt(det::Softplus(row.logit[e]));
      }
      break;
    case ScoreFunction::kIdentity:
      std::copy_n(row.logit.begin(), experts, row.value.begin());
      break;
  }
  if (spec.nan != NanRule::kAsZeroScore) return;
  for (std::uint32_t e = 0; e < experts; ++e) row.value[e] = ScoreUnder(spec.nan, row.value[e]);
}

SWITCHYARD_KERNEL_INLINE void KeysOf(const RouteSpec& spec, const float* value, Row& row) {
  std::uint32_t nans = 0;
  for (std::uint32_t e = 0; e < spec.experts; ++e) {
    const std::uint32_t key = OrderedKey(value[e]);
    row.key[e] = key;
    nans += key == kNanKey ? 1U : 0U;
  }
  if (nans == 0) return;
  row.any_nan = true;
  for (std::uint32_t e = 0; e < spec.experts; ++e) row.key[e] = KeyUnder(spec.nan, value[e]);
}

SWITCHYARD_KERNEL_INLINE void KeyRow(const RouteSpec& spec, const float* bias, Row& row) {
  if (spec.select == SelectOn::kLogit) return KeysOf(spec, row.logit.data(), row);
  ScoreRow(spec, row);
  if (spec.select == SelectOn::kScorePlusBias) {
    for (std::uint32_t e = 0; e < spec.experts; ++e) {
      row.value[e] = det::Add(row.value[e], bias[e]);
    }
  }
  KeysOf(spec, row.value.data(), row);
}

}  // namespace switchyard::kernels::host
