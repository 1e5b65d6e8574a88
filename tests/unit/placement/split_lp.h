// The token split as the LP of its definition, solved by Clp: the oracle for ReplicaFlow.
#pragma once

#include <span>

#include "sim/placement/placement.h"

namespace switchyard::testing {

// The least load of the most loaded rank over all splits of loads[experts] over their replicas.
[[nodiscard]] double LeastMaxLoadByLp(const Placement& placement, std::span<const double> loads);

}  // namespace switchyard::testing
