// Slots of an expert from the number of tokens: CapacityOf for host and device code. The rules and
// their sources are in kernels/capacity_spec.h.
//
// Doubles and floats are multiplied and divided one operation at a time, in the order that the
// framework has, so the result has its rounding errors too: ceil(12.5f * 1.2f) is 16, not 15.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/capacity_spec.h"
#include "kernels/views.h"
#include "sim/base/int128.h"

namespace switchyard::kernels::core {

inline constexpr std::uint32_t kUnlimited = 0xFFFFFFFF;

// Tokens per expert as a fraction, before the factor; top_k: what multiplies before rounding.
struct TokenShare {
  std::uint64_t tokens;
  std::uint64_t experts;
  std::uint32_t top_k;
};

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t Saturated(Uint128 x) {
  return x < kUnlimited ? static_cast<std::uint32_t>(x) : kUnlimited;
}

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t Truncated(double x) {
  return x < static_cast<double>(kUnlimited) ? static_cast<std::uint32_t>(x) : kUnlimited;
}

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t RoundExactly(const CapacityRule& rule,
                                                                       const TokenShare& share) {
  const Uint128 top = static_cast<Uint128>(rule.num) * share.tokens * share.top_k;
  const Uint128 bottom = static_cast<Uint128>(rule.den) * share.experts;
  return Saturated(rule.round == CapacityRule::Round::kCeil ? (top + bottom - 1) / bottom
                                                            : top / bottom);
}

// num / den is the double that the decimal fraction of a configuration file becomes: both are
// integers below 2^53, so the division is rounded once.
[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t RoundAsFramework(
    const CapacityRule& rule, const TokenShare& share) {
  using Round = CapacityRule::Round;
  const double factor = static_cast<double>(rule.num) / static_cast<double>(rule.den);
  const auto tokens = static_cast<double>(share.tokens * share.top_k);
  const auto experts = static_cast<double>(share.experts);
  switch (rule.round) {
    case Round::kHalfEven:
      return Truncated(rint(factor * tokens / experts));
    case Round::kCeilDouble:
      return Truncated(ceil(tokens / experts * factor));
    case Round::kFloorProduct:
      return Truncated(factor * tokens / experts);
    case Round::kCeilFloat: {
      const auto share_float = static_cast<float>(static_cast<double>(share.tokens) / experts);
      const auto factor_float = static_cast<float>(factor * static_cast<double>(share.top_k));
      return Truncated(ceil(static_cast<double>(share_float * factor_float)));
    }
    default:
      return Truncated(factor * (tokens / experts));
  }
}

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t Rounded(const CapacityRule& rule,
                                                                  const TokenShare& share) {
  const bool exact =
      rule.round == CapacityRule::Round::kCeil || rule.round == CapacityRule::Round::kFloor;
  return exact ? RoundExactly(rule, share) : RoundAsFramework(rule, share);
}

[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t CapacityOf(const CapacityRule& rule,
                                                                     std::uint32_t tokens,
                                                                     std::uint32_t experts,
                                                                     std::uint32_t top_k,
                                                                     std::uint32_t demand) {
  if (experts == 0 || rule.den == 0 || rule.align == 0) return 0;
  TokenShare share{tokens, experts, 1};
  if (rule.base == CapacityRule::Base::kCeilPerExpert) {
    share.tokens = (share.tokens + experts - 1) / experts;
    share.experts = 1;
  }
  if (rule.times_k == CapacityRule::TimesK::kBeforeRounding) share.top_k = top_k;
  std::uint64_t slots = Rounded(rule, share);
  if (rule.times_k == CapacityRule::TimesK::kAfterRounding) slots *= top_k;
  if (slots < rule.min) slots = rule.min;
  if (rule.clamp_to_demand && slots > demand) slots = demand;
  slots = Saturated((static_cast<Uint128>(slots) + rule.align - 1) / rule.align * rule.align);
  if (rule.clamp_to_tokens && slots > tokens) slots = tokens;
  return static_cast<std::uint32_t>(slots);
}

}  // namespace switchyard::kernels::core
