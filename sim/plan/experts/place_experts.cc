#include "sim/plan/experts/place_experts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/placement/files/loads_file.h"
#include "sim/placement/policy.h"
#include "sim/placement/rules.h"
#include "sim/plan/experts/step_windows.h"

namespace switchyard {
namespace {

// What a policy of the scenario is fitted to.
struct FitEvidence {
  std::vector<WindowLoads> recorded;  // from a file, or empty
  std::optional<StepWindows> windows;
};

Result<FitEvidence> GatherEvidence(const Scenario& scenario, const PolicyInfo& policy) {
  FitEvidence evidence;
  const PlacementSpec& spec = scenario.placement;
  if (policy.needs_loads && !spec.loads.empty()) {
    auto loads = RecordedLoads(scenario);
    if (!loads.ok()) return loads.errors();
    evidence.recorded = std::move(loads).value();
  }
  if (policy.needs_routes || (policy.needs_loads && spec.loads.empty())) {
    auto windows = StepWindows::Open(scenario, WindowUse::kFit, spec.fit_windows);
    if (!windows.ok()) return windows.errors();
    evidence.windows = std::move(windows).value();
  }
  return evidence;
}

Result<LayerPlacements> FromFile(const std::string& file, const Scenario& scenario) {
  auto loaded = LoadPlacementFile(file, FileContextOf(scenario));
  if (!loaded.ok()) return loaded.errors();
  return std::move(loaded.value().layers);
}

PlacementProblem LayerProblem(const Scenario& scenario, const FitEvidence& evidence,
                              std::uint32_t layer) {
  PlacementProblem problem;
  problem.shape = ShapeOf(scenario, scenario.placement.redundant_experts);
  if (!evidence.recorded.empty()) {
    problem.loads = evidence.recorded[layer];
  } else if (evidence.windows) {
    problem.loads = evidence.windows->Loads(layer);
  }
  ApplyRules(scenario.placement, scenario.seed, problem);
  return problem;
}

}  // namespace

PlacementShape ShapeOf(const Scenario& scenario, std::uint32_t redundant) {
  SWITCHYARD_CHECK(scenario.model.moe.has_value(), "the experts of a model without experts");
  const MoeSpec& moe = *scenario.model.moe;
  const std::uint32_t ranks = scenario.parallelism.expert;
  const std::uint32_t slots = moe.num_experts + redundant;
  return {moe.num_experts, ranks, std::min(ranks, scenario.cluster.node.gpus),
          std::max(1u, slots / ranks), moe.num_groups};
}

PlacementFileContext FileContextOf(const Scenario& scenario) {
  PlacementFileContext context;
  context.num_layers = scenario.model.num_layers;
  for (std::uint32_t layer = 0; layer < scenario.model.num_layers; ++layer) {
    if (scenario.model.IsMoeLayer(layer)) context.moe_layers.push_back(layer);
  }
  context.experts = scenario.model.moe->num_experts;
  context.ranks = scenario.parallelism.expert;
  return context;
}

void ApplyRules(const PlacementSpec& spec, std::uint64_t seed, PlacementProblem& problem) {
  problem.rules.max_replicas = spec.max_replicas;
  problem.rules.replicas_on_distinct_nodes = spec.distinct_nodes;
  if (spec.max_moved < 1) {
    problem.rules.max_moves =
        static_cast<std::uint32_t>(std::floor(spec.max_moved * problem.shape.slots()));
  }
  problem.limits.iterations = spec.iterations;
  problem.seed = seed;
}

Result<LayerPlacements> PlaceExperts(const Scenario& scenario) {
  if (!scenario.model.moe) return LayerPlacements{};
  const PlacementSpec& spec = scenario.placement;
  if (!spec.file.empty()) return FromFile(spec.file, scenario);
  const PolicyInfo& info = InfoOf(spec.policy);
  Result<FitEvidence> evidence = GatherEvidence(scenario, info);
  if (!evidence.ok()) return evidence.errors();
  const auto current =
      CurrentPlacements(scenario, ShapeOf(scenario, spec.redundant_experts).slots());
  if (!current.ok()) return current.errors();
  const auto policy = MakePlacementPolicy(spec.policy);
  LayerPlacements placements;
  for (std::uint32_t layer = 0; layer < scenario.model.NumMoeLayers(); ++layer) {
    PlacementProblem problem = LayerProblem(scenario, evidence.value(), layer);
    LayerRoutes routes;
    if (info.needs_routes) {
      routes = evidence.value().windows->Routes(layer);
      problem.routes = &routes;
    }
    if (!current.value().empty()) problem.current = &current.value()[layer];
    placements.push_back(policy->Place(problem));
    const std::string_view broken =
        BrokenRule(placements.back(), problem.shape, problem.rules, problem.current);
    if (!broken.empty()) {
      return Diagnostic{{},
                        "placement." + std::string(broken),
                        fmt::format("policy {} does not keep it in MoE layer {}; balanced, robust, "
                                    "split_aware, node_aware and incremental do",
                                    info.name, layer)};
    }
  }
  return placements;
}

Result<LayerPlacements> CurrentPlacements(const Scenario& scenario, std::uint32_t slots) {
  const std::string& file = scenario.placement.current;
  if (file.empty() || !scenario.model.moe) return LayerPlacements{};
  auto current = FromFile(file, scenario);
  if (!current.ok()) return current.errors();
  const std::uint32_t found = current.value().front().num_slots();
  if (found == slots) return current;
  return Diagnostic{{file, 0, 0},
                    "placement.current",
                    fmt::format("has {} slots, the placement it leads to {}", found, slots)};
}

Result<std::vector<WindowLoads>> RecordedLoads(const Scenario& scenario) {
  auto loads = LoadExpertLoads(scenario.placement.loads, FileContextOf(scenario));
  if (!loads.ok()) return loads.errors();
  return std::move(loads.value().layers);
}

}  // namespace switchyard
