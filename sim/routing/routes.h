// Router decisions of one MoE layer for the tokens of one step.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/units.h"

namespace switchyard {

using ExpertIndex = std::uint16_t;
inline constexpr ExpertIndex kNoExpert =
    0xffff;  // a choice that was never made (padding in a trace)

// expert[t * top_k + j] is the j-th choice of token t, best first; no expert twice in a token.
// Tokens are ordered by sender: tokens_per_rank consecutive tokens belong to each rank.
struct LayerRoutes {
  std::uint32_t tokens = 0;
  std::uint32_t top_k = 0;
  std::uint32_t num_experts = 0;
  std::vector<ExpertIndex> expert;  // [tokens, top_k]
  std::vector<float> weight;        // [tokens, top_k] router weight, or empty when unknown

  [[nodiscard]] std::span<const ExpertIndex> ChoicesOf(std::uint32_t token) const {
    return {expert.data() + std::size_t{token} * top_k, top_k};
  }
};

// Tokens [first, first + count), which `routes` has.
[[nodiscard]] LayerRoutes SliceTokens(const LayerRoutes& routes, std::uint64_t first,
                                      std::uint32_t count);

// kept[i] != 0: choice i of LayerRoutes::expert is computed; 0: dropped by the capacity rule.
// Empty: all are computed, and none is kNoExpert.
using KeptMask = std::vector<std::uint8_t>;

}  // namespace switchyard
