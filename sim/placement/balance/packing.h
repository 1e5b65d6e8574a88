// Replicas to ranks, heaviest first, each to the lightest rank that may take it.
//
//   std::vector<ExpertIndex> slots = PackDistinct(shape, loads, FillCounts(...), rules);
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/problem.h"

namespace switchyard {

// loads[experts], counts[experts] from 1 to ReplicaCap, their sum at most shape.slots(). Returns
// the expert of each slot, kNoExpert where nothing is left; no expert twice on a rank; with
// rules.replicas_on_distinct_nodes every expert on as many nodes as it has replicas or there are
// nodes (nodes of equal size; otherwise as nearly as dealing in turn gives it).
[[nodiscard]] std::vector<ExpertIndex> PackDistinct(const PlacementShape& shape,
                                                    std::span<const double> loads,
                                                    std::span<const std::uint32_t> counts,
                                                    const PlacementRules& rules);

}  // namespace switchyard
