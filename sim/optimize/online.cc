#include "sim/optimize/online.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/optimize/memory.h"
#include "sim/optimize/settle.h"
#include "sim/pipeline/simulate.h"
#include "sim/placement/windows/replan_series.h"
#include "sim/plan/experts/migration.h"
#include "sim/plan/experts/place_experts.h"
#include "sim/plan/experts/step_windows.h"

namespace switchyard {
namespace {

// Steps of the whole cluster, each the windows of all its expert-parallel groups.
class Steps {
 public:
  Steps(const StepWindows& windows, std::uint32_t groups, std::uint32_t layers)
      : count_(std::max(1u, windows.windows() / groups)),
        tokens_(windows.tokens_per_window() * groups) {
    routes_.reserve(layers);
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      const LayerRoutes all = windows.Routes(layer);
      std::vector<LayerRoutes>& steps = routes_.emplace_back();
      for (std::uint32_t s = 0; s < count_; ++s) {
        steps.push_back(SliceTokens(all, std::uint64_t{s} * tokens_, tokens_));
      }
    }
  }
  [[nodiscard]] std::uint32_t count() const { return count_; }
  [[nodiscard]] std::uint32_t tokens() const { return tokens_; }
  [[nodiscard]] std::span<const LayerRoutes> OfLayer(std::uint32_t layer) const {
    return routes_[layer];
  }

 private:
  std::uint32_t count_;
  std::uint32_t tokens_;
  std::vector<std::vector<LayerRoutes>> routes_;  // [layers][steps]
};

// One variant planned: placements by step, [steps - 1][layers], of steps 1, 2, ...
struct Series {
  OnlineVariant variant;
  std::vector<LayerPlacements> placements;
};

class OnlineSearch {
 public:
  OnlineSearch(const Scenario& scenario, const OptimizeOptions& options, const Steps& steps)
      : scenario_(scenario), options_(options), steps_(steps) {}

  [[nodiscard]] Series Plan(PlacementKind kind, std::uint32_t every,
                            std::uint32_t redundant) const {
    Series series;
    series.variant.policy = InfoOf(kind).name;
    series.variant.every = every;
    series.variant.redundant_experts = redundant;
    series.variant.balancedness = 0;
    const std::uint32_t layers = scenario_.model.NumMoeLayers();
    series.placements.resize(steps_.count() - 1);
    for (std::uint32_t layer = 0; layer < layers; ++layer) {
      PlacementProblem problem;
      problem.shape = ShapeOf(scenario_, redundant);
      ApplyRules(scenario_.placement, scenario_.seed, problem);
      problem.limits.stop = options_.stop;
      problem.limits.deadline = options_.deadline;
      ReplanRules rules;
      rules.policy = kind;
      rules.every = every;
      rules.history = scenario_.placement.replanning.history;
      rules.split =
          scenario_.placement.split == ReplicaChoice::kLp ? TokenSplit::kLp : TokenSplit::kUniform;
      const auto records =
          ReplaySeries(problem, steps_.OfLayer(layer), rules,
                       [&](const ReplanRecord& record, const Placement& placement) {
                         series.placements[record.window - 1].push_back(placement);
                       });
      const ReplanSummary summary = Summarise(records, problem.shape.slots());
      series.variant.plans = summary.plans;
      series.variant.balancedness += summary.balancedness / layers;
      series.variant.slots_moved_fraction += summary.moved_share / layers;
    }
    return series;
  }

  // Simulates the series; nothing when the search ended before it was done.
  Result<std::optional<OnlineVariant>> Simulate(Series series,
                                                const std::function<void()>& on_step) const {
    std::vector<SimulatedFigures> figures;
    LayerPlacements in_force = series.placements.front();
    for (std::uint32_t s = 0; s < series.placements.size(); ++s) {
      if (options_.Expired()) return std::optional<OnlineVariant>();
      const auto step = SimulateStep(s + 1, series.placements[s], in_force, series.variant);
      if (!step.ok()) return step.errors();
      figures.push_back(step.value());
      on_step();
    }
    const SimulatedFigures mean = MeanOf(figures);
    series.variant.time_per_step_s = mean.step_time_s;
    series.variant.migration_s /= static_cast<double>(figures.size());
    series.variant.inter_node_bytes = mean.inter_node_bytes;
    series.variant.hottest_pairs = mean.hottest_pairs;
    return std::optional<OnlineVariant>(std::move(series.variant));
  }

