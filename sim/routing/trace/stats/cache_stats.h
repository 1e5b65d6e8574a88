// Hit rates of an expert cache on the choices of one layer, tokens in order (trace_stats.h).
//
// Both policies keep the inclusion property: what a cache of c experts holds, one of c + 1 holds
// too. So one list of experts, of which a cache of c holds the first c, answers for every size at
// once (Mattson et al., IBM Systems Journal 1970).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/routing/routes.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_stats.h"

namespace switchyard {

// Tokens of one layer: choices[t * top_k + j], kNoExpert counts as no access; fewer than 2^32 - 1
// tokens.
struct LayerAccesses {
  std::span<const ExpertIndex> choices;
  std::uint32_t top_k = 0;
  std::uint32_t num_experts = 0;
};

// Choices that find their expert resident before their token, for each of `sizes`.
[[nodiscard]] std::vector<std::uint64_t> LruHits(const LayerAccesses& accesses,
                                                 std::span<const std::uint32_t> sizes);
// Optimal: after each token keep, of the resident experts and the token's, the `size` that are
// used again soonest.
[[nodiscard]] std::vector<std::uint64_t> BeladyHits(const LayerAccesses& accesses,
                                                    std::span<const std::uint32_t> sizes);

// `shuffled`: a permutation of the tokens.
void AddCacheHits(const RouterTrace& trace, const std::vector<std::uint64_t>& shuffled,
                  TraceStats& stats);

}  // namespace switchyard
