// Loads of ranks when the tokens of an expert are split evenly over its replicas.
//
//   MeanOverMax(UniformRankLoads(placement, loads));
#pragma once

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "sim/placement/placement.h"

namespace switchyard {

// loads[experts] -> [ranks]
[[nodiscard]] inline std::vector<double> UniformRankLoads(const Placement& placement,
                                                          std::span<const double> loads) {
  std::vector<double> of_rank(placement.ranks());
  for (std::uint32_t slot = 0; slot < placement.num_slots(); ++slot) {
    const ExpertIndex e = placement.expert_of_slot()[slot];
    if (e == kNoExpert) continue;
    of_rank[placement.RankOf(slot)] += loads[e] / static_cast<double>(placement.SlotsOf(e).size());
  }
  return of_rank;
}

// 1 when all are 0.
[[nodiscard]] inline double MeanOverMax(std::span<const double> rank_loads) {
  const double max = *std::max_element(rank_loads.begin(), rank_loads.end());
  const double sum = std::accumulate(rank_loads.begin(), rank_loads.end(), 0.0);
  return max > 0 ? sum / static_cast<double>(rank_loads.size()) / max : 1.0;
}

}  // namespace switchyard
