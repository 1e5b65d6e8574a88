// From the current placement with few moves: step by step the one that pays most for each slot
// that it rewrites.
//
//   MoveScore score(problem.shape, scenarios);
//   return ImproveStepwise(problem, score, {max_moves, 0.002});
//
// A step exchanges two slots of different ranks, or gives a slot to another expert. Steps that
// touch one of the four ranks that are most often the most loaded of a scenario are looked at.
// SlotsMoved(current, result) <= max_moves; every step lowers the score by at least min_gain for
// each slot moved, so calm traffic moves little.
#pragma once

#include <cstdint>

#include "sim/placement/placement.h"
#include "sim/placement/problem.h"
#include "sim/placement/windows/move_score.h"

namespace switchyard {

struct StepwiseRules {
  std::uint32_t max_moves = 0;
  double min_gain = 0;  // of the score, in mean rank loads
};

// problem.current is there; where it breaks the problem's rules it comes back as it is.
[[nodiscard]] Placement ImproveStepwise(const PlacementProblem& problem, MoveScore& score,
                                        const StepwiseRules& rules);

}  // namespace switchyard
