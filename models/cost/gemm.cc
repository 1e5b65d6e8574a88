#include "models/cost/gemm.h"

namespace switchyard {
namespace {

bool QuantisesInput(Dtype weights) {
  return weights == Dtype::kFp8 || weights == Dtype::kInt8 || weights == Dtype::kFp4;
}

}  // namespace

GemmFormats FormatsOf(Dtype weights, Dtype activations) {
  const double row = BytesPerElement(activations);
  const double input = QuantisesInput(weights) ? BytesPerElement(Dtype::kFp8) : row;
  return {.input = input, .weight = BytesPerElement(weights), .output = row, .dtype = weights};
}

ComputeWork WorkOfGemm(const GemmShape& shape, const GemmFormats& formats) {
  ComputeWork work;
  work.kernels = 0;
  work.dtype = formats.dtype;
  if (shape.rows <= 0) return work;
  const double weights = shape.in * shape.out;
  work.flops = Flops{2 * shape.rows * weights};
  work.bytes = Bytes{weights * formats.weight + shape.rows * shape.in * formats.input +
                     shape.rows * shape.out * formats.output};
  work.kernels = 1;
  return work;
}

ComputeWork WorkOfBatchedGemm(double batches, const GemmShape& shape, const GemmFormats& formats) {
  ComputeWork work = WorkOfGemm(shape, formats);
  work.flops = work.flops * batches;
  work.bytes = work.bytes * batches;
  return work;
}

}  // namespace switchyard
