// Bytes of one token copy on the wire.
#pragma once

#include "sim/base/units.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// hidden elements of `dtype`, one FP32 scale for every scale_block of them when the format has 8
// bits or less, whole bytes. DeepEP counts a dispatched FP8 token of DeepSeek-V3 the same way: 7168
// + 7168/128*4 = 7392 B, plus 16 B of header in its low-latency kernels (DeepEP
// tests/test_low_latency.py).
[[nodiscard]] Bytes PayloadBytes(std::uint32_t hidden, Dtype dtype, std::uint32_t scale_block);

[[nodiscard]] Bytes DispatchBytesPerCopy(const Scenario& scenario);  // payload and metadata
[[nodiscard]] Bytes CombineBytesPerCopy(const Scenario& scenario);   // payload

}  // namespace switchyard
