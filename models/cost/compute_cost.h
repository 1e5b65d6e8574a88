// How long a kernel takes on a device.
//
// A ComputeWork says what a kernel has to do (FLOPs, bytes moved to and from device memory, kernels
// launched); a ComputeCostModel turns it into time for one device. work.h builds the former from a
// ModelSpec, the policies in this folder are the latter.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "models/model_spec.h"
#include "sim/base/units.h"

namespace switchyard {

// Which part of the device limits the kernel when it is compute-bound.
enum class ComputeUnit : std::uint8_t { kGemm, kAttention, kVector };

struct ComputeWork {
  Flops flops;
  Bytes bytes;      // read and written in device memory: weights, activations, KV cache
  int kernels = 1;  // launches; 0 flops, 0 bytes and 0 kernels: nothing runs
  Dtype dtype = Dtype::kBf16;
  ComputeUnit unit = ComputeUnit::kGemm;

  // Work done one after the other by kernels of the same kind and dtype.
  ComputeWork& operator+=(const ComputeWork& other) {
    flops += other.flops;
    bytes += other.bytes;
    kernels += other.kernels;
    return *this;
  }
};

// Published peaks of a device, per second.
struct DeviceRates {
  BytesPerSecond memory_bandwidth;
  FlopsPerSecond fp32;  // 0 when unknown: then BF16's
  FlopsPerSecond bf16;
  FlopsPerSecond fp8;  // 0 when the device has none: then BF16's
  FlopsPerSecond fp4;  // 0 when the device has none: then FP8's
};

// Named fractions of the peaks that real kernels reach.
struct Efficiencies {
  double gemm = 0.7;
  double attention = 0.5;
  double memory = 0.8;
  Seconds kernel_overhead;
};

// Contract: pure and thread-compatible; Time is finite, >= 0, never smaller for more flops, bytes
// or kernels, and 0 for work that launches no kernel.
class ComputeCostModel {
 public:
  virtual ~ComputeCostModel() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Seconds Time(const ComputeWork& work) const = 0;
};

// The roofline (Williams, Waterman, Patterson, CACM 2009) with efficiencies:
//   kernels * overhead + max(flops / (e_unit * peak(dtype)), bytes / (e_memory *
//   memory_bandwidth)).
[[nodiscard]] std::unique_ptr<ComputeCostModel> MakeRoofline(const DeviceRates& device,
                                                             const Efficiencies& efficiencies);

}  // namespace switchyard
