// The simulator's word on a placement: held-out steps, each in a process of its own.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/result.h"
#include "sim/optimize/evidence.h"
#include "sim/optimize/result.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// The tokens of all devices in some held-out steps, [steps][moe_layers]: each expert-parallel group
// gets a window, group g of step s the one numbered s * groups + g, over and over.
using StepRoutes = std::vector<std::vector<LayerRoutes>>;
[[nodiscard]] StepRoutes HeldOutSteps(const Evidence& evidence, std::uint32_t groups,
                                      std::uint32_t steps);

struct StepToSettle {
  const Scenario& scenario;
  const LayerPlacements& placements;
  std::span<const LayerRoutes> routes;       // [moe_layers], of all devices
  const LayerPlacements* current = nullptr;  // with scenario.placement.migration: where they are
};
// Simulates the step in a child process. Throws as RunInChild does.
[[nodiscard]] Result<SimulatedFigures> Settle(const StepToSettle& step);

// The mean of several steps' figures; hottest pairs of their sums.
[[nodiscard]] SimulatedFigures MeanOf(const std::vector<SimulatedFigures>& steps);

}  // namespace switchyard
