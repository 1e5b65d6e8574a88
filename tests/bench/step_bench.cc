// What one run of the program costs: whole steps of scenarios/scale, from its start to its exit.
//
//   step_bench --benchmark_filter=Step/flow
//
// Each is a process of its own, as for a user (and as SimGrid wants it: one simulation a process).
// Time, "manual" in Google Benchmark's words: the child's CPU time, user and system. Counters:
// peak_MB, its peak resident memory; wall_ms. The fits are to N: start and end are a part of every
// run, and Google Benchmark chooses among fits by its own CPU time, which says nothing here.
#include <benchmark/benchmark.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <vector>

namespace {

struct Child {
  bool ok = false;
  double cpu_s = 0.0;
  double wall_s = 0.0;
  double peak_bytes = 0.0;
};

// In the child.
[[noreturn]] void Become(const std::vector<char*>& arguments) {
  constexpr int kCannotRun = 127;
  execv(arguments[0], arguments.data());
  _exit(kCannotRun);
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
}

Child RunSwitchyard(std::vector<std::string> arguments) {
  constexpr double kBytesPerKiB = 1024;  // Linux reports ru_maxrss in KiB
  arguments.insert(arguments.begin(), SWITCHYARD_BINARY);
  std::vector<char*> pointers;
  pointers.reserve(arguments.size() + 1);
  for (std::string& argument : arguments) pointers.push_back(argument.data());
  pointers.push_back(nullptr);

  Child child;
  const auto begin = std::chrono::steady_clock::now();
  const pid_t pid = fork();
  if (pid == 0) Become(pointers);
  int status = 0;
  rusage usage{};
  if (pid < 0 || wait4(pid, &status, 0, &usage) != pid) return child;
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begin;
  child.wall_s = wall.count();
  child.cpu_s = Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
  child.peak_bytes = kBytesPerKiB * static_cast<double>(usage.ru_maxrss);
  child.ok = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  return child;
}

std::vector<std::string> Arguments(const std::string& size, const std::string& fidelity) {
  return {"run", SWITCHYARD_SOURCE_DIR "/scenarios/scale/moe_step_" + size + ".yaml", "--fidelity",
          fidelity, "--quiet"};
}

void RunStep(benchmark::State& state, const std::string& size, const std::string& fidelity) {
  double peak = 0.0;
  double wall = 0.0;
  for (auto _ : state) {
    const Child child = RunSwitchyard(Arguments(size, fidelity));
    if (!child.ok) return state.SkipWithError("the program failed");
    state.SetIterationTime(child.cpu_s);
    peak = std::max(peak, child.peak_bytes);
    wall += child.wall_s;
  }
  state.counters["peak_MB"] = 1e-6 * peak;
  state.counters["wall_ms"] = benchmark::Counter(1e3 * wall, benchmark::Counter::kAvgIterations);
}

void Step(benchmark::State& state, const std::string& fidelity) {
  RunStep(state, std::to_string(state.range(0)), fidelity);
  state.SetComplexityN(state.range(0));
}

// Without a fit: 2,048 GPUs are 32 groups, which is another kind of growth.
void LargeStep(benchmark::State& state, const std::string& size, const std::string& fidelity) {
  RunStep(state, size, fidelity);
}

void Rows(benchmark::internal::Benchmark* row, int iterations, int repetitions) {
  row->Unit(benchmark::kMillisecond)
      ->UseManualTime()
      ->Iterations(iterations)
      ->Repetitions(repetitions)
      ->DisplayAggregatesOnly();
}
void SomeRuns(benchmark::internal::Benchmark* row) { Rows(row, 1, 3); }
void OneRun(benchmark::internal::Benchmark* row) { Rows(row, 1, 1); }
void Sizes(benchmark::internal::Benchmark* row) {
  row->ArgName("gpus")->Arg(8)->Arg(64)->Arg(256)->Complexity(benchmark::oN);
}

BENCHMARK_CAPTURE(Step, flow, "flow")->Apply(Sizes)->Apply(SomeRuns);
BENCHMARK_CAPTURE(Step, port, "port")->Apply(Sizes)->Apply(SomeRuns);
BENCHMARK_CAPTURE(LargeStep, flow_1024, "1024", "flow")->Apply(OneRun);
BENCHMARK_CAPTURE(LargeStep, port_1024, "1024", "port")->Apply(OneRun);
BENCHMARK_CAPTURE(LargeStep, flow_2048_ep64, "2048_ep64", "flow")->Apply(OneRun);
BENCHMARK_CAPTURE(LargeStep, port_2048_ep64, "2048_ep64", "port")->Apply(OneRun);

}  // namespace
