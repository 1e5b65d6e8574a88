// AssignSlots on a GPU: the steps of core/parallel_slots.h as kernels on a stream.
#include "kernels/core/parallel_slots.h"
#include "kernels/core/slot_checks.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/rank_queue.h"
#include "kernels/cuda/sort_keys.h"
#include "kernels/slots_device.h"

namespace switchyard::kernels {
namespace {

constexpr unsigned kThreads = 256;

unsigned BlocksFor(std::uint32_t items) { return (items + kThreads - 1) / kThreads; }

__device__ std::uint32_t ItemOfThread() { return blockIdx.x * kThreads + threadIdx.x; }

template <class KeyOf>
__global__ void KeysKernel(KeyOf key_of, core::SortBuffers sort) {
  const std::uint32_t i = ItemOfThread();
  if (i >= sort.count) return;
  sort.keys[0][i] = key_of(i);
  sort.values[0][i] = i;
}

__global__ void SettleWeightsKernel(CapacitySpec spec, DeviceMatrix<std::int32_t> slot,
                                    DeviceMatrix<float> weight) {
  const std::uint32_t t = ItemOfThread();
  if (t >= slot.rows) return;
  core::SettleWeights(spec, slot.Row(t), weight.Row(t), slot.cols);
}

class Kernels {
 public:
  explicit Kernels(cudaStream_t stream) : stream_(stream) {}

  Status Count(const core::Queue& queue, const core::RankPlan& plan, const core::RankOutputs& out) {
    return CountQueue(queue, plan, out, stream_);
  }
  Status Rank(const core::Queue& queue, const core::RankPlan& plan, const core::RankOutputs& out) {
    return RankQueue(queue, plan, out, stream_);
  }
  template <class KeyOf>
  Status Keys(const KeyOf& key_of, const core::SortBuffers& sort) {
    KeysKernel<<<BlocksFor(sort.count), kThreads, 0, stream_>>>(key_of, sort);
    return Launched();
  }
  Status Sort(const core::SortBuffers& sort, DeviceSpan<std::byte> scratch,
              const std::uint32_t*& sorted) {
    return SortByKey(sort, scratch, stream_, sorted);
  }
  static Status SortScratchBytes(std::uint32_t count, std::size_t& bytes) {
    return kernels::SortScratchBytes(count, bytes);
  }
  Status Zero(void* data, std::size_t bytes) { return SetBytes(data, 0, bytes, stream_); }
  Status SettleWeights(const CapacitySpec& spec, const DeviceMatrix<std::int32_t>& slot,
                       const DeviceMatrix<float>& weight) {
    SettleWeightsKernel<<<BlocksFor(slot.rows), kThreads, 0, stream_>>>(spec, slot, weight);
    return Launched();
  }

 private:
  cudaStream_t stream_;
};

using Scratch = core::ParallelScratch<Memory::kDevice>;

}  // namespace

std::size_t AssignSlotsDeviceWorkspace(const CapacitySpec& spec, std::uint32_t tokens,
                                       std::uint32_t experts, std::uint32_t top_k) {
  Scratch scratch;
  const Status s = core::CutScratch<Kernels>(spec, {tokens, experts, top_k}, nullptr, scratch);
  return s.ok() ? scratch.bytes : 0;
}

Status AssignSlots(const CapacitySpec& spec, std::uint32_t experts,
                   const Choices<Memory::kDevice>& choices, const SlotOutput<Memory::kDevice>& out,
                   DeviceSpan<std::byte> workspace, cudaStream_t stream) {
  if (const Status s = core::CheckAssignSlots(spec, experts, choices, out); !s.ok()) return s;
  const core::BatchShape shape{choices.expert.rows, experts, choices.expert.cols};
  Scratch needed;
  if (const Status s = core::CutScratch<Kernels>(spec, shape, nullptr, needed); !s.ok()) return s;
  if (workspace.size < needed.bytes) {
    return {StatusCode::kWorkspaceTooSmall, 0,
            "workspace: at least AssignSlotsDeviceWorkspace bytes"};
  }
  if (!core::Given(workspace)) return {StatusCode::kInvalidShape, 0, "workspace: no memory given"};
  Scratch scratch;
  if (const Status s = core::CutScratch<Kernels>(spec, shape, workspace.data, scratch); !s.ok()) {
    return s;
  }
  Kernels kernels(stream);
  return core::ParallelAssignment(spec, choices, out, scratch, kernels).Run();
}

}  // namespace switchyard::kernels
