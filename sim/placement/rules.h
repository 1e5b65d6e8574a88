// Whether a placement keeps hard rules (PlacementRules, problem.h). Policies from elsewhere do not
// know them.
#pragma once

#include <string_view>

#include "sim/placement/problem.h"

namespace switchyard {

// The first rule that is broken, by its name in scenarios ("max_replicas", "distinct_nodes",
// "max_moved"), or nothing. `current` may be null: then nothing can have moved.
[[nodiscard]] std::string_view BrokenRule(const Placement& placement, const PlacementShape& shape,
                                          const PlacementRules& rules, const Placement* current);

}  // namespace switchyard
