// How many replicas each expert gets so that the heaviest replica is lightest.
//
//   FillCounts({6, 1}, 4, 8)  ->  {3, 1}: replicas of 2, 2, 2 and 1
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/problem.h"

namespace switchyard {

// The most replicas that an expert may have: one on each rank, and what the rules allow.
[[nodiscard]] std::uint32_t ReplicaCap(const PlacementShape& shape, const PlacementRules& rules);

// Water-filling: from one replica each, every further slot goes to the expert with the heaviest
// replicas that is below the cap. Optimal for the heaviest replica: all counts below the last
// level are forced. Of equals the expert with fewer replicas, then the lower index. Slots that no
// expert may fill stay free: the sum is min(slots, experts * cap). Needs slots >= experts.
[[nodiscard]] std::vector<std::uint32_t> FillCounts(std::span<const double> loads,
                                                    std::uint32_t slots, std::uint32_t cap);

}  // namespace switchyard
