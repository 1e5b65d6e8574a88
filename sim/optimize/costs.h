// The objective's coefficients for a scenario (sim/placement/objective.h).
#pragma once

#include "sim/placement/objective.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// Seconds from the roofline of the cluster's slowest device; bandwidths of the NICs of
// ClusterSpec::node and of a GPU's NVLink in it (PCIe without it). For ranking only.
[[nodiscard]] ObjectiveCosts CostsOf(const Scenario& scenario);

}  // namespace switchyard
