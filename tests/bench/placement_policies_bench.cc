// How long the policies take that look at tokens, at many windows or at the current placement: one
// layer.
//
//   placement_policies_bench --benchmark_filter=Place/
//
// Place/<policy>: 20,000 tokens with top-6 of 64 experts in 16 topics. node_aware: 8 nodes of 4
// ranks without redundant slots; counter copies, tokens' copies between nodes each. The others: 16
// ranks, 16 redundant slots, 24 windows; incremental from linear placement. Counter balancedness:
// mean over windows, even split, split_aware by the LP.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/placement/evaluate.h"
#include "sim/placement/policy.h"
#include "tests/unit/placement/trace_windows.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kTokens = 20000;
constexpr std::uint32_t kExperts = 64;
constexpr std::uint32_t kTopK = 6;
constexpr std::uint32_t kTopics = 16;
constexpr std::uint32_t kRequest = 160;  // tokens
constexpr std::uint32_t kWindows = 24;

// Of a token's choices every other is of its request's topic.
LayerRoutes Routes() {
  Rng rng(1, Stream("placement_policies_bench"));
  LayerRoutes routes{kTokens, kTopK, kExperts, {}, {}};
  std::uint64_t topic = 0;
  for (std::uint32_t t = 0; t < kTokens; ++t) {
    if (t % kRequest == 0) topic = std::min(rng.Below(kTopics), rng.Below(kTopics));
    std::uint64_t chosen = 0;
    for (std::uint32_t j = 0; j < kTopK;) {
      std::uint64_t e = rng.Below(kExperts);
      if (j % 2 == 0 && j < 4) e = rng.Below(kExperts / kTopics) * kTopics + topic;
      if ((chosen >> e & 1U) != 0) continue;
      chosen |= std::uint64_t{1} << e;
      routes.expert.push_back(static_cast<ExpertIndex>(e));
      ++j;
    }
  }
  return routes;
}

void Place(benchmark::State& state, PlacementKind kind) {
  const LayerRoutes routes = Routes();
  const bool nodes = kind == PlacementKind::kNodeAware;
  PlacementProblem problem;
  problem.shape =
      nodes ? PlacementShape{kExperts, 32, 4, 2, 1} : PlacementShape{kExperts, 16, 4, 5, 1};
  problem.loads = CountWindows(routes, kTokens / kWindows);
  problem.routes = &routes;
  const Placement linear = MakePlacementPolicy(PlacementKind::kLinear)->Place(problem);
  problem.current = &linear;
  const auto policy = MakePlacementPolicy(kind);
  Placement placement;
  for (auto _ : state) placement = policy->Place(problem);
  const TokenSplit split =
      kind == PlacementKind::kSplitAware ? TokenSplit::kLp : TokenSplit::kUniform;
  state.counters["balancedness"] = MeanBalancedness(placement, problem.loads, split);
  state.counters["copies"] =
      CountNodeTraffic(placement, problem.shape, routes).remote_copies_per_token;
}

BENCHMARK_CAPTURE(Place, node_aware, PlacementKind::kNodeAware)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Place, robust, PlacementKind::kRobust)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Place, split_aware, PlacementKind::kSplitAware)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(Place, incremental, PlacementKind::kIncremental)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace switchyard
