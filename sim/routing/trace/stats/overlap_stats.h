// How much of a token's expert set other tokens share: earlier ones of its sequence, and other
// occurrences of its token id (trace_stats.h).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_stats.h"

namespace switchyard {

// A permutation of the trace's tokens, the same for the same number of them.
[[nodiscard]] std::vector<std::uint64_t> ShuffledTokens(std::uint64_t tokens);

// `shuffled` from ShuffledTokens.
void AddOverlap(const RouterTrace& trace, const std::vector<std::uint64_t>& shuffled,
                TraceStats& stats);
void AddSameTokenOverlap(const RouterTrace& trace, TraceStats& stats);

}  // namespace switchyard
