#include <gtest/gtest.h>

#include "models/cost/compute_cost.h"
#include "sim/base/check.h"
#include "sim/base/rng.h"

namespace switchyard {
namespace {

// NVIDIA H100 SXM data sheet, dense: 989 TFLOPS BF16, 1979 TFLOPS FP8, 67 TFLOPS FP32, 3.35 TB/s.
DeviceRates H100() { return {3350_GBps, 67_TFLOPs, 989_TFLOPs, 1979_TFLOPs, {}}; }

ComputeWork Work(double flops, double bytes, Dtype dtype = Dtype::kBf16,
                 ComputeUnit unit = ComputeUnit::kGemm) {
  return {Flops{flops}, Bytes{bytes}, 1, dtype, unit};
}

TEST(RooflineTest, KneeIsWhereBothLimitsMeet) {
  const auto model = MakeRoofline(H100(), {1, 1, 1, {}});
  constexpr double kBytes = 1e9;
  const double knee = 989e12 / 3350e9;  // 295.2 FLOP per byte
  const double memory_time = kBytes / 3350e9;
  // Below the knee memory decides, above it the FLOPs.
  EXPECT_DOUBLE_EQ(model->Time(Work(0.5 * knee * kBytes, kBytes)).value, memory_time);
  EXPECT_DOUBLE_EQ(model->Time(Work(knee * kBytes, kBytes)).value, memory_time);
  EXPECT_DOUBLE_EQ(model->Time(Work(2 * knee * kBytes, kBytes)).value, 2 * memory_time);
}

TEST(RooflineTest, EfficienciesDivideTheirOwnPeak) {
  const auto model = MakeRoofline(H100(), {0.7, 0.5, 0.8, {}});
  EXPECT_DOUBLE_EQ(model->Time(Work(1e12, 0)).value, 1e12 / (0.7 * 989e12));
  EXPECT_DOUBLE_EQ(model->Time(Work(1e12, 0, Dtype::kBf16, ComputeUnit::kAttention)).value,
                   1e12 / (0.5 * 989e12));
  EXPECT_DOUBLE_EQ(model->Time(Work(1e12, 0, Dtype::kBf16, ComputeUnit::kVector)).value,
                   1e12 / (0.7 * 67e12));
  EXPECT_DOUBLE_EQ(model->Time(Work(0, 1e9)).value, 1e9 / (0.8 * 3350e9));
}

TEST(RooflineTest, EachLaunchCostsItsOverhead) {
  const auto model = MakeRoofline(H100(), {1, 1, 1, 3_us});
  ComputeWork work = Work(0, 0);
  work.kernels = 5;
  EXPECT_DOUBLE_EQ(model->Time(work).value, 15e-6);
}

TEST(RooflineTest, KernelsOneAfterTheOtherTakeTheSumOfTheirTimes) {
  const auto model = MakeRoofline(H100(), {1, 1, 1, 3_us});
  // A product of 989 GFLOP and 1 MB, 1 ms of compute; then a permute of 3.35 GB, 1 ms of memory.
  const ComputeWork product = Work(989e9, 1e6);
  const ComputeWork permute = Work(0, 3.35e9);
  EXPECT_DOUBLE_EQ(model->Time(product).value, 3e-6 + 1e-3);
  EXPECT_DOUBLE_EQ(model->Time(permute).value, 3e-6 + 1e-3);
  // 2.006 ms. One roofline over both would hide the permute: max(989 GFLOP, 3.351 GB) is 1 ms.
  EXPECT_DOUBLE_EQ(TotalTime(*model, {product, permute}).value, 2 * 3e-6 + 1e-3 + 1e-3);
  EXPECT_EQ(TotalFlops({product, permute}).value, 989e9);
  EXPECT_EQ(TotalBytes({product, permute}).value, 3.351e9);
  EXPECT_EQ(TotalKernels({product, permute}), 2);
}

TEST(RooflineTest, EqualLaunchesInOneWorkAreThatManyKernels) {
  const auto model = MakeRoofline(H100(), {0.7, 0.5, 0.8, 3_us});
  const ComputeWork one = Work(1e12, 2e9);
  const ComputeWork four{one.flops * 4, one.bytes * 4, 4, one.dtype, one.unit};
  EXPECT_DOUBLE_EQ(model->Time(four).value, TotalTime(*model, {one, one, one, one}).value);
}

TEST(RooflineTest, NoKernelTakesNoTime) {
  const auto model = MakeRoofline(H100(), {1, 1, 1, 3_us});
  ComputeWork nothing;
  nothing.kernels = 0;
  EXPECT_EQ(model->Time(nothing), Seconds{});
  EXPECT_EQ(TotalTime(*model, {}), Seconds{});
}

TEST(RooflineTest, DtypesFallBackToWhatTheDeviceHas) {
  const Efficiencies all{1, 1, 1, {}};
  const auto h100 = MakeRoofline(H100(), all);
  const auto time = [](const auto& model, Dtype dtype) {
    return model->Time(Work(1e15, 0, dtype)).value;
  };
  EXPECT_DOUBLE_EQ(time(h100, Dtype::kFp8), 1e15 / 1979e12);
  EXPECT_DOUBLE_EQ(time(h100, Dtype::kInt8), 1e15 / 1979e12) << "as FP8";
  EXPECT_DOUBLE_EQ(time(h100, Dtype::kFp4), 1e15 / 1979e12) << "no FP4: FP8's";
  EXPECT_DOUBLE_EQ(time(h100, Dtype::kInt4), 1e15 / 989e12) << "storage only: BF16's";
  EXPECT_DOUBLE_EQ(time(h100, Dtype::kFp32), 1e15 / 67e12);
  // A100: 312 TFLOPS BF16 (data sheet), neither FP8 nor FP4; FP32 not given.
  const auto a100 = MakeRoofline({2039_GBps, {}, 312_TFLOPs, {}, {}}, all);
  for (const Dtype dtype : {Dtype::kFp32, Dtype::kBf16, Dtype::kFp16, Dtype::kFp8, Dtype::kFp4}) {
    EXPECT_DOUBLE_EQ(time(a100, dtype), 1e15 / 312e12) << ToString(dtype);
  }
}

TEST(RooflineTest, IsMonotoneInEveryArgument) {
  const auto model = MakeRoofline(H100(), {0.7, 0.5, 0.8, 2_us});
  Rng rng(1, Stream("roofline"));
  for (int i = 0; i < 1000; ++i) {
    ComputeWork work = Work(1e13 * rng.Uniform(), 1e10 * rng.Uniform());
    work.kernels = 1 + static_cast<int>(rng.Below(8));
    ComputeWork more = work;
    switch (rng.Below(3)) {
      case 0:
        more.flops = more.flops * 1.5;
        break;
      case 1:
        more.bytes = more.bytes * 1.5;
        break;
      default:
        ++more.kernels;
    }
    ASSERT_GE(model->Time(more), model->Time(work));
  }
}

TEST(RooflineTest, RatesOfZeroAreOurBug) {
  EXPECT_THROW((void)MakeRoofline({}, {}), InternalError);
  EXPECT_THROW((void)MakeRoofline(H100(), {0, 1, 1, {}}), InternalError);
}

}  // namespace
}  // namespace switchyard
