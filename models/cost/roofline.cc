#include <algorithm>

#include "models/cost/compute_cost.h"
#include "sim/base/check.h"

namespace switchyard {
namespace {

FlopsPerSecond FirstKnown(std::initializer_list<FlopsPerSecond> rates) {
  for (const FlopsPerSecond rate : rates) {
    if (rate.value > 0) return rate;
  }
  return {};
}

// The peak at which matrices of a dtype are multiplied. INT8 tensor cores run at FP8's rate on
// every device that has both (NVIDIA H100 data sheet: 1979 TOPS and 1979 TFLOPS, dense). INT4 is a
// storage format only: kernels expand the weights and multiply in 16 bits (Frantar et al., MARLIN,
// PPoPP 2025).
FlopsPerSecond PeakOf(const DeviceRates& device, Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp32:
      return FirstKnown({device.fp32, device.bf16});
    case Dtype::kFp8:
    case Dtype::kInt8:
      return FirstKnown({device.fp8, device.bf16});
    case Dtype::kFp4:
      return FirstKnown({device.fp4, device.fp8, device.bf16});
    case Dtype::kBf16:
    case Dtype::kFp16:
    case Dtype::kInt4:
      return device.bf16;
  }
  return device.bf16;
}

class Roofline final : public ComputeCostModel {
 public:
  Roofline(const DeviceRates& device, const Efficiencies& efficiencies)
      : device_(device), efficiencies_(efficiencies) {
    SWITCHYARD_CHECK(device.bf16.value > 0, "the device has a BF16 rate");
    SWITCHYARD_CHECK(device.memory_bandwidth.value > 0, "the device has a memory bandwidth");
    SWITCHYARD_CHECK(efficiencies.gemm > 0 && efficiencies.attention > 0 && efficiencies.memory > 0,
                     "efficiencies are above 0");
  }

  [[nodiscard]] std::string_view name() const override { return "roofline"; }

  [[nodiscard]] Seconds Time(const ComputeWork& work) const override {
    if (work.kernels <= 0) return Seconds{};
    const Seconds compute = work.flops / Rate(work);
    const Seconds memory = work.bytes / (device_.memory_bandwidth * efficiencies_.memory);
    return efficiencies_.kernel_overhead * work.kernels + std::max(compute, memory);
  }

 private:
  // Vector kernels use the ordinary cores: FP32's rate, whatever the dtype.
  [[nodiscard]] FlopsPerSecond Rate(const ComputeWork& work) const {
    switch (work.unit) {
      case ComputeUnit::kAttention:
        return PeakOf(device_, work.dtype) * efficiencies_.attention;
      case ComputeUnit::kVector:
        return PeakOf(device_, Dtype::kFp32) * efficiencies_.gemm;
      case ComputeUnit::kGemm:
        break;
    }
    return PeakOf(device_, work.dtype) * efficiencies_.gemm;
  }

  DeviceRates device_;
  Efficiencies efficiencies_;
};

}  // namespace

std::unique_ptr<ComputeCostModel> MakeRoofline(const DeviceRates& device,
                                               const Efficiencies& efficiencies) {
  return std::make_unique<Roofline>(device, efficiencies);
}

}  // namespace switchyard
