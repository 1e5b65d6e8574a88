// The simulator's word on a placement: held-out steps, each in a process of its own.
#pragma once

#include <cstdint>
#include <functional>

#include "sim/base/result.h"
#include "sim/optimize/evidence.h"
#include "sim/optimize/result.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// The tokens of all devices in one step: each expert-parallel group gets a held-out window, group g
// of step s the one numbered s * groups + g, over and over.
[[nodiscard]] std::function<LayerRoutes(std::uint32_t)> HeldOutStep(const Evidence& evidence,
                                                                    std::uint32_t groups,
                                                                    std::uint32_t step);

struct StepToSettle {
  const Scenario& scenario;
  const LayerPlacements& placements;
  std::function<LayerRoutes(std::uint32_t)> routes;
  const LayerPlacements* current = nullptr;  // with scenario.placement.migration: where they are
};
// Simulates the step in a child process. Throws as RunInChild does.
[[nodiscard]] Result<SimulatedFigures> Settle(const StepToSettle& step);

// The mean of several steps' figures; hottest pairs of their sums.
[[nodiscard]] SimulatedFigures MeanOf(const std::vector<SimulatedFigures>& steps);

}  // namespace switchyard
