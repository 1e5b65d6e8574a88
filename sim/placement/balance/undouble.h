// A current placement as a start for searches: EPLB's own may hold an expert twice on a rank, which
// no search here makes.
#pragma once

#include "sim/placement/problem.h"

namespace switchyard {

// problem.current with second copies on a rank replaced by the experts whose replicas have most to
// do and which the rank does not have, as far as max_replicas, distinct nodes and max_moves let;
// what cannot be replaced stays. The same placement when there are none.
[[nodiscard]] Placement UndoubledCurrent(const PlacementProblem& problem);

// What max_moves leaves after that; all slots when there is no such rule.
[[nodiscard]] std::uint32_t MovesLeft(const PlacementProblem& problem, const Placement& undoubled);

}  // namespace switchyard
