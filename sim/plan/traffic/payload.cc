#include "sim/plan/traffic/payload.h"

#include <cmath>

namespace switchyard {

Bytes PayloadBytes(std::uint32_t hidden, Dtype dtype, std::uint32_t scale_block) {
  constexpr double kScaleBytes = 4;  // FP32
  const double element = BytesPerElement(dtype);
  double bytes = std::ceil(hidden * element);
  if (element <= 1.0) bytes += std::ceil(double{1} * hidden / scale_block) * kScaleBytes;
  return {bytes};
}

Bytes DispatchBytesPerCopy(const Scenario& scenario) {
  const Communication& c = scenario.communication;
  return PayloadBytes(scenario.model.hidden_size, c.dispatch_dtype, c.scale_block) + c.metadata;
}

Bytes CombineBytesPerCopy(const Scenario& scenario) {
  const Communication& c = scenario.communication;
  return PayloadBytes(scenario.model.hidden_size, c.combine_dtype, c.scale_block);
}

}  // namespace switchyard
