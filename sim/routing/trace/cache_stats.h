// Hit rates of an expert cache on the choices of one layer, tokens in order (trace_stats.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/routing/routes.h"

namespace switchyard {

// Tokens of one layer: choices[t * top_k + j], kNoExpert counts as no access.
struct LayerAccesses {
  std::span<const ExpertIndex> choices;
  std::uint32_t top_k = 0;
  std::uint32_t num_experts = 0;
};

// Choices that find their expert resident before their token.
// LRU, for every size at once: an expert is resident in a cache of c iff fewer than c others were
// used after it (Mattson et al., IBM Systems Journal 1970).
[[nodiscard]] std::vector<std::uint64_t> LruHits(const LayerAccesses& accesses,
                                                 std::span<const std::uint32_t> sizes);
// Optimal: after each token keep, of the resident experts and the token's, the `size` that are
// used again soonest.
[[nodiscard]] std::uint64_t BeladyHits(const LayerAccesses& accesses, std::uint32_t size);

}  // namespace switchyard
