// DispatchLayout on a GPU: a thread per token. Counts are added up in a block's shared memory where
// they fit, then in the result: integers, so the order in which blocks run changes nothing.
#include "kernels/core/layout.h"
#include "kernels/core/slot_checks.h"
#include "kernels/cuda/launch.h"
#include "kernels/slots_device.h"

namespace switchyard::kernels {
namespace {

constexpr unsigned kThreads = 128;
constexpr std::uint32_t kSharedCounters = 8192;  // 32 KiB

struct Counters {
  std::uint32_t* of[3];  // experts, ranks, nodes
};

// Where block-private counters of experts, ranks and nodes begin, one after the other.
__device__ Counters InShared(std::uint32_t* shared, std::uint32_t experts, std::uint32_t ranks) {
  return {{shared, shared + experts, shared + experts + ranks}};
}

__global__ void LayoutKernel(DeviceMatrix<const std::uint16_t> expert,
                             DeviceMatrix<const std::int32_t> slot, ExpertMap<Memory::kDevice> map,
                             LayoutOutput<Memory::kDevice> out, std::uint32_t shared_counters) {
  extern __shared__ std::uint32_t shared[];
  const auto experts = static_cast<std::uint32_t>(map.expert_to_rank.size);
  const auto ranks = static_cast<std::uint32_t>(map.rank_to_node.size);
  const Counters global{{out.per_expert.data, out.per_rank.data, out.per_node.data}};
  const Counters counters = shared_counters > 0 ? InShared(shared, experts, ranks) : global;
  for (std::uint32_t i = threadIdx.x; i < shared_counters; i += kThreads) shared[i] = 0;
  __syncthreads();

  const std::uint32_t token = blockIdx.x * kThreads + threadIdx.x;
  if (token < expert.rows) {
    std::uint32_t* bits = out.rank_bits.Row(token);
    for (std::uint32_t w = 0; w < out.rank_bits.cols; ++w) bits[w] = 0;
    const core::TokenChoices choices{expert.Row(token), slot.empty() ? nullptr : slot.Row(token),
                                     expert.cols};
    core::LayOutToken(choices, map, bits, [&](int which, std::uint32_t index) {
      atomicAdd(&counters.of[which][index], 1U);
    });
  }

  __syncthreads();
  const Counters mine = InShared(shared, experts, ranks);
  const std::uint32_t sizes[3] = {experts, ranks, map.nodes};
  for (int which = 0; which < 3 && shared_counters > 0; ++which) {
    for (std::uint32_t i = threadIdx.x; i < sizes[which]; i += kThreads) {
      if (mine.of[which][i] != 0) atomicAdd(&global.of[which][i], mine.of[which][i]);
    }
  }
}

}  // namespace

Status DispatchLayout(DeviceMatrix<const std::uint16_t> expert,
                      DeviceMatrix<const std::int32_t> slot, const ExpertMap<Memory::kDevice>& map,
                      const LayoutOutput<Memory::kDevice>& out, cudaStream_t stream) {
  if (const Status s = core::CheckDispatchLayout(expert, slot, map, out); !s.ok()) return s;
  for (const DeviceSpan<std::uint32_t>& counts : {out.per_expert, out.per_rank, out.per_node}) {
    const std::size_t bytes = counts.size * sizeof(std::uint32_t);
    if (const Status s = SetBytes(counts.data, 0, bytes, stream); !s.ok()) return s;
  }
  if (expert.rows == 0) return {};
  const std::size_t counters = map.expert_to_rank.size + map.rank_to_node.size + map.nodes;
  const auto shared = static_cast<std::uint32_t>(counters <= kSharedCounters ? counters : 0);
  const unsigned blocks = (expert.rows + kThreads - 1) / kThreads;
  LayoutKernel<<<blocks, kThreads, shared * sizeof(std::uint32_t), stream>>>(expert, slot, map, out,
                                                                             shared);
  return Launched();
}

}  // namespace switchyard::kernels
