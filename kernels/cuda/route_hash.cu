// RouteHash and RouteStats on a GPU: a thread per choice.
#include <cuda_runtime.h>

#include "kernels/core/checks.h"
#include "kernels/core/det_math.h"
#include "kernels/cuda/launch.h"
#include "kernels/routing_device.h"

namespace switchyard::kernels {
namespace {

constexpr unsigned kThreads = 256;
constexpr unsigned kMostBlocks = 1024;

unsigned BlocksFor(std::size_t threads) {
  const std::size_t blocks = (threads + kThreads - 1) / kThreads;
  return static_cast<unsigned>(blocks < kMostBlocks ? blocks : kMostBlocks);
}

__global__ void __launch_bounds__(kThreads)
    HashKernel(DeviceSpan<const std::int32_t> token_id, DeviceMatrix<const std::uint16_t> table,
               RouteOutput<Memory::kDevice> out, float share) {
  const std::size_t choices = out.expert.size();
  const std::size_t stride = std::size_t{gridDim.x} * kThreads;
  for (std::size_t i = std::size_t{blockIdx.x} * kThreads + threadIdx.x; i < choices; i += stride) {
    const std::int32_t id = token_id[i / table.cols];
    const bool known = id >= 0 && static_cast<std::uint32_t>(id) < table.rows;
    out.expert.data[i] =
        known ? table.At(static_cast<std::uint32_t>(id), i % table.cols) : kNoChoice;
    if (!out.weight.empty()) out.weight.data[i] = known ? share : 0.0F;
  }
}

// Did the token before choose `expert` too?
__device__ bool Repeats(DeviceMatrix<const std::uint16_t> expert, std::size_t token,
                        std::uint16_t chosen) {
  bool found = false;
  for (std::uint32_t k = 0; k < expert.cols; ++k) {
    found = found || expert.At(token - 1, k) == chosen;
  }
  return found;
}

// Counts in shared memory first: sums of integers, the same in any order.
__global__ void __launch_bounds__(kThreads)
    StatsKernel(DeviceMatrix<const std::uint16_t> expert, std::uint32_t experts,
                RouteStatsOutput<Memory::kDevice> out) {
  extern __shared__ std::uint32_t count[];
  for (std::uint32_t e = threadIdx.x; e < experts; e += kThreads) count[e] = 0;
  __syncthreads();
  std::uint32_t repeated = 0;
  std::uint32_t compared = 0;
  const std::size_t stride = std::size_t{gridDim.x} * kThreads;
  for (std::size_t i = std::size_t{blockIdx.x} * kThreads + threadIdx.x; i < expert.size();
       i += stride) {
    const std::uint16_t chosen = expert.data[i];
    if (chosen >= experts) continue;
    atomicAdd(&count[chosen], 1U);
    if (i < expert.cols) continue;
    ++compared;
    repeated += Repeats(expert, i / expert.cols, chosen) ? 1U : 0U;
  }
  if (repeated > 0) atomicAdd(&out.overlap[0], repeated);
  if (compared > 0) atomicAdd(&out.overlap[1], compared);
  __syncthreads();
  for (std::uint32_t e = threadIdx.x; e < experts; e += kThreads) {
    if (count[e] > 0) atomicAdd(&out.per_expert[e], count[e]);
  }
}

}  // namespace

Status RouteHash(DeviceSpan<const std::int32_t> token_id, DeviceMatrix<const std::uint16_t> table,
                 const RouteOutput<Memory::kDevice>& out, cudaStream_t stream) {
  if (const Status s = CheckHash(token_id, table, out); !s.ok()) return s;
  if (token_id.empty()) return {};
  const float share = det::Div(1.0F, static_cast<float>(table.cols));
  HashKernel<<<BlocksFor(out.expert.size()), kThreads, 0, stream>>>(token_id, table, out, share);
  return Launched();
}

Status RouteStats(DeviceMatrix<const std::uint16_t> expert, std::uint32_t experts,
                  const RouteStatsOutput<Memory::kDevice>& out, cudaStream_t stream) {
  if (const Status s = CheckStats(expert, experts, out); !s.ok()) return s;
  const std::size_t count_bytes = experts * sizeof(std::uint32_t);  // at most 16 KiB
  if (const Status s = SetBytes(out.per_expert.data, 0, count_bytes, stream); !s.ok()) return s;
  const std::size_t overlap_bytes = out.overlap.size * sizeof(std::uint32_t);
  if (const Status s = SetBytes(out.overlap.data, 0, overlap_bytes, stream); !s.ok()) return s;
  if (expert.empty()) return {};
  StatsKernel<<<BlocksFor(expert.size()), kThreads, count_bytes, stream>>>(expert, experts, out);
  return Launched();
}

}  // namespace switchyard::kernels
