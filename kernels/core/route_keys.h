// A warp turns a token's logits into keys: the first half of RouteTopK on a GPU. Over a policy W
// (core/host_warp.h) and a row that holds a word per expert (core/warp_rows.h).
#pragma once

#include <cstdint>

#include "kernels/core/host_warp.h"
#include "kernels/core/score.h"
#include "kernels/core/warp_rows.h"

namespace switchyard::kernels {

// One token's input.
struct RowInput {
  LogitRow logits;
  const float* bias = nullptr;
};

// What is odd about a row.
struct RowFlags {
  bool any_nan = false;
  bool any_infinite = false;
  bool any_winner_not_finite = false;
  bool winner_ties_with_loser = false;
};

// The row's logits, by their bits. Absent experts have 0.
template <class W, class Row>
SWITCHYARD_KERNEL_INLINE void ReadLogits(const RouteSpec& spec, const RowInput& in, Row& row,
                                         RowFlags& flags) {
  constexpr std::uint32_t kNan = 1;
  constexpr std::uint32_t kInfinite = 2;
  const auto lanes = W::LaneIds();
  auto odd = W::Fill(std::uint32_t{0});
  const std::uint32_t experts = spec.experts;
  row.ForChunks([&](std::uint32_t chunk) {
    const auto quad = W::Map(
        [&](std::uint32_t lane) {
          const std::uint32_t first = chunk * kChunk + kPerLane * lane;
          return in.logits.From<Row::kQuads>(first, experts);
        },
        lanes);
    SWITCHYARD_UNROLL
    for (std::uint32_t j = 0; j < kPerLane; ++j) {
      const auto bits = W::Map([j](const Quad& q) { return BitsOf(q.value[j]); }, quad);
      row.Set(chunk * kPerLane + j, bits);
      odd = W::Map(
          [](std::uint32_t seen, std::uint32_t z) {
            const std::uint32_t magnitude = z & det::kMagnitude;
            return seen | (magnitude > det::kInfinityBits ? kNan : 0U) |
                   (magnitude == det::kInfinityBits ? kInfinite : 0U);
          },
          odd, bits);
    }
  });
  flags.any_nan = W::Any(W::Map([](std::uint32_t seen) { return (seen & kNan) != 0; }, odd));
  flags.any_infinite =
      W::Any(W::Map([](std::uint32_t seen) { return (seen & kInfinite) != 0; }, odd));
}

template <class W>
SWITCHYARD_KERNEL_INLINE float SumOverLanes(typename W::template Lanes<float> partial) {
  SWITCHYARD_UNROLL
  for (std::uint32_t distance = kWarpLanes / 2; distance > 0; distance /= 2) {
    partial =
        W::Map([](float a, float b) { return det::Add(a, b); }, partial, W::Xor(partial, distance));
  }
  return W::From(partial, 0);
}

// The softmax of the row. Where scores are asked for, logits are replaced by their terms; a NaN
// stays one.
template <class W, class Row>
SWITCHYARD_KERNEL_INLINE SoftmaxOf SoftmaxOverRow(const RouteSpec& spec, Row& row, bool any_nan) {
  const auto lanes = W::LaneIds();
  const std::uint32_t experts = spec.experts;
  auto largest = W::Fill(kExcludedKey);
  row.ForSlots([&](std::uint32_t slot) {
    largest = W::Map(
        [&](std::uint32_t lane, std::uint32_t z, std::uint32_t most) {
          const std::uint32_t key = OrderedKey(FloatOf(z));
          return FirstOfSlot(slot) + kPerLane * lane < experts && key > most ? key : most;
        },
        lanes, row.Get(slot), largest);
  });
  SoftmaxOf softmax;
  softmax.max = FloatOfKey(W::Max(largest));
  softmax.poisoned = Poisons(spec, any_nan, softmax.max);
  const bool keep_terms = spec.select != SelectOn::kLogit;
  auto partial = W::Fill(0.0F);
  row.ForSlots([&](std::uint32_t slot) {
    const auto logit = row.Get(slot);
    const auto term =
        W::Map([&](std::uint32_t z) { return SoftmaxTerm(FloatOf(z), softmax.max); }, logit);
    partial = W::Map(
        [&](std::uint32_t lane, float t, float sum) {
          const bool counts = FirstOfSlot(slot) + kPerLane * lane < experts && !det::IsNan(t);
          return det::Add(sum, counts ? t : 0.0F);
        },
        lanes, term, partial);
    if (keep_terms) row.Set(slot, W::Map([](float t) { return BitsOf(t); }, term));
  });
  softmax.sum = SumOverLanes<W>(partial);
  return softmax;
}

// Logits, or terms, become keys; absent experts are out of the race.
template <class W, class Row>
SWITCHYARD_KERNEL_INLINE void KeyRow(const RouteSpec& spec, const RowInput& in,
                                     const SoftmaxOf& softmax, Row& row, RowFlags& flags) {
  const auto lanes = W::LaneIds();
  const std::uint32_t experts = spec.experts;
  auto nan = W::Fill(false);
  row.ForChunks([&](std::uint32_t chunk) {
    auto bias = W::Fill(Quad{});
    if (spec.select == SelectOn::kScorePlusBias) {
      bias = W::Map(
          [&](std::uint32_t lane) {
            const std::uint32_t first = chunk * kChunk + kPerLane * lane;
            return ReadQuad<Row::kQuads>(in.bias, first, experts);
          },
          lanes);
    }
    SWITCHYARD_UNROLL
    for (std::uint32_t j = 0; j < kPerLane; ++j) {
      const std::uint32_t slot = chunk * kPerLane + j;
      const auto value = W::Map(
          [&](std::uint32_t word, const Quad& b) {
            if (spec.select == SelectOn::kLogit) return FloatOf(word);
            const float score = ScoreOf(spec, FloatOf(word), softmax);
            return spec.select == SelectOn::kScore ? score : det::Add(score, b.value[j]);
          },
          row.Get(slot), bias);
      nan = W::Map([](bool seen, float v) { return seen || det::IsNan(v); }, nan, value);
      row.Set(slot, W::Map(
                        [&](std::uint32_t lane, float v) {
                          const bool there = FirstOfSlot(slot) + kPerLane * lane < experts;
                          return there ? KeyUnder(spec.nan, v) : kExcludedKey;
                        },
                        lanes, value));
    }
  });
  flags.any_nan = flags.any_nan || W::Any(nan);
}

}  // namespace switchyard::kernels
