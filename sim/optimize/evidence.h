// What placements are fitted to and what they are judged by: never the same tokens.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "sim/base/result.h"
#include "sim/placement/problem.h"
#include "sim/plan/experts/step_windows.h"
#include "sim/routing/routes.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// Of one MoE layer. Routes are empty where only counts are known.
struct LayerEvidence {
  WindowLoads fit;
  WindowLoads held_out;  // no windows: nothing is held out
  LayerRoutes fit_routes;
  LayerRoutes held_out_routes;
};

class Evidence {
 public:
  // From the scenario's routing source: of a trace, one half of the requests each. When the
  // scenario names recorded loads (placement.loads), these are fitted to, and all windows of the
  // source's held-out half judge.
  static Result<Evidence> FromScenario(const Scenario& scenario);
  // From expert counts alone: every second window is held out; of a single one, nothing.
  static Evidence FromLoads(std::vector<WindowLoads> layers);

  [[nodiscard]] std::uint32_t layers() const { return layers_; }
  [[nodiscard]] LayerEvidence Layer(std::uint32_t moe_layer) const;
  [[nodiscard]] std::uint32_t fit_windows() const { return fit_windows_; }
  [[nodiscard]] std::uint32_t held_out_windows() const { return held_out_windows_; }
  [[nodiscard]] std::uint32_t tokens_per_window() const;  // 0: not known
  // Tokens of all held-out windows, for simulation; only from a scenario.
  [[nodiscard]] LayerRoutes HeldOutRoutes(std::uint32_t moe_layer) const;

 private:
  std::uint32_t layers_ = 0;
  std::uint32_t fit_windows_ = 0;
  std::uint32_t held_out_windows_ = 0;
  std::vector<WindowLoads> recorded_;  // [layers] or empty
  std::optional<StepWindows> fit_;
  std::optional<StepWindows> held_out_;
};

}  // namespace switchyard
