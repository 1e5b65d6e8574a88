// From one logit to its score, its key and its weight: the rules that the kernels and their twin
// share, expert by expert. What a row needs as a whole (a maximum, a sum) is given to them.
#pragma once

#include <cstdint>

#include "kernels/core/det_math.h"
#include "kernels/core/ordered_key.h"
#include "kernels/route_spec.h"
#include "kernels/routing.h"

namespace switchyard::kernels {

// -0 is read as +0, so that a logit can be had back from its key.
SWITCHYARD_KERNEL_INLINE float LogitOf(float z) { return det::Add(z, 0.0F); }
SWITCHYARD_KERNEL_INLINE float LogitOf(Bf16 z) {
  return LogitOf(FloatOf(static_cast<std::uint32_t>(z.bits) << 16U));
}
SWITCHYARD_KERNEL_INLINE float LogitOf(Fp16 z) {
  constexpr std::uint32_t kHalfInfinity = 0x7C00U;
  constexpr float kTwoTo112 = 5.192296858534828e33F;  // between the two exponents' biases
  const std::uint32_t magnitude = z.bits & 0x7FFFU;
  const std::uint32_t sign = static_cast<std::uint32_t>(z.bits & 0x8000U) << 16U;
  const float finite = det::Mul(FloatOf(magnitude << 13U), kTwoTo112);
  const std::uint32_t odd = det::kInfinityBits | (magnitude << 13U);
  return LogitOf(FloatOf((magnitude >= kHalfInfinity ? odd : BitsOf(finite)) | sign));
}

enum class LogitFormat : std::uint8_t { kFloat, kBf16, kFp16 };
template <class Logit>
inline constexpr LogitFormat kFormatOf = LogitFormat::kFloat;
template <>
inline constexpr LogitFormat kFormatOf<Bf16> = LogitFormat::kBf16;
template <>
inline constexpr LogitFormat kFormatOf<Fp16> = LogitFormat::kFp16;

// A softmax over some logits: the largest of them that is no NaN, and the sum of the terms.
struct SoftmaxOf {
  float max = 0.0F;
  float sum = 1.0F;
  bool poisoned = false;  // a framework's plain arithmetic makes NaN of every score
};

// Frameworks compute e^(z - max) / sum as it comes: one NaN, or an infinite maximum, and the row is
// NaN. The canonical rule keeps the row: a NaN adds nothing, and what equals the maximum adds 1.
SWITCHYARD_KERNEL_INLINE bool Poisons(const RouteSpec& spec, bool any_nan, float max) {
  return spec.nan != NanRule::kLastAndFlag && (any_nan || det::IsInfinite(max));
}

SWITCHYARD_KERNEL_INLINE float SoftmaxTerm(float z, float max) {
  return z == max ? 1.0F : det::Exp(det::Sub(z, max));
}
SWITCHYARD_KERNEL_INLINE float SoftmaxAddend(float z, float max) {
  const float term = SoftmaxTerm(z, max);
  return det::IsNan(z) ? 0.0F : term;
}
SWITCHYARD_KERNEL_INLINE float SoftmaxShare(float z, const SoftmaxOf& row) {
  const float share = det::Div(SoftmaxTerm(z, row.max), row.sum);
  return row.poisoned || det::IsNan(z) ? det::Nan() : share;
}

// Does any score of the row need the softmax's sum?
SWITCHYARD_KERNEL_INLINE bool NeedsSoftmax(const RouteSpec& spec) {
  return spec.score == ScoreFunction::kSoftmax &&
         (spec.select != SelectOn::kLogit || spec.weight == WeightFrom::kScore);
}

// The score of one expert, from its logit; of a softmax from the expert's term, which is NaN where
// the logit is. One exponential and one division in the code for all functions: it is inlined for
// every register of a row.
SWITCHYARD_KERNEL_INLINE float PlainScore(ScoreFunction function, float z_or_term,
                                          const SoftmaxOf& row) {
  if (function == ScoreFunction::kIdentity) return z_or_term;
  det::Quotient q{z_or_term, row.sum};
  if (function != ScoreFunction::kSoftmax) {
    const float t = det::Exp(-det::Abs(z_or_term));
    q = function == ScoreFunction::kSigmoid ? det::SigmoidQuotient(z_or_term, t)
                                            : det::SoftplusQuotient(t);
  }
  const float quotient = det::Div(q.numerator, q.denominator);
  if (function == ScoreFunction::kSqrtSoftplus) {
    return det::Sqrt(det::SoftplusFrom(z_or_term, quotient));
  }
  const bool poisoned = function == ScoreFunction::kSoftmax && row.poisoned;
  return poisoned ? det::Nan() : quotient;
}

SWITCHYARD_KERNEL_INLINE float ScoreUnder(NanRule rule, float score) {
  const bool odd = det::IsNan(score) || det::IsInfinite(score);
  return rule == NanRule::kAsZeroScore && odd ? 0.0F : score;
}

SWITCHYARD_KERNEL_INLINE float ScoreOf(const RouteSpec& spec, float z_or_term,
                                       const SoftmaxOf& row) {
  return ScoreUnder(spec.nan, PlainScore(spec.score, z_or_term, row));
}
SWITCHYARD_KERNEL_INLINE float ScoreOfLogit(const RouteSpec& spec, float z, const SoftmaxOf& row) {
  const bool softmax = spec.score == ScoreFunction::kSoftmax;
  return ScoreOf(spec, softmax ? SoftmaxTerm(z, row.max) : z, row);
}

SWITCHYARD_KERNEL_INLINE std::uint32_t KeyUnder(NanRule rule, float value) {
  constexpr std::uint32_t kLargest = 0xFFFFFFFFU;  // above +inf; still read back as a NaN
  const std::uint32_t key = OrderedKey(value);
  return rule == NanRule::kAsLargest && key == kNanKey ? kLargest : key;
}

SWITCHYARD_KERNEL_INLINE bool IsFiniteKey(std::uint32_t key) {
  constexpr std::uint32_t kLeast = 0x00800000U;  // of -FLT_MAX
  constexpr std::uint32_t kMost = 0xFF7FFFFFU;   // of FLT_MAX
  return key >= kLeast && key <= kMost;
}

// A winner's weight before normalisation. A NaN that won all the same weighs nothing, unless the
// rule is torch's.
SWITCHYARD_KERNEL_INLINE float WeightUnder(NanRule rule, float weight) {
  const float score = ScoreUnder(rule, weight);
  return rule == NanRule::kLastAndFlag && det::IsNan(score) ? 0.0F : score;
}

// TransformerEngine, fused_router/utils.h, naive_topk_and_mask: every lane takes the first of
// experts lane, lane + 32, …; lanes exchange over 16, 8, 4, 2, 1 and keep their own on a tie. Lane
// 0 thus prefers lanes in the order of their reversed bits. Equal keys: the lower rank wins.
SWITCHYARD_KERNEL_INLINE std::uint32_t TieRank(TieRule rule, std::uint32_t expert) {
  if (rule == TieRule::kLowerIndex) return expert;
  std::uint32_t reversed = 0;
  for (std::uint32_t bit = 0; bit < 5; ++bit) reversed = reversed << 1U | (expert >> bit & 1U);
  return reversed << 7U | expert >> 5U;  // kMaxExperts / 32 = 2^7 experts a lane
}
SWITCHYARD_KERNEL_INLINE std::uint32_t ExpertOfTieRank(TieRule rule, std::uint32_t rank) {
  if (rule == TieRule::kLowerIndex) return rank;
  std::uint32_t lane = 0;
  for (std::uint32_t bit = 0; bit < 5; ++bit) lane = lane << 1U | (rank >> (7U + bit) & 1U);
  return (rank & 127U) << 5U | lane;
}

// What every weight of a row is multiplied with, from the sum over its winners in rank order: of
// the weights, for kL2 of their squares.
SWITCHYARD_KERNEL_INLINE float RowFactor(const RouteSpec& spec, float sum) {
  switch (spec.renormalise) {
    case Renormalise::kSum:
      return det::Div(spec.route_scale, sum);
    case Renormalise::kSumPlusEps:
      return det::Div(spec.route_scale, det::Add(sum, spec.renormalise_eps));
    case Renormalise::kClampEps:
      return det::Div(spec.route_scale, sum < spec.renormalise_eps ? spec.renormalise_eps : sum);
    case Renormalise::kL2:
      return det::Div(spec.route_scale, det::Sqrt(sum));
    case Renormalise::kNone:
      break;
  }
  return spec.route_scale;
}
SWITCHYARD_KERNEL_INLINE float RowAddend(const RouteSpec& spec, float weight) {
  return spec.renormalise == Renormalise::kL2 ? det::Mul(weight, weight) : weight;
}

}  // namespace switchyard::kernels
