// The linear program of folding (balance/fold.h): may every expert mix its replica counts, is a
// limit on the load of a rank reachable? If not, no placement reaches it.
//
//   const FoldMix mix = SolveFoldLp(problem, MakeFoldGrid(problem, limit, kNarrowFold), counts);
//   const double no_less = FoldLpBound(problem);  // of any placement's max load
//
// Variables: the share of each option of each expert, and per bin how many partners are left over
// (carried on to the next bin) and how many are missing; the sum of those missing is minimised. Clp
// solves it by the primal simplex, from the basis of the counts given: near them it takes some ten
// iterations, a millisecond for 256 experts.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/balance/fold.h"

namespace switchyard {

struct FoldMix {
  bool solved = false;
  double missing = 0;         // partners; 0: the limit is reachable, counts mixed
  std::vector<double> share;  // [options]
  std::vector<double> price;  // [bins]: what one partner more would save
  double slot_price = 0;      // and one slot more
};
inline constexpr double kFoldTolerance = 1e-7;

// `counts`[experts]: where to start; nearer to the solution is faster.
[[nodiscard]] FoldMix SolveFoldLp(const FoldProblem& problem, const FoldGrid& grid,
                                  std::span<const std::uint32_t> counts);

// The same with whole counts, by Cbc: solved and nothing missing: `share` is 1 for one option of
// each expert; solved and something missing: no counts of the grid keep the limit; not solved: the
// time was too short to tell. Seconds to minutes for 256 experts.
[[nodiscard]] FoldMix SolveFoldMilp(const FoldProblem& problem, const FoldGrid& grid,
                                    double time_limit_s);

// The counts that have the largest shares; their sum need not be the number of slots.
[[nodiscard]] std::vector<std::uint32_t> RoundMix(const FoldGrid& grid, const FoldMix& mix);

// A largest load that no placement with every slot full is below, where the linear program becomes
// feasible or a little below. Proven by weak duality over all counts, whatever Clp's tolerances:
// with prices that do not fall from bin to bin, lie in [-1, 0] and any slot price, the sum over
// experts of the cheapest count plus the slots' price is at most the number of partners missing;
// where it is positive, the limit is out of reach. Some 0.03 s for 256 experts.
[[nodiscard]] double FoldLpBound(const FoldProblem& problem);

}  // namespace switchyard
