// How long a kernel takes on a device.
//
// A ComputeWork says what a kernel has to do (FLOPs, bytes moved to and from device memory); a
// ComputeCostModel turns it into time for one device. work.h builds lists of the former from a
// ModelSpec, the policies in this folder are the latter.
//
//   const KernelList kernels = WorkOfFfn(model, tokens, width);  // norm, up, activation, down
//   const Seconds time = TotalTime(*MakeRoofline(rates, efficiencies), kernels);
//
// Each kernel meets the roofline on its own: the memory traffic of one does not hide under the
// FLOPs of the next, so the time of a list is the sum of its kernels' times.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "models/model_spec.h"
#include "sim/base/units.h"

namespace switchyard {

// Which part of the device limits the kernel when it is compute-bound.
enum class ComputeUnit : std::uint8_t { kGemm, kAttention, kVector };

// One kernel, or equal launches of it.
struct ComputeWork {
  Flops flops;      // of all launches together
  Bytes bytes;      // of all launches: weights, activations, KV cache read and written in memory
  int kernels = 1;  // launches; 0 flops, 0 bytes and 0 kernels: nothing runs
  Dtype dtype = Dtype::kBf16;
  ComputeUnit unit = ComputeUnit::kGemm;
};

// Kernels that run one after the other; none: nothing runs.
using KernelList = std::vector<ComputeWork>;

[[nodiscard]] inline Flops TotalFlops(const KernelList& kernels) {
  Flops total;
  for (const ComputeWork& work : kernels) total += work.flops;
  return total;
}

[[nodiscard]] inline Bytes TotalBytes(const KernelList& kernels) {
  Bytes total;
  for (const ComputeWork& work : kernels) total += work.bytes;
  return total;
}

[[nodiscard]] inline int TotalKernels(const KernelList& kernels) {
  int total = 0;
  for (const ComputeWork& work : kernels) total += work.kernels;
  return total;
}

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

[[nodiscard]] inline Seconds TotalTime(const ComputeCostModel& cost, const KernelList& kernels) {
  Seconds total;
  for (const ComputeWork& work : kernels) total += cost.Time(work);
  return total;
}

// The roofline (Williams, Waterman, Patterson, CACM 2009) of one kernel, with efficiencies:
//   kernels * overhead +
//   max(flops / (e_unit * peak(dtype)), bytes / (e_memory * memory_bandwidth)).
[[nodiscard]] std::unique_ptr<ComputeCostModel> MakeRoofline(const DeviceRates& device,
                                                             const Efficiencies& efficiencies);

}  // namespace switchyard
