#include "models/cost/gemm.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace {

struct Measured {
  double rows;  // per group
  double groups;
  double out;
  double in;
  double tflops;
  double gbps;
};

// DeepGEMM on H800, FP8 in, BF16 out: its README's tables of 2025-04 (deepseek-ai/DeepGEMM 327ec92)
// give TFLOPS and GB/s of the same run, hence bytes per FLOP independently of the time. The
// readings are rounded to a unit: within 1 % at 206 TFLOPS.
TEST(GemmTest, BytesPerFlopAreThoseDeepGemmReports) {
  const Measured rows[] = {
      {64, 1, 2112, 7168, 206, 1688},   {64, 1, 24576, 1536, 289, 2455},
      {64, 1, 32768, 512, 219, 2143},   {128, 1, 7168, 16384, 645, 2604},
      {4096, 1, 4096, 7168, 1410, 541}, {8192, 4, 4096, 7168, 1346, 434},
      {4096, 8, 7168, 2048, 1214, 826}, {1024, 1, 4096, 7168, 1233, 924},
      {512, 2, 7168, 2048, 916, 1405},  {256, 4, 4096, 7168, 932, 2064},
  };
  for (const Measured& row : rows) {
    const ComputeWork one =
        WorkOfGemm({row.rows, row.in, row.out}, FormatsOf(Dtype::kFp8, Dtype::kBf16));
    const double expected = row.gbps * 1e9 / (row.tflops * 1e12);
    EXPECT_NEAR(one.bytes.value / one.flops.value, expected, 0.015 * expected)
        << row.rows << " x " << row.groups << " rows, " << row.out << " x " << row.in;
  }
}

TEST(GemmTest, CountsTwoFlopsPerWeightAndRow) {
  const ComputeWork work = WorkOfGemm({3, 5, 7}, FormatsOf(Dtype::kBf16, Dtype::kBf16));
  EXPECT_EQ(work.flops.value, 2.0 * 3 * 5 * 7);
  EXPECT_EQ(work.bytes.value, 2.0 * (5 * 7 + 3 * 5 + 3 * 7));
  EXPECT_EQ(work.kernels, 1);
}

TEST(GemmTest, WithoutRowsNothingRuns) {
  const ComputeWork work = WorkOfGemm({0, 5, 7}, FormatsOf(Dtype::kBf16, Dtype::kBf16));
  EXPECT_EQ(work.bytes.value, 0);
  EXPECT_EQ(work.kernels, 0);
}

TEST(GemmTest, ABatchIsThatManyProductsInOneKernel) {
  const GemmFormats formats = FormatsOf(Dtype::kBf16, Dtype::kBf16);
  const ComputeWork work = WorkOfBatchedGemm(4, {3, 5, 7}, formats);
  EXPECT_EQ(work.flops.value, 4 * 2.0 * 3 * 5 * 7);
  EXPECT_EQ(work.bytes.value, 4 * 2.0 * (5 * 7 + 3 * 5 + 3 * 7));
  EXPECT_EQ(work.kernels, 1);
  EXPECT_EQ(WorkOfBatchedGemm(4, {0, 5, 7}, formats).kernels, 0);
}

TEST(GemmTest, WeightOnlyFormatsKeepWideRows) {
  EXPECT_EQ(FormatsOf(Dtype::kInt4, Dtype::kBf16).input, 2);
  EXPECT_EQ(FormatsOf(Dtype::kInt4, Dtype::kBf16).weight, 0.5);
  EXPECT_EQ(FormatsOf(Dtype::kFp8, Dtype::kBf16).input, 1);
  EXPECT_EQ(FormatsOf(Dtype::kFp8, Dtype::kBf16).output, 2);
}

}  // namespace
}  // namespace switchyard
