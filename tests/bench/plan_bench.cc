// How long planning takes: from router decisions, read from a trace, to the copies and expert rows
// of every layer of a step.
//
//   plan_bench --benchmark_filter=gpus:64
//
// The scenarios of scenarios/scale: 58 layers, top-8 of 256 experts, 128 tokens a GPU. Counters:
// s_per_choice; copies, entries of all layers.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <string>

#include "sim/base/check.h"
#include "sim/plan/moe_plan.h"
#include "sim/scenario/load.h"

namespace switchyard {
namespace {

void Plan(benchmark::State& state) {
  const std::string root = SWITCHYARD_SOURCE_DIR;
  const std::string file = "moe_step_" + std::to_string(state.range(0)) + ".yaml";
  LoadOptions options;
  options.data_root = root;
  const auto loaded = LoadScenario(root + "/scenarios/scale/" + file, options);
  SWITCHYARD_CHECK(loaded.ok(), "a benchmark's scenario is wrong");
  std::uint64_t copies = 0;
  std::uint64_t choices = 0;
  for (auto _ : state) {
    const Result<MoePlan> plan = PlanExperts(loaded.value().scenario);
    SWITCHYARD_CHECK(plan.ok(), "a benchmark's scenario cannot be planned");
    copies = 0;
    choices = 0;
    for (const MoeLayerPlan& layer : plan.value().layers) {
      copies += layer.copies.size();
      for (const std::uint32_t chosen : layer.chosen) choices += chosen;
    }
  }
  state.counters["copies"] = static_cast<double>(copies);
  state.counters["s_per_choice"] = benchmark::Counter(
      static_cast<double>(choices),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetComplexityN(state.range(0));
}
BENCHMARK(Plan)
    ->ArgName("gpus")
    ->Arg(64)
    ->Arg(256)
    ->Unit(benchmark::kMillisecond)
    ->Repetitions(3)
    ->DisplayAggregatesOnly();

}  // namespace
}  // namespace switchyard
