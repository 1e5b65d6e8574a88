// The objective's coefficients for a scenario (sim/placement/objective.h).
#pragma once

#include "sim/placement/objective.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// Seconds from the roofline of the cluster's slowest device; bandwidths of its nodes' NICs and of a
// GPU's NVLink (PCIe without it), the least of the cluster's. No calls: only for ranking.
[[nodiscard]] ObjectiveCosts CostsOf(const Scenario& scenario);

}  // namespace switchyard
