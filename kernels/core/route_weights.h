// The weights of a row's winners on a warp: every lane weighs its own, from the logit read again.
#pragma once

#include <cstdint>

#include "kernels/core/host_warp.h"
#include "kernels/core/route_keys.h"
#include "kernels/core/route_winners.h"
#include "kernels/core/score.h"
#include "kernels/core/warp_rows.h"

namespace switchyard::kernels {

// One token's output, top_k each.
struct RowOutput {
  std::uint16_t* expert = nullptr;
  float* weight = nullptr;  // null: not wanted
};

// Of winner 32 set + lane; what is not asked for stays undefined.
template <class W>
struct WinnerFloats {
  typename W::template Lanes<float> value[Winners<W>::kSets];  // NOLINT: registers
};

// Added up in the order of the winners.
template <class W>
SWITCHYARD_KERNEL_INLINE float SumInOrder(const WinnerFloats<W>& addend, std::uint32_t top_k) {
  float sum = 0.0F;
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    for (std::uint32_t k = set * kWarpLanes; k < (set + 1) * kWarpLanes && k < top_k; ++k) {
      sum = det::Add(sum, W::From(addend.value[set], k % kWarpLanes));
    }
  }
  return sum;
}

template <class W>
SWITCHYARD_KERNEL_INLINE SoftmaxOf SoftmaxOverWinners(const RouteSpec& spec,
                                                      const WinnerFloats<W>& logit) {
  const auto lanes = W::LaneIds();
  auto largest = W::Fill(kExcludedKey);
  auto nan = W::Fill(false);
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    const auto key = W::Map(
        [&](std::uint32_t lane, float z) {
          return set * kWarpLanes + lane < spec.top_k ? OrderedKey(z) : kExcludedKey;
        },
        lanes, logit.value[set]);
    largest = W::Map([](std::uint32_t a, std::uint32_t b) { return a > b ? a : b; }, largest, key);
    nan = W::Map([](bool seen, std::uint32_t k) { return seen || k == kNanKey; }, nan, key);
  }
  SoftmaxOf softmax;
  softmax.max = FloatOfKey(W::Max(largest));
  softmax.poisoned = Poisons(spec, W::Any(nan), softmax.max);
  WinnerFloats<W> addend;
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    addend.value[set] =
        W::Map([&](float z) { return SoftmaxAddend(z, softmax.max); }, logit.value[set]);
  }
  softmax.sum = SumInOrder<W>(addend, spec.top_k);
  return softmax;
}

// Of one winner, from its logit.
SWITCHYARD_KERNEL_INLINE float PlainWeight(const RouteSpec& spec, float z,
                                           const SoftmaxOf& over_winners,
                                           const SoftmaxOf& over_row) {
  switch (spec.weight) {
    case WeightFrom::kScore:
      return WeightUnder(spec.nan, ScoreOfLogit(spec, z, over_row));
    case WeightFrom::kSoftmaxOverTopK:
      return WeightUnder(spec.nan, SoftmaxShare(z, over_winners));
    case WeightFrom::kSigmoidOfLogit:
      return WeightUnder(spec.nan, det::Sigmoid(z));
    case WeightFrom::kUniform:
      break;
  }
  return det::Div(1.0F, static_cast<float>(spec.top_k));
}

// Writes the row's experts and, where they are wanted, its weights.
template <class W>
SWITCHYARD_KERNEL_INLINE void WriteWinners(const RouteSpec& spec, const LogitRow& logits,
                                           const SoftmaxOf& over_row, const Winners<W>& winners,
                                           const RowOutput& out) {
  const auto lanes = W::LaneIds();
  WinnerFloats<W> logit;
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    logit.value[set] = W::Map(
        [&](std::uint32_t lane, std::uint32_t rank) {
          const std::uint32_t k = set * kWarpLanes + lane;
          if (k >= spec.top_k) return 0.0F;
          const std::uint32_t e = ExpertOfTieRank(spec.tie, rank);
          out.expert[k] = static_cast<std::uint16_t>(e);
          return logits.At(e);
        },
        lanes, winners.rank[set]);
  }
  if (out.weight == nullptr) return;
  SoftmaxOf over_winners;
  if (spec.weight == WeightFrom::kSoftmaxOverTopK) {
    over_winners = SoftmaxOverWinners<W>(spec, logit);
  }
  WinnerFloats<W> plain;
  WinnerFloats<W> addend;
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    plain.value[set] = W::Map([&](float z) { return PlainWeight(spec, z, over_winners, over_row); },
                              logit.value[set]);
    addend.value[set] = W::Map([&](float w) { return RowAddend(spec, w); }, plain.value[set]);
  }
  const float factor = RowFactor(spec, SumInOrder<W>(addend, spec.top_k));
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    W::Do(
        [&](std::uint32_t lane, float w) {
          const std::uint32_t k = set * kWarpLanes + lane;
          if (k < spec.top_k) out.weight[k] = det::CanonicalNan(det::Mul(w, factor));
        },
        lanes, plain.value[set]);
  }
}

template <class W>
SWITCHYARD_KERNEL_INLINE void FlagWinners(const RouteSpec& spec, const Winners<W>& winners,
                                          RowFlags& flags) {
  auto odd = W::Fill(false);
  SWITCHYARD_UNROLL
  for (std::uint32_t set = 0; set < Winners<W>::kSets; ++set) {
    odd = W::Map(
        [&](std::uint32_t lane, std::uint32_t key, bool seen) {
          return seen || (set * kWarpLanes + lane < spec.top_k && !IsFiniteKey(key));
        },
        W::LaneIds(), winners.key[set], odd);
  }
  flags.any_winner_not_finite = W::Any(odd);
  flags.winner_ties_with_loser = winners.last_key == winners.best_loser;
}

}  // namespace switchyard::kernels
