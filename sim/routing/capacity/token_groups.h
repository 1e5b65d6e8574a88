// The tokens that compete for the same buffers, and the order in which their choices are served.
//
//   for (const TokenGroup& group : TokenGroups(spec.group, routes.tokens, context.tokens_per_rank))
//     VisitChoices(group, routes.top_k, spec.order, [&](std::size_t choice) { ... });
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "sim/routing/capacity_rule.h"

namespace switchyard {

// Tokens first..last-1. `size` tokens set the capacity: tokens_per_rank even where the last
// sender has fewer, so that all senders have equal buffers.
struct TokenGroup {
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  std::uint32_t size = 0;
};

// One group of all tokens, or one per sender.
[[nodiscard]] std::vector<TokenGroup> TokenGroups(CapacityGroup group, std::uint32_t tokens,
                                                  std::uint32_t tokens_per_rank);

// Calls visit(token * top_k + choice) for every choice of the group, token by token (MegaBlocks,
// arXiv 2211.15841) or all first choices, then all second choices, ... (GShard, arXiv 2006.16668).
template <class Visit>
void VisitChoices(const TokenGroup& group, std::uint32_t top_k, CapacityOrder order, Visit visit) {
  if (order == CapacityOrder::kTokenMajor) {
    const std::size_t end = std::size_t{group.last} * top_k;
    for (std::size_t i = std::size_t{group.first} * top_k; i < end; ++i) visit(i);
    return;
  }
  for (std::uint32_t j = 0; j < top_k; ++j) {
    for (std::uint32_t t = group.first; t < group.last; ++t) visit(std::size_t{t} * top_k + j);
  }
}

}  // namespace switchyard
