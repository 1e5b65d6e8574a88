#include "sim/optimize/settle.h"

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sim/pipeline/isolate.h"
#include "sim/pipeline/simulate.h"
#include "sim/plan/experts/migration.h"
#include "sim/plan/traffic/payload.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kHottestPairs = 16;
// Of one step: pairs that are hot on average are among the hot ones of each.
constexpr std::size_t kHottestOfStep = 512;

// The pairs with most bytes, in order of rank where they are equal.
std::vector<PairTraffic> Hottest(
    const std::map<std::pair<std::uint32_t, std::uint32_t>, double>& bytes, std::size_t most) {
  std::vector<PairTraffic> pairs;
  pairs.reserve(bytes.size());
  for (const auto& [ranks, count] : bytes) pairs.push_back({ranks.first, ranks.second, count});
  std::stable_sort(pairs.begin(), pairs.end(),
                   [](const PairTraffic& a, const PairTraffic& b) { return a.bytes > b.bytes; });
  if (pairs.size() > most) pairs.resize(most);
  return pairs;
}

// Dispatch goes from the sender, combine back; experts' weights where they move.
std::vector<PairTraffic> HottestPairs(const SimulatedStep& step) {
  const double dispatch = DispatchBytesPerCopy(step.scenario).value;
  const double combine = CombineBytesPerCopy(step.scenario).value;
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> bytes;
  for (const MoeLayerPlan& layer : step.plan.layers) {
    for (const Copies& copies : layer.copies) {
      bytes[{copies.from, copies.to}] += copies.count * dispatch;
      bytes[{copies.to, copies.from}] += copies.count * combine;
    }
  }
  const double expert = ExpertWeightBytes(step.scenario.model).value;
  const std::uint32_t ranks = step.scenario.parallelism.expert;
  for (const WeightMoves& moves : step.plan.moves) {
    for (const WeightMove& move : moves) {
      for (std::uint32_t first = 0; first < step.graph.num_devices; first += ranks) {
        bytes[{first + move.from, first + move.to}] += move.experts * expert;
      }
    }
  }
  return Hottest(bytes, kHottestOfStep);
}

Result<std::string> SimulateAsText(const StepToSettle& settle) {
  SimulationOptions options;
  options.plan.placements = &settle.placements;
  options.plan.current = settle.current;
  options.plan.routes = [&settle](std::uint32_t layer) { return settle.routes[layer]; };
  const auto step = Simulate(settle.scenario, options);
  if (!step.ok()) return step.errors();
  const RunResult& result = step.value()->result;
  Json pairs = Json::array();
  for (const PairTraffic& pair : HottestPairs(*step.value())) {
    pairs.push_back({pair.from, pair.to, pair.bytes});
  }
  return Json{{"step_time_s", result.step_time_s},
              {"load_max_over_mean", result.load ? result.load->max_over_mean : 1},
              {"inter_node_bytes", result.traffic.inter_node_bytes},
              {"pairs", pairs}}
      .dump();
}

}  // namespace

StepRoutes HeldOutSteps(const Evidence& evidence, std::uint32_t groups, std::uint32_t steps) {
  StepRoutes routes(steps);
  const std::uint32_t windows = evidence.held_out_windows();
  const std::uint32_t tokens = evidence.tokens_per_window();
  for (std::uint32_t layer = 0; layer < evidence.layers(); ++layer) {
    const LayerRoutes all = evidence.HeldOutRoutes(layer);
    for (std::uint32_t s = 0; s < steps; ++s) {
      LayerRoutes step{0, all.top_k, all.num_experts, {}, {}};
      for (std::uint32_t g = 0; g < groups; ++g) {
        const std::uint64_t window = (std::uint64_t{s} * groups + g) % windows;
        const LayerRoutes part = SliceTokens(all, window * tokens, tokens);
        step.tokens += part.tokens;
        step.expert.insert(step.expert.end(), part.expert.begin(), part.expert.end());
        step.weight.insert(step.weight.end(), part.weight.begin(), part.weight.end());
      }
      routes[s].push_back(std::move(step));
    }
  }
  return routes;
}

Result<SimulatedFigures> Settle(const StepToSettle& step) {
  const Result<std::string> text = RunInChild([&] { return SimulateAsText(step); });
  if (!text.ok()) return text.errors();
  const Json json = Json::parse(text.value());
  SimulatedFigures figures;
  figures.step_time_s = json["step_time_s"];
  figures.load_max_over_mean = json["load_max_over_mean"];
  figures.inter_node_bytes = json["inter_node_bytes"];
  for (const Json& pair : json["pairs"]) {
    figures.hottest_pairs.push_back({pair[0], pair[1], pair[2]});
  }
  return figures;
}

SimulatedFigures MeanOf(const std::vector<SimulatedFigures>& steps) {
  SimulatedFigures mean;
  mean.load_max_over_mean = 0;
  std::map<std::pair<std::uint32_t, std::uint32_t>, double> bytes;
  const double share = 1.0 / static_cast<double>(steps.size());
  for (const SimulatedFigures& step : steps) {
    mean.step_time_s += step.step_time_s * share;
    mean.load_max_over_mean += step.load_max_over_mean * share;
    mean.inter_node_bytes += step.inter_node_bytes * share;
    for (const PairTraffic& pair : step.hottest_pairs) {
      bytes[{pair.from, pair.to}] += pair.bytes * share;
    }
  }
  mean.hottest_pairs = Hottest(bytes, kHottestPairs);
  return mean;
}

}  // namespace switchyard
