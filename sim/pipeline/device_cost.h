// The compute-cost model of a device under a scenario's efficiencies.
#pragma once

#include <memory>

#include "models/cost/compute_cost.h"
#include "topologies/cluster_spec.h"

namespace switchyard {

[[nodiscard]] inline std::unique_ptr<ComputeCostModel> CostModelOf(
    const DeviceSpec& device, const Efficiencies& efficiencies) {
  const DeviceRates rates{device.memory_bandwidth, device.fp32_rate, device.bf16_rate,
                          device.fp8_rate, device.fp4_rate};
  return MakeRoofline(rates, efficiencies);
}

}  // namespace switchyard
