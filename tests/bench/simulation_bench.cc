// How long the simulation of one decode step takes within a run: from the platform's construction
// to the finished result, without the program's start, its reading of the scenario and its report.
//
//   simulation_bench
//
// Each iteration in a child of its own: SimGrid simulates once a process. Time, "manual" in Google
// Benchmark's words: the child's CPU time. Counter: wall_ms, what the result calls sim.wall_s.
#include <benchmark/benchmark.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <ctime>
#include <string>

#include "sim/base/check.h"
#include "sim/pipeline/simulate.h"
#include "sim/scenario/load.h"

namespace switchyard {
namespace {

struct Cost {
  double cpu_s = 0.0;
  double wall_s = 0.0;
};

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + 1e-9 * static_cast<double>(time.tv_nsec);
}

// In the child.
bool SimulateAndSend(const Scenario& scenario, int to) {
  const double begin = CpuSeconds();
  const auto step = Simulate(scenario);
  if (!step.ok()) return false;
  const Cost cost{CpuSeconds() - begin, step.value()->result.sim.wall_s};
  return write(to, &cost, sizeof cost) == static_cast<ssize_t>(sizeof cost);
}

bool InChild(const Scenario& scenario, Cost& cost) {
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return false;
  const pid_t child = fork();
  if (child == 0) _exit(SimulateAndSend(scenario, ends[1]) ? 0 : 1);
  close(ends[1]);
  const bool whole =
      child > 0 && read(ends[0], &cost, sizeof cost) == static_cast<ssize_t>(sizeof cost);
  close(ends[0]);
  int status = 0;
  return child > 0 && waitpid(child, &status, 0) == child && whole && status == 0;
}

void Simulation(benchmark::State& state, const std::string& fidelity) {
  const std::string root = SWITCHYARD_SOURCE_DIR;
  const std::string file = "moe_step_" + std::to_string(state.range(0)) + ".yaml";
  LoadOptions options;
  options.data_root = root;
  options.fidelity = fidelity;
  const auto loaded = LoadScenario(root + "/scenarios/scale/" + file, options);
  SWITCHYARD_CHECK(loaded.ok(), "a benchmark's scenario is wrong");
  double wall = 0.0;
  for (auto _ : state) {
    Cost cost;
    if (!InChild(loaded.value().scenario, cost)) {
      return state.SkipWithError("the simulation failed");
    }
    state.SetIterationTime(cost.cpu_s);
    wall += cost.wall_s;
  }
  state.counters["wall_ms"] = benchmark::Counter(1e3 * wall, benchmark::Counter::kAvgIterations);
}

void Rows(benchmark::internal::Benchmark* row) {
  row->ArgName("gpus")
      ->Arg(8)
      ->Unit(benchmark::kMillisecond)
      ->UseManualTime()
      ->Iterations(1)
      ->Repetitions(5)
      ->DisplayAggregatesOnly();
}
BENCHMARK_CAPTURE(Simulation, flow, "flow")->Apply(Rows);
BENCHMARK_CAPTURE(Simulation, port, "port")->Apply(Rows);

}  // namespace
}  // namespace switchyard
