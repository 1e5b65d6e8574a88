// A trace from a generator, as `switchyard trace generate` writes it.
//
//   RoutingShape shape{.moe_layers = 26, .tokens = 48 * 256, .num_experts = 64, .top_k = 6};
//   Result<RouterTrace> trace = GenerateTrace(kFittedPresets[1].routing, shape, seed, 256);
#pragma once

#include <cstdint>

#include "sim/base/result.h"
#include "sim/routing/expert_router.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

// One prefill step of sequences of `tokens_per_sequence` tokens, the last one possibly shorter; the
// fitted generator takes them as its requests, whatever its tokens_per_request says. Weights, if
// wanted, are kept as bf16. The trace is marked as fitted or synthetic, with its law and seed in
// the notes.
[[nodiscard]] Result<RouterTrace> GenerateTrace(const RoutingSpec& spec, const RoutingShape& shape,
                                                std::uint64_t seed,
                                                std::uint32_t tokens_per_sequence,
                                                bool weights = true);

}  // namespace switchyard
