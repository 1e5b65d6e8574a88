// How long planning a step takes when experts have replicas, by how tokens are split over them.
//
//   optimize_bench --benchmark_filter=lp
//
// PlanSplit/...: scenarios/scale/moe_step_64.yaml, 58 layers, top-8 of 256 experts, 64 ranks of 128
// tokens, with 64 redundant experts placed by EPLB beforehand: what `switchyard optimize` does for
// each candidate that it settles. Counters: s_per_layer; max_over_mean, the most loaded rank's
// choices over the mean, averaged over layers.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "sim/base/check.h"
#include "sim/plan/experts/place_experts.h"
#include "sim/plan/moe_plan.h"
#include "sim/scenario/load.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kRedundant = 64;

Scenario Replicated(ReplicaChoice split, std::int64_t gpus) {
  const std::string root = SWITCHYARD_SOURCE_DIR;
  LoadOptions options;
  options.data_root = root;
  const std::string file = "/scenarios/scale/moe_step_" + std::to_string(gpus) + ".yaml";
  const auto loaded = LoadScenario(root + file, options);
  SWITCHYARD_CHECK(loaded.ok(), "a benchmark's scenario is wrong");
  Scenario scenario = loaded.value().scenario;
  scenario.placement.policy = PlacementKind::kEplb;
  scenario.placement.redundant_experts = kRedundant;
  scenario.placement.split = split;
  return scenario;
}

double MaxOverMean(const MoePlan& plan, const MoeLayerPlan& layer) {
  std::vector<double> ranks(layer.kept.size() / plan.slots_per_rank());
  for (std::size_t s = 0; s < layer.kept.size(); ++s) ranks[plan.DeviceOfSlot(s)] += layer.kept[s];
  const double sum = std::accumulate(ranks.begin(), ranks.end(), 0.0);
  return *std::max_element(ranks.begin(), ranks.end()) * static_cast<double>(ranks.size()) / sum;
}

void PlanSplit(benchmark::State& state, ReplicaChoice split) {
  const Scenario scenario = Replicated(split, state.range(0));
  // The same for every split, and not what is timed.
  static const Result<LayerPlacements> kPlacements = PlaceExperts(scenario);
  SWITCHYARD_CHECK(kPlacements.ok(), "a benchmark's experts cannot be placed");
  PlanInputs inputs;
  inputs.placements = &kPlacements.value();
  double max_over_mean = 0;
  double layers = 0;
  for (auto _ : state) {
    const Result<MoePlan> plan = PlanExperts(scenario, inputs);
    SWITCHYARD_CHECK(plan.ok(), "a benchmark's scenario cannot be planned");
    max_over_mean = 0;
    layers = static_cast<double>(plan.value().layers.size());
    for (const MoeLayerPlan& layer : plan.value().layers) {
      max_over_mean += MaxOverMean(plan.value(), layer) / layers;
    }
  }
  state.counters["max_over_mean"] = max_over_mean;
  state.counters["s_per_layer"] = benchmark::Counter(
      layers, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void Rows(benchmark::internal::Benchmark* bench) {
  bench->ArgName("gpus")->Arg(64)->Unit(benchmark::kMillisecond);
  bench->Repetitions(3)->DisplayAggregatesOnly();
}

BENCHMARK_CAPTURE(PlanSplit, by_sender, ReplicaChoice::kBySender)->Apply(Rows);
BENCHMARK_CAPTURE(PlanSplit, by_token, ReplicaChoice::kByToken)->Apply(Rows);
BENCHMARK_CAPTURE(PlanSplit, local_first, ReplicaChoice::kLocalFirst)->Apply(Rows);
BENCHMARK_CAPTURE(PlanSplit, lp, ReplicaChoice::kLp)->Apply(Rows);

}  // namespace
}  // namespace switchyard
