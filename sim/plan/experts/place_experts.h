// Where a scenario's experts are: from a file, or from a policy fitted to tokens that the step may
// or may not hold.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/base/result.h"
#include "sim/placement/files/placement_file.h"
#include "sim/placement/placement.h"
#include "sim/placement/problem.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// Of one expert-parallel group of the scenario, with `redundant` experts more than the model has.
[[nodiscard]] PlacementShape ShapeOf(const Scenario& scenario, std::uint32_t redundant);
// What placement and load files leave to the scenario.
[[nodiscard]] PlacementFileContext FileContextOf(const Scenario& scenario);

// One placement for each MoE layer; none for a dense model. Fails when a file cannot be read or
// does not fit, or the routing source cannot be opened.
[[nodiscard]] Result<LayerPlacements> PlaceExperts(const Scenario& scenario);
// PlacementSpec::current; empty when the scenario names none. Fails too when it has not `slots`
// slots.
[[nodiscard]] Result<LayerPlacements> CurrentPlacements(const Scenario& scenario,
                                                        std::uint32_t slots);
// Counts from PlacementSpec::loads, [moe_layers].
[[nodiscard]] Result<std::vector<WindowLoads>> RecordedLoads(const Scenario& scenario);

// The rules and limits of a scenario for a problem whose shape and loads are known.
void ApplyRules(const PlacementSpec& spec, std::uint64_t seed, PlacementProblem& problem);

}  // namespace switchyard