 private:
  // Moves from `in_force` towards `planned` as far as this step goes, and leaves there what is in
  // force after it.
  Result<SimulatedFigures> SimulateStep(std::uint32_t step, const LayerPlacements& planned,
                                        LayerPlacements& in_force, OnlineVariant& variant) const {
    const MigrationSpec spec = scenario_.placement.migration.value_or(MigrationSpec{});
    const MigrationStep moving =
        StepOfMigration(in_force, planned, spec, scenario_.cluster.node.gpus);
    const bool moves = std::any_of(moving.moves.begin(), moving.moves.end(),
                                   [](const WeightMoves& m) { return !m.empty(); });
    if (!moves) {
      in_force = planned;
      return Settled(step, planned, nullptr);
    }
    Result<SimulatedFigures> with = Settled(step, planned, &in_force);
    Result<SimulatedFigures> without = Settled(step, moving.placements, nullptr);
    if (!with.ok()) return with.errors();
    if (!without.ok()) return without.errors();
    variant.migration_s += with.value().step_time_s - without.value().step_time_s;
    for (std::size_t layer = 0; layer < planned.size(); ++layer) {
      if (!moving.moves[layer].empty()) in_force[layer] = planned[layer];
    }
    return with;
  }

  // Without `current` nothing moves.
  [[nodiscard]] Result<SimulatedFigures> Settled(std::uint32_t step,
                                                 const LayerPlacements& placements,
                                                 const LayerPlacements* current) const {
    Scenario scenario = scenario_;
    if (current == nullptr) {
      scenario.placement.migration.reset();
    } else if (!scenario.placement.migration) {
      scenario.placement.migration = MigrationSpec{};
    }
    std::vector<LayerRoutes> routes;
    for (std::uint32_t layer = 0; layer < scenario.model.NumMoeLayers(); ++layer) {
      routes.push_back(steps_.OfLayer(layer)[step]);
    }
    auto figures = Settle({scenario, placements, routes, current});
    if (!figures.ok()) return figures.errors();
    return std::move(figures).value();
  }

  const Scenario& scenario_;
  const OptimizeOptions& options_;
  const Steps& steps_;
};

struct VariantSpec {
  PlacementKind kind;
  std::uint32_t every;
  std::uint32_t redundant;
};

// Linear, with as many redundant experts as the first of the others; then each policy planned once
// (incremental's first plan is balanced's) and replanned, as often as the steps allow at all.
std::vector<VariantSpec> VariantsOf(const ReplanningSpec& spec, std::uint32_t judged_steps) {
  std::vector<VariantSpec> variants = {{PlacementKind::kLinear, 0, spec.redundant_experts.front()}};
  for (const std::uint32_t redundant : spec.redundant_experts) {
    std::vector<PlacementKind> once;
    for (const PlacementKind kind : spec.policies) {
      const PlacementKind first = InfoOf(kind).needs_current ? PlacementKind::kBalanced : kind;
      if (std::find(once.begin(), once.end(), first) != once.end()) continue;
      once.push_back(first);
      variants.push_back({first, 0, redundant});
    }
    for (const PlacementKind kind : spec.policies) {
      for (const std::uint32_t every : spec.every) {
        if (every < judged_steps) variants.push_back({kind, every, redundant});
      }
    }
  }
  return variants;
}

// What --online cannot honour, and what would not fit memory.
Result<void> CheckOnline(const Scenario& scenario, const StepWindows& windows,
                         std::uint32_t groups) {
  const PlacementSpec& spec = scenario.placement;
  if (!spec.current.empty()) {
    return Diagnostic{
        {}, "placement.current", "--online begins with plans of its own: leave it out"};
  }
  if (spec.migration && spec.migration->layers_per_step > 0) {
    return Diagnostic{{},
                      "placement.migration.layers_per_step",
                      "--online moves all layers that change at once: leave it out"};
  }
  if (windows.windows() < 2 * groups) {
    return Diagnostic{{},
                      "placement.replanning",
                      fmt::format("the routing source holds {} tokens' worth of steps, less than "
                                  "two of {}: use a longer trace or fewer tokens_per_device",
                                  windows.windows() * std::uint64_t{windows.tokens_per_window()},
                                  windows.tokens_per_window() * std::uint64_t{groups})};
  }
  constexpr double kMostChoices = 1e9;  // 2 bytes each
  const double choices = double{1} * windows.windows() * windows.tokens_per_window() *
                         scenario.model.moe->top_k * scenario.model.NumMoeLayers();
  if (choices > kMostChoices) {
    return Diagnostic{{},
                      "placement.replanning.steps",
                      fmt::format("{:.2g} choices of all steps and layers; at most {:.2g} are held",
                                  choices, kMostChoices)};
  }
  for (const std::uint32_t redundant : spec.replanning.redundant_experts) {
    const auto fits = CheckMemory(scenario, redundant, "placement.replanning.redundant_experts");
    if (!fits.ok()) return fits.errors();
  }
  return {};
}

}  // namespace

