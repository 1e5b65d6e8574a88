// The best placement of a small case, by mixed-integer programming (COIN-OR Cbc): what heuristics
// and bounds are held against. Up to some ten experts on four ranks it is quick; the time grows
// exponentially.
//
//   const ExactResult exact = ExactPlacement(problem, 10.0);
//   if (exact.proven) EXPECT_LE(exact.max_load, ...);
//
// Variables: whether expert e has r replicas, and whether one of the r is on rank g; the largest
// load is minimised. All rules of the problem are constraints; slots are full where the rules let
// them be; no expert twice on a rank.
#pragma once

#include "sim/placement/placement.h"
#include "sim/placement/problem.h"

namespace switchyard {

struct ExactResult {
  bool found = false;   // else nothing keeps the rules, or there was no time to find it
  bool proven = false;  // no placement is better: max_load is lower_bound up to 1e-6 of it
  Placement placement;
  double max_load = 0;
  double lower_bound = 0;  // no placement that keeps the rules has less
};

// On problem.loads.Total(); problem.limits are not looked at.
[[nodiscard]] ExactResult ExactPlacement(const PlacementProblem& problem, double time_limit_s);

}  // namespace switchyard
