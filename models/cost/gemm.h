// FLOPs and bytes of one matrix product.
//
//   // DeepSeek-V3's q_a + kv_a projection of 64 rows in FP8, output in BF16.
//   ComputeWork work = WorkOfGemm({.rows = 64, .in = 7168, .out = 2112}, FormatsOf(dtype, act));
//
// Every operand crosses device memory once: the matrix whatever the number of rows, input and
// output rows once each. That is also how DeepGEMM counts the GB/s that it reports.
#pragma once

#include "models/cost/compute_cost.h"
#include "models/model_spec.h"

namespace switchyard {

struct GemmShape {
  double rows = 0;
  double in = 0;   // K, summed over the products' input
  double out = 0;  // N
};

// How the operands are stored, and in which dtype they are multiplied.
struct GemmFormats {
  double input = 2;   // bytes of an element
  double weight = 2;  // bytes of an element
  double output = 2;  // bytes of an element
  Dtype dtype = Dtype::kBf16;
};

// Operands of a product with weights of `weights`: 8-bit and FP4 matrices meet rows quantised to 8
// bits (DeepSeek-V3, arXiv 2412.19437, section 3.3), all others rows of the activations' dtype. The
// output has the activations' dtype.
[[nodiscard]] GemmFormats FormatsOf(Dtype weights, Dtype activations);

// One kernel; no rows: nothing runs.
[[nodiscard]] ComputeWork WorkOfGemm(const GemmShape& shape, const GemmFormats& formats);
// `batches` products of one shape, each with a matrix and rows of its own, in one kernel.
[[nodiscard]] ComputeWork WorkOfBatchedGemm(double batches, const GemmShape& shape,
                                            const GemmFormats& formats);

}  // namespace switchyard
