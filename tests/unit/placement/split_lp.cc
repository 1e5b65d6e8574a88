#include "tests/unit/placement/split_lp.h"

#include <coin/ClpSimplex.hpp>
#include <vector>

namespace switchyard::testing {

// min T  s.t.  sum of x over an expert's slots = its load;  sum of x over a rank's slots <= T;
// x >= 0. Columns: one per slot, then T.
double LeastMaxLoadByLp(const Placement& placement, std::span<const double> loads) {
  const auto slots = static_cast<int>(placement.num_slots());
  const auto experts = static_cast<int>(loads.size());
  const auto ranks = static_cast<int>(placement.ranks());
  ClpSimplex model;
  model.setLogLevel(0);
  model.resize(experts + ranks, 0);
  for (int e = 0; e < experts; ++e) {
    const double load = loads[static_cast<std::size_t>(e)];
    model.setRowBounds(e, load, load);
  }
  for (int r = 0; r < ranks; ++r) model.setRowBounds(experts + r, -COIN_DBL_MAX, 0);
  for (int s = 0; s < slots; ++s) {
    const ExpertIndex e = placement.expert_of_slot()[static_cast<std::size_t>(s)];
    if (e == kNoExpert) continue;
    const int rank = static_cast<int>(placement.RankOf(static_cast<std::uint32_t>(s)));
    const int rows[] = {e, experts + rank};
    const double ones[] = {1, 1};
    model.addColumn(2, rows, ones, 0, COIN_DBL_MAX, 0);
  }
  std::vector<int> rank_rows;
  rank_rows.reserve(placement.ranks());
  for (int r = 0; r < ranks; ++r) rank_rows.push_back(experts + r);
  const std::vector<double> minus(rank_rows.size(), -1.0);
  model.addColumn(ranks, rank_rows.data(), minus.data(), 0, COIN_DBL_MAX, 1);
  model.primal();
  return model.objectiveValue();
}

}  // namespace switchyard::testing
