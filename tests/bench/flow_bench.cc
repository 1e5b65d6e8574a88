// How long the flow network takes for one skewed all-to-all, from its first flow to its last end.
//
//   flow_bench --benchmark_filter=TwoHop
//
// TwoHop: tokens deduplicated by node, as DeepEP sends them; Direct: a flow for every pair of GPUs;
// both at the epsilon of a simulated step. TwoHopOversubscribed: the leaves' uplinks have half the
// capacity of their NICs, and traffic crosses them. TwoHopExact: epsilon 0. TwoHopStaggered: each
// device enters at a random time within half of the makespan that entering together has.
//
// Paths are computed before the clock starts. Counters: flows; makespan_ms; solves; window_us, the
// widest batch of ends. Where exact sharing of the same flows (epsilon 0) takes seconds at most:
// error_permille of the makespan, mean_end_permille of the ends of flows on average, and
// exact_over_bound_permille, how much the exact makespan is above the bound: the busiest link's
// bytes over its capacity, which no schedule beats. Where it takes minutes: over_bound_permille,
// the makespan over that bound, which the error cannot exceed.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>
#include <vector>

#include "sim/base/rng.h"
#include "tests/engine/flow_harness.h"

namespace switchyard::testing {
namespace {

constexpr std::size_t kMostFlowsForExact = 20000;
constexpr double kPermille = 1000.0;
constexpr double kEntrySpread = 0.5;  // of the makespan

// To a millionth: below it, rounding errors would look like figures. The sum makes -0 a 0.
double Permille(double fraction) { return std::round(1e6 * kPermille * fraction) / 1e6 + 0.0; }
double Above(double value, double reference) { return Permille(value / reference - 1.0); }

double MeanError(const std::vector<double>& ends, const std::vector<double>& exact) {
  double sum = 0.0;
  for (std::size_t f = 0; f < exact.size(); ++f) sum += std::abs(ends[f] / exact[f] - 1.0);
  return Permille(sum / static_cast<double>(exact.size()));
}

// `simulate` runs the all-to-all once on the harness that it is given.
template <class Simulate>
void Measure(benchmark::State& state, const Problem& problem, double epsilon, Simulate simulate) {
  Harness harness(problem, epsilon);
  const std::uint64_t solves = simulate(harness).counters.solves;
  for (auto _ : state) benchmark::DoNotOptimize(simulate(harness).makespan);
  const Outcome& outcome = simulate(harness);
  state.SetComplexityN(state.range(0));
  state.counters["solves"] = static_cast<double>(solves);
  state.counters["flows"] = static_cast<double>(problem.flows.size());
  state.counters["makespan_ms"] = 1e3 * outcome.makespan;
  state.counters["window_us"] = 1e6 * outcome.counters.widest_window.value;
  if (problem.flows.size() > kMostFlowsForExact) {
    state.counters["over_bound_permille"] = Above(outcome.makespan, problem.port_bound);
    return;
  }
  Harness exact_harness(problem, 0.0);
  const Outcome& exact = simulate(exact_harness);
  state.counters["error_permille"] = Above(outcome.makespan, exact.makespan);
  state.counters["mean_end_permille"] = MeanError(outcome.end, exact.end);
  state.counters["exact_over_bound_permille"] = Above(exact.makespan, problem.port_bound);
}

// Arguments: GPUs; oversubscription.
Problem ProblemOf(const benchmark::State& state, bool two_hops) {
  return MakeProblem(static_cast<std::uint32_t>(state.range(0)), two_hops,
                     static_cast<double>(state.range(1)));
}
void AllToAll(benchmark::State& state, bool two_hops, double epsilon) {
  Measure(state, ProblemOf(state, two_hops), epsilon,
          [](Harness& harness) -> const Outcome& { return harness.Simulate(); });
}
void TwoHop(benchmark::State& state) { AllToAll(state, true, kDefaultFlowEpsilon); }
void TwoHopExact(benchmark::State& state) { AllToAll(state, true, 0.0); }
void Direct(benchmark::State& state) { AllToAll(state, false, kDefaultFlowEpsilon); }

void TwoHopStaggered(benchmark::State& state) {
  const Problem problem = ProblemOf(state, true);
  const double spread = kEntrySpread * Harness(problem, kDefaultFlowEpsilon).Simulate().makespan;
  Rng rng(1, Stream("entries"));
  std::vector<double> entries(problem.platform->num_devices());
  for (double& entry : entries) entry = spread * rng.Uniform();
  Measure(state, problem, kDefaultFlowEpsilon,
          [&](Harness& harness) -> const Outcome& { return harness.Simulate(entries); });
}

void Rows(benchmark::internal::Benchmark* row) {
  row->ArgNames({"gpus", "over"})
      ->Unit(benchmark::kMillisecond)
      ->MinTime(0.1)
      ->Repetitions(3)
      ->DisplayAggregatesOnly();
}
BENCHMARK(TwoHop)->Apply(Rows)->ArgsProduct({{64, 256, 1024, 2048}, {1}})->Complexity();
BENCHMARK(TwoHop)->Name("TwoHopOversubscribed")->Apply(Rows)->Args({256, 2});
BENCHMARK(TwoHopExact)->Apply(Rows)->Args({64, 1})->Args({64, 2});
BENCHMARK(Direct)->Apply(Rows)->ArgsProduct({{64, 256}, {1}})->Args({64, 2});
BENCHMARK(TwoHopStaggered)->Apply(Rows)->ArgsProduct({{64, 256}, {1}});

}  // namespace
}  // namespace switchyard::testing
