// How long the flow network takes for one skewed all-to-all, from its first flow to its last end.
//
//   flow_bench --benchmark_filter=TwoHop
//
// Paths are computed before the clock starts. Counters: flows; makespan_ms; error_permille:
// makespan against exact sharing (epsilon 0) of the same flows, or, where that takes longer than a
// few seconds, against the busiest link's bytes over its capacity, which no schedule beats and
// which the fabric, non-blocking here, reaches to 0.01 % where both were run; solves;
// mean_end_permille: the mean error of a flow's end against exact, where it was run.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>

#include "tests/engine/flow_harness.h"

namespace switchyard::testing {
namespace {

constexpr std::size_t kMostFlowsForExact = 20000;

void Report(benchmark::State& state, const Problem& problem, const Outcome& outcome) {
  constexpr double kPermille = 1000.0;
  double reference = problem.port_bound;
  if (problem.flows.size() <= kMostFlowsForExact) {
    Harness harness(problem, 0.0);
    const Outcome& exact = harness.Simulate();
    reference = exact.makespan;
    double sum = 0.0;
    for (std::size_t f = 0; f < exact.end.size(); ++f) {
      sum += std::abs(outcome.end[f] / exact.end[f] - 1.0);
    }
    state.counters["mean_end_permille"] = kPermille * sum / static_cast<double>(exact.end.size());
    state.counters["exact_over_bound"] = exact.makespan / problem.port_bound;
  }
  state.counters["error_permille"] = kPermille * (outcome.makespan / reference - 1.0);
  state.counters["flows"] = static_cast<double>(problem.flows.size());
  state.counters["makespan_ms"] = 1e3 * outcome.makespan;
  state.counters["window_us"] = 1e6 * outcome.counters.widest_window.value;
}

// Arguments: GPUs; epsilon in thousandths; oversubscription.
void AllToAll(benchmark::State& state, bool two_hops) {
  const Problem problem = MakeProblem(static_cast<std::uint32_t>(state.range(0)), two_hops,
                                      static_cast<double>(state.range(2)));
  const double epsilon = static_cast<double>(state.range(1)) / 1000.0;
  Harness harness(problem, epsilon);
  const std::uint64_t solves = harness.Simulate().counters.solves;
  for (auto _ : state) benchmark::DoNotOptimize(harness.Simulate().makespan);
  Report(state, problem, harness.Simulate());
  state.counters["solves"] = static_cast<double>(solves);
}
void TwoHop(benchmark::State& state) { AllToAll(state, true); }
void Direct(benchmark::State& state) { AllToAll(state, false); }

BENCHMARK(TwoHop)
    ->ArgNames({"gpus", "eps_permille", "over"})
    ->ArgsProduct({{64, 256}, {0, 10, 20, 40}, {1, 2}})
    ->ArgsProduct({{1024}, {10, 20, 40}, {1}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK(Direct)
    ->ArgNames({"gpus", "eps_permille", "over"})
    ->ArgsProduct({{64, 256}, {10, 20, 40}, {1, 2}})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace switchyard::testing

BENCHMARK_MAIN();
