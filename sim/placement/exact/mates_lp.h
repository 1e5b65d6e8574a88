// A bound on the largest load for three slots a rank and more, tighter than BoundBalance where
// heavy replicas leave their ranks too little for what must lie beside them.
//
// In a placement without a load above T a rank has at most one replica above T / 2. Such a one, of
// load v, has m = slots - 1 mates, and for every b each mate of load u has u >= b - max(0, b - u):
//
//   v + m b - T  <=  sum over its mates of max(0, b - u)
//
// A replica is a mate on one rank, so that for every b the sum of the left sides (where positive)
// over all replicas above T / 2 is at most the sum of max(0, b - u) over all replicas. That is
// linear in how many replicas each expert has; where no mixture of counts satisfies it, T is out of
// reach.
//
//   const double no_less = MatesLpBound({loads, slots, cap}, slots_per_rank);
#pragma once

#include <cstdint>

#include "sim/placement/balance/fold.h"

namespace switchyard {

// A largest load that no placement with every slot full is below; at most where the linear program
// (Clp, 24 values of b) becomes feasible. Proven by weak duality over all counts up to the cap,
// whatever Clp's tolerances. problem.slots is a multiple of slots_per_rank >= 2. Some 0.05 s for
// 256 experts.
[[nodiscard]] double MatesLpBound(const FoldProblem& problem, std::uint32_t slots_per_rank);

}  // namespace switchyard
