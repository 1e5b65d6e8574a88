// Search for a placement that is good over many windows: moves at random, kept when the score does
// not get worse.
//
//   EvenScore score(problem.shape, scenarios);
//   return SearchWindows(problem, start, score, {40});
//
// A move exchanges two slots of different ranks or gives a slot to another expert (a replica less
// here, one more there). Every move keeps problem.rules; with rules.max_moves and
// problem.current the search begins at `current` and never is further away.
#pragma once

#include <cstdint>

#include "sim/placement/placement.h"
#include "sim/placement/problem.h"
#include "sim/placement/windows/score.h"

namespace switchyard {

// Where to begin: replica counts by water-filling, packed heaviest first on the total load. More
// balance for the total load alone would be worse to begin with: it fits replicas to one mean.
[[nodiscard]] Placement PackedStart(const PlacementProblem& problem);

struct WindowSearchEffort {
  // Moves tried for each slot; every iteration of problem.limits adds one for each slot.
  std::uint32_t tries_per_slot = 40;
};

// `start` keeps the rules; if it does not (an expert twice on a rank), it comes back as it is.
[[nodiscard]] Placement SearchWindows(const PlacementProblem& problem, const Placement& start,
                                      PlacementScore& score, WindowSearchEffort effort);

}  // namespace switchyard
