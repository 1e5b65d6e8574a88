// RouteTopK on a GPU: a warp per token; four warps a block, one where rows are in memory.
#include <cuda_runtime.h>

#include "kernels/core/checks.h"
#include "kernels/core/dev_warp.h"
#include "kernels/core/route.h"
#include "kernels/cuda/launch.h"
#include "kernels/routing_device.h"

namespace switchyard::kernels {
namespace {

constexpr unsigned kWarpsPerBlock = 4;

// Everything a kernel is told, by value. The format of the logits is a field and no template
// argument: it is looked at once per four experts, and there are a third of the kernels to compile.
struct RouteJob {
  RouteSpec spec;
  std::uint32_t tokens;
  LogitRow logits;  // of token 0
  std::size_t row_bytes;
  const float* bias;
  bool aligned;  // for RegisterRow
  RouteOutput<Memory::kDevice> out;
};

__device__ __forceinline__ RowInput InputOf(const RouteJob& job, std::uint32_t token) {
  const auto* const first = static_cast<const std::byte*>(job.logits.data);
  return {{first + token * job.row_bytes, job.logits.format}, job.bias};
}

__device__ __forceinline__ RowOutput OutputOf(const RouteJob& job, std::uint32_t token) {
  float* const weight = job.out.weight.empty() ? nullptr : job.out.weight.Row(token);
  return {job.out.expert.Row(token), weight};
}

// Odd rows are rare: atomics cost nothing, and sums of integers do not depend on their order.
__device__ __forceinline__ void CountFlags(const RowFlags& row, RouteFlags* flags) {
  if (flags == nullptr || (threadIdx.x & 31U) != 0) return;
  if (row.any_nan) atomicAdd(&flags->nan_rows, 1U);
  if (row.any_infinite) atomicAdd(&flags->inf_rows, 1U);
  if (row.any_winner_not_finite) atomicAdd(&flags->short_rows, 1U);
  if (row.winner_ties_with_loser) atomicAdd(&flags->saturated_rows, 1U);
}

template <std::uint32_t kChunks>
__global__ void __launch_bounds__(kWarpsPerBlock* kWarpLanes)
    RouteInRegistersKernel(const RouteJob job) {
  const std::uint32_t token = blockIdx.x * kWarpsPerBlock + threadIdx.x / kWarpLanes;
  if (token >= job.tokens) return;  // a whole warp
  RegisterRow<DevWarp, kChunks> row;
  const RowFlags flags =
      RouteInRegisters<DevWarp>(job.spec, InputOf(job, token), row, OutputOf(job, token));
  CountFlags(flags, job.out.flags);
}

__global__ void __launch_bounds__(kWarpLanes) RouteInMemoryKernel(const RouteJob job) {
  extern __shared__ std::uint32_t scratch[];
  const std::uint32_t token = blockIdx.x;
  const RowFlags flags =
      RouteInMemory<DevWarp>(job.spec, InputOf(job, token), scratch, OutputOf(job, token));
  CountFlags(flags, job.out.flags);
}

template <std::uint32_t kChunks>
Status LaunchInRegisters(const RouteJob& job, cudaStream_t stream) {
  const unsigned blocks = (job.tokens + kWarpsPerBlock - 1) / kWarpsPerBlock;
  RouteInRegistersKernel<kChunks><<<blocks, kWarpsPerBlock * kWarpLanes, 0, stream>>>(job);
  return Launched();
}

Status LaunchInMemory(const RouteJob& job, cudaStream_t stream) {
  const std::size_t bytes = RouteScratchWords(job.spec) * sizeof(std::uint32_t);  // at most 33 KiB
  RouteInMemoryKernel<<<job.tokens, kWarpLanes, bytes, stream>>>(job);
  return Launched();
}

Status Launch(const RouteJob& job, cudaStream_t stream) {
  if (job.tokens == 0) return {};
  if (!job.aligned || !FitsRegisters(job.spec)) return LaunchInMemory(job, stream);
  switch (ChunksOf(job.spec.experts)) {
    case 1:
      return LaunchInRegisters<1>(job, stream);
    case 2:
      return LaunchInRegisters<2>(job, stream);
    case 3:
      return LaunchInRegisters<3>(job, stream);
    case 4:
      return LaunchInRegisters<4>(job, stream);
    default:
      return LaunchInRegisters<8>(job, stream);
  }
}

template <class Logit>
Status Route(const RouteSpec& spec, DeviceMatrix<const Logit> logits, DeviceSpan<const float> bias,
             const RouteOutput<Memory::kDevice>& out, cudaStream_t stream) {
  if (const Status s = CheckRoute(spec, logits, bias, out); !s.ok()) return s;
  RouteJob job{};
  job.spec = spec;
  job.tokens = logits.rows;
  job.logits = {logits.data, kFormatOf<Logit>};
  job.row_bytes = sizeof(Logit) * spec.experts;
  job.bias = bias.data;
  job.aligned = ReadsQuads(logits.data, spec.experts) && ReadsQuads(bias.data, spec.experts);
  job.out = out;
  return Launch(job, stream);
}

}  // namespace

Status RouteTopK(const RouteSpec& spec, DeviceMatrix<const float> logits,
                 DeviceSpan<const float> bias, const RouteOutput<Memory::kDevice>& out,
                 cudaStream_t stream) {
  return Route(spec, logits, bias, out, stream);
}
Status RouteTopK(const RouteSpec& spec, DeviceMatrix<const Bf16> logits,
                 DeviceSpan<const float> bias, const RouteOutput<Memory::kDevice>& out,
                 cudaStream_t stream) {
  return Route(spec, logits, bias, out, stream);
}
Status RouteTopK(const RouteSpec& spec, DeviceMatrix<const Fp16> logits,
                 DeviceSpan<const float> bias, const RouteOutput<Memory::kDevice>& out,
                 cudaStream_t stream) {
  return Route(spec, logits, bias, out, stream);
}

}  // namespace switchyard::kernels
