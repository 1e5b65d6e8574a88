// What a token's choice in one layer says about its choices in the next (trace_stats.h).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_stats.h"

namespace switchyard {

// How often tokens choose e in `layer` and f in the layer after it: [e * num_experts + f].
// `num_experts`^2 numbers.
[[nodiscard]] std::vector<std::uint32_t> NextLayerPairs(const RouterTrace& trace,
                                                        std::uint32_t layer);

void AddAffinity(const RouterTrace& trace, TraceStats& stats);

}  // namespace switchyard
