#include "tests/unit/placement/trace_windows.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "sim/base/check.h"
#include "sim/base/rng.h"

namespace switchyard {
namespace {

// Fisher and Yates.
template <typename T>
void Shuffle(std::vector<T>& values, Rng& rng) {
  for (std::size_t n = values.size(); n > 1; --n) std::swap(values[n - 1], values[rng.Below(n)]);
}

// The tokens of each request, requests by their first token.
std::vector<std::vector<std::uint32_t>> TokensOfRequests(const RouterTrace& trace) {
  std::vector<std::vector<std::uint32_t>> requests;
  std::map<std::uint32_t, std::size_t> index;
  std::uint32_t token = 0;
  for (const TraceRun& run : trace.runs) {
    const auto [found, is_new] = index.try_emplace(run.sequence, requests.size());
    if (is_new) requests.emplace_back();
    for (std::uint32_t i = 0; i < run.tokens; ++i) requests[found->second].push_back(token++);
  }
  return requests;
}

}  // namespace

RequestSplit SplitRequests(const RouterTrace& trace, double fit_share, std::uint64_t seed) {
  std::vector<std::vector<std::uint32_t>> requests = TokensOfRequests(trace);
  Rng rng(seed, Stream("split requests"));
  Shuffle(requests, rng);
  const std::size_t n = requests.size();
  auto fitted = static_cast<std::size_t>(std::llround(fit_share * static_cast<double>(n)));
  if (n > 1) fitted = std::clamp<std::size_t>(fitted, 1, n - 1);
  RequestSplit split;
  for (std::size_t i = 0; i < n; ++i) {
    std::vector<std::uint32_t>& side = i < fitted ? split.fit : split.held_out;
    side.insert(side.end(), requests[i].begin(), requests[i].end());
  }
  std::sort(split.fit.begin(), split.fit.end());
  std::sort(split.held_out.begin(), split.held_out.end());
  return split;
}

std::vector<std::uint32_t> ShuffleRequests(const RouterTrace& trace, std::uint64_t seed) {
  std::vector<std::vector<std::uint32_t>> requests = TokensOfRequests(trace);
  Rng rng(seed, Stream("shuffle requests"));
  Shuffle(requests, rng);
  std::vector<std::uint32_t> tokens;
  for (const auto& request : requests) tokens.insert(tokens.end(), request.begin(), request.end());
  return tokens;
}

std::vector<std::uint32_t> ShuffleTokens(std::vector<std::uint32_t> tokens, std::uint64_t seed) {
  Rng rng(seed, Stream("shuffle tokens"));
  Shuffle(tokens, rng);
  return tokens;
}

LayerRoutes GatherRoutes(const RouterTrace& trace, std::uint32_t layer,
                         std::span<const std::uint32_t> tokens) {
  LayerRoutes routes;
  routes.tokens = static_cast<std::uint32_t>(tokens.size());
  routes.top_k = trace.top_k;
  routes.num_experts = trace.num_experts;
  routes.expert.reserve(tokens.size() * trace.top_k);
  for (const std::uint32_t token : tokens) {
    const std::span<const ExpertIndex> choices = trace.Choices(layer, token);
    routes.expert.insert(routes.expert.end(), choices.begin(), choices.end());
  }
  return routes;
}

WindowLoads CountWindows(const LayerRoutes& routes, std::uint32_t window_tokens) {
  SWITCHYARD_CHECK(window_tokens > 0, "a window has tokens");
  WindowLoads loads(routes.num_experts);
  const std::uint32_t size = std::min(window_tokens, std::max(routes.tokens, 1U));
  std::vector<double> counts(routes.num_experts);
  for (std::uint32_t first = 0; first + size <= routes.tokens; first += size) {
    std::fill(counts.begin(), counts.end(), 0.0);
    for (std::uint32_t t = first; t < first + size; ++t) {
      for (const ExpertIndex e : routes.ChoicesOf(t)) {
        if (e != kNoExpert) counts[e] += 1;
      }
    }
    loads.Add(counts);
  }
  return loads;
}

}  // namespace switchyard
