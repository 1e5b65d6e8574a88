// Tokens of a router trace as what placements are fitted to and judged by: halves of its requests,
// requests in another order, windows and batches.
//
//   const RequestSplit halves = SplitRequests(trace, 0.5, seed);
//   problem.routes = &GatherRoutes(trace, layer, halves.fit);
//   for (span<const std::uint32_t> batch : ...) judge(GatherRoutes(trace, layer, batch));
//
// Tokens are indices into the trace. A request is a sequence of the trace (TraceRun::sequence), in
// however many runs it comes. Deterministic for a seed.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/problem.h"
#include "sim/routing/routes.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

struct RequestSplit {
  std::vector<std::uint32_t> fit;       // tokens in the trace's order
  std::vector<std::uint32_t> held_out;  // all others
};

// A random `fit_share` of the requests (rounded), at least one on each side when there are two.
[[nodiscard]] RequestSplit SplitRequests(const RouterTrace& trace, double fit_share,
                                         std::uint64_t seed);

// All tokens, request after request, requests in random order; inside a request in the trace's.
[[nodiscard]] std::vector<std::uint32_t> ShuffleRequests(const RouterTrace& trace,
                                                         std::uint64_t seed);

// The tokens in random order: batches of them mix all requests.
[[nodiscard]] std::vector<std::uint32_t> ShuffleTokens(std::vector<std::uint32_t> tokens,
                                                       std::uint64_t seed);

// The choices of those tokens, in that order; without weights.
[[nodiscard]] LayerRoutes GatherRoutes(const RouterTrace& trace, std::uint32_t layer,
                                       std::span<const std::uint32_t> tokens);

// Loads of consecutive windows of `window_tokens` tokens; what is left at the end is no window,
// unless it is all there is.
[[nodiscard]] WindowLoads CountWindows(const LayerRoutes& routes, std::uint32_t window_tokens);

}  // namespace switchyard
