// How balanced a placement of one layer can be at best: upper bounds on balancedness, mean load
// over largest load of a rank, for tokens split evenly over replicas.
//
//   const BalanceBound bound = BoundBalance(shape, problem.loads.Total());
//   gap = 1 - Balancedness(placement, loads) / bound.balancedness;
//
// The bound holds for placements that fill every slot, as servers and the contract of
// PlacementPolicy do, whether or not replicas of an expert meet on a rank. Cost: O(E log E).
// At two and three slots a rank it is far from tight; exact/fold_lp.h and exact/mates_lp.h have
// better ones that cost more.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/placement/problem.h"

namespace switchyard {

struct BalanceBound {
  double max_load = 0;             // no placement's most loaded rank has less
  double balancedness = 1;         // mean load / max_load; 1 when all loads are 0
  std::string_view argument = "";  // which gives it: "mean", "replicas", "mates", "counting"
};

// loads[experts]. Every argument names its proof or source where it is computed.
[[nodiscard]] BalanceBound BoundBalance(const PlacementShape& shape, std::span<const double> loads,
                                        const PlacementRules& rules = {});

}  // namespace switchyard
