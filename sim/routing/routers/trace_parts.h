// The tokens of one half of a trace's requests.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/routing/expert_router.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

// Token numbers in the order of the trace. Requests (sequences) are dealt in an order that is
// random but fixed, each to the half with fewer tokens so far: both halves hold the same mix, and
// no request is in both. With fewer than four requests, the first half of the tokens and the
// second. Not for kAll.
[[nodiscard]] std::vector<std::uint64_t> TokensOfPart(const RouterTrace& trace, TracePart part);

}  // namespace switchyard
