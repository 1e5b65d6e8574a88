// How long does it take to place the experts of one layer, and how near to the bound does it come?
//
//   placement_bench --benchmark_filter=Balanced
//
// 256 experts, log-normal loads (sigma 0.5 and 1.0, as DeepSeek-V3's would be; 131,072 choices),
// drawn here, a layer after the other. Rows by slots a rank: 8 (32 ranks, no redundant slots), 5
// (64 ranks, 64 redundant), 3 (96, 32), 2 (160, 64). Counters: balancedness, mean over largest load
// of a rank; of_bound, that over the bound (of the linear program at two slots). Goals: 1 ms a
// layer at 4 slots and more, 50 ms below (vLLM's EPLB in numpy takes 0.6 ms).
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <map>
#include <numeric>
#include <vector>

#include "sim/base/rng.h"
#include "sim/placement/bounds.h"
#include "sim/placement/evaluate.h"
#include "sim/placement/exact/fold_lp.h"
#include "sim/placement/policy.h"

namespace switchyard {
namespace {

constexpr std::size_t kLayers = 8;

PlacementShape ShapeOf(std::int64_t slots) {
  const std::map<std::int64_t, std::uint32_t> ranks = {{8, 32}, {5, 64}, {3, 96}, {2, 160}};
  return {256, ranks.at(slots), 8, static_cast<std::uint32_t>(slots), 8};
}

std::vector<PlacementProblem> Problems(const PlacementShape& shape) {
  Rng rng(1, Stream("placement_bench"));
  std::vector<PlacementProblem> problems;
  for (std::size_t layer = 0; layer < kLayers; ++layer) {
    std::vector<double> loads;
    for (std::uint32_t e = 0; e < shape.experts; ++e) {
      loads.push_back(std::exp((layer % 2 == 0 ? 0.5 : 1.0) * rng.Normal()));
    }
    const double scale = 131072 / std::accumulate(loads.begin(), loads.end(), 0.0);
    for (double& load : loads) load = std::round(load * scale);
    problems.emplace_back();
    problems.back().shape = shape;
    problems.back().loads = WindowLoads(shape.experts);
    problems.back().loads.Add(loads);
  }
  return problems;
}

double BoundOf(const PlacementProblem& problem) {
  const PlacementShape& shape = problem.shape;
  const std::span<const double> loads = problem.loads.Total();
  if (shape.slots_per_rank != 2) return BoundBalance(shape, loads).balancedness;
  const double mean = std::accumulate(loads.begin(), loads.end(), 0.0) / shape.ranks;
  return mean / FoldLpBound({loads, shape.slots(), shape.ranks});
}

// One layer an iteration, in turn.
void Place(benchmark::State& state, PlacementKind kind) {
  const std::vector<PlacementProblem> problems = Problems(ShapeOf(state.range(0)));
  const auto policy = MakePlacementPolicy(kind);
  std::size_t layer = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(policy->Place(problems[layer++ % kLayers]));
  }
  double balancedness = 0;
  double bound = 0;
  for (const PlacementProblem& problem : problems) {
    const Placement placement = policy->Place(problem);
    balancedness += Balancedness(placement, problem.loads.Total(), TokenSplit::kUniform) / kLayers;
    bound += BoundOf(problem) / kLayers;
  }
  state.counters["balancedness"] = balancedness;
  state.counters["of_bound"] = balancedness / bound;
}

void Eplb(benchmark::State& state) { Place(state, PlacementKind::kEplb); }
void EplbHierarchical(benchmark::State& state) { Place(state, PlacementKind::kEplbHierarchical); }
void Balanced(benchmark::State& state) { Place(state, PlacementKind::kBalanced); }

void Bound(benchmark::State& state) {
  const std::vector<PlacementProblem> problems = Problems(ShapeOf(state.range(0)));
  std::size_t layer = 0;
  for (auto _ : state) {
    const PlacementProblem& problem = problems[layer++ % kLayers];
    benchmark::DoNotOptimize(BoundBalance(problem.shape, problem.loads.Total()));
  }
}

// The linear program at two slots.
void FoldBound(benchmark::State& state) {
  const std::vector<PlacementProblem> problems = Problems(ShapeOf(2));
  std::size_t layer = 0;
  for (auto _ : state) benchmark::DoNotOptimize(BoundOf(problems[layer++ % kLayers]));
}

void Slots(benchmark::internal::Benchmark* row) {
  row->ArgName("slots")->Arg(8)->Arg(5)->Arg(3)->Arg(2)->Unit(benchmark::kMicrosecond);
}

BENCHMARK(Eplb)->Apply(Slots);
BENCHMARK(EplbHierarchical)->Apply(Slots);
BENCHMARK(Balanced)->Apply(Slots);
BENCHMARK(Bound)->Apply(Slots);
BENCHMARK(FoldBound)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace switchyard