const OnlineVariant& OnlineResult::best() const {
  SWITCHYARD_CHECK(!variants.empty(), "no variant was simulated");
  return *std::min_element(variants.begin(), variants.end(),
                           [](const OnlineVariant& a, const OnlineVariant& b) {
                             return a.time_per_step_s < b.time_per_step_s;
                           });
}

const OnlineVariant* OnlineResult::best_static() const {
  const OnlineVariant* best = nullptr;
  for (const OnlineVariant& variant : variants) {
    if (variant.every > 0) continue;
    if (best == nullptr || variant.time_per_step_s < best->time_per_step_s) best = &variant;
  }
  return best;
}

Result<OnlineResult> ReplayOnline(const Scenario& scenario, const OptimizeOptions& options) {
  const ReplanningSpec& spec = scenario.placement.replanning;
  const std::uint32_t groups = scenario.cluster.NumDevices() / scenario.parallelism.expert;
  const std::uint64_t wanted = std::uint64_t{spec.steps} * groups;
  auto windows = StepWindows::Open(scenario, WindowUse::kInTime,
                                   static_cast<std::uint32_t>(std::min<std::uint64_t>(
                                       wanted, std::numeric_limits<std::uint32_t>::max())));
  if (!windows.ok()) return windows.errors();
  const auto checked = CheckOnline(scenario, windows.value(), groups);
  if (!checked.ok()) return checked.errors();
  const Steps steps(windows.value(), groups, scenario.model.NumMoeLayers());
  const OnlineSearch search(scenario, options, steps);
  OnlineResult result;
  result.scenario = scenario.name;
  result.seed = scenario.seed;
  result.fidelity = ToString(scenario.fidelity);
  result.steps = steps.count() - 1;
  result.tokens_per_step = steps.tokens();
  const std::vector<VariantSpec> variants = VariantsOf(spec, result.steps);
  const std::uint64_t total = std::uint64_t{result.steps} * variants.size();
  std::uint64_t done = 0;
  for (const VariantSpec& variant : variants) {
    if (options.Expired()) break;
    Series series = search.Plan(variant.kind, variant.every, variant.redundant);
    const std::string note = series.variant.policy;
    auto simulated = search.Simulate(std::move(series), [&] {
      if (options.on_progress) options.on_progress(++done, total, note);
    });
    if (!simulated.ok()) return simulated.errors();
    if (simulated.value()) result.variants.push_back(*std::move(simulated).value());
  }
  result.complete = result.variants.size() == variants.size();
  if (result.variants.empty()) {
    return Diagnostic{{}, "", "ended before the first variant was simulated"};
  }
  return result;
}

}  // namespace switchyard
