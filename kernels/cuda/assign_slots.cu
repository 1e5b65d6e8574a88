// AssignSlots on a GPU. As on the host, every rule is an order in which choices are served; here a
// queue is ranked in parallel (core/rank.h), and an order by weight or draw comes from a sort.
#include <algorithm>

#include "kernels/core/capacity.h"
#include "kernels/core/ordered_key.h"
#include "kernels/core/philox.h"
#include "kernels/core/slot_checks.h"
#include "kernels/core/weights.h"
#include "kernels/core/workspace.h"
#include "kernels/cuda/launch.h"
#include "kernels/cuda/rank_queue.h"
#include "kernels/cuda/sort_keys.h"
#include "kernels/slots_device.h"

namespace switchyard::kernels {
namespace {

using core::Queue;
using core::RankOutputs;

constexpr unsigned kThreads = 256;

unsigned BlocksFor(std::uint32_t items) { return (items + kThreads - 1) / kThreads; }

__device__ std::uint32_t ItemOfThread() { return blockIdx.x * kThreads + threadIdx.x; }

struct Scratch {
  DeviceSpan<std::uint32_t> counts;  // experts times tiles
  DeviceSpan<std::uint32_t> first;   // kNoTokenLeftBehind: where the next round goes on
  DeviceSpan<std::uint8_t> served;
  SortBuffers sort{};  // kWeight, kRandom: choices; kTokenPriority: tokens
  DeviceSpan<std::byte> sort_scratch;
  std::size_t bytes = 0;
};

struct Shape {
  std::uint32_t tokens;
  std::uint32_t experts;
  std::uint32_t top_k;
};

std::uint32_t SortedItems(const CapacitySpec& spec, const Shape& shape) {
  if (spec.drop == DropBy::kTokenPriority) return shape.tokens;
  const bool by_choice = spec.drop == DropBy::kWeight || spec.drop == DropBy::kRandom;
  return by_choice ? shape.tokens * shape.top_k : 0;
}

Status Cut(const CapacitySpec& spec, const Shape& shape, std::byte* workspace, Scratch& scratch) {
  core::Carver<Memory::kDevice> carver(workspace);
  const auto tiling = core::CutIntoTiles(shape.tokens * shape.top_k, shape.experts);
  scratch.counts = carver.Take<std::uint32_t>(std::size_t{shape.experts} * tiling.tiles);
  if (spec.drop == DropBy::kNoTokenLeftBehind) {
    scratch.first = carver.Take<std::uint32_t>(shape.experts);
    scratch.served = carver.Take<std::uint8_t>(shape.tokens);
  }
  scratch.sort.count = SortedItems(spec, shape);
  if (scratch.sort.count > 0) {
    for (int i = 0; i < 2; ++i) {
      scratch.sort.keys[i] = carver.Take<std::uint32_t>(scratch.sort.count).data;
      scratch.sort.values[i] = carver.Take<std::uint32_t>(scratch.sort.count).data;
    }
    std::size_t bytes = 0;
    if (const Status s = SortScratchBytes(scratch.sort.count, bytes); !s.ok()) return s;
    scratch.sort_scratch = carver.Take<std::byte>(std::max<std::size_t>(bytes, 1));
  }
  scratch.bytes = carver.bytes();
  return {};
}

// What is sorted by what: the complement of the key, so that ascending is largest first.
__global__ void ChoiceKeysKernel(CapacitySpec spec, Choices<Memory::kDevice> choices,
                                 SortBuffers out) {
  const std::uint32_t i = ItemOfThread();
  if (i >= out.count) return;
  const std::uint32_t top_k = choices.expert.cols;
  const std::uint32_t key = spec.drop == DropBy::kWeight
                                ? OrderedKey(choices.weight.data[i])
                                : Philox({i / top_k, i % top_k, 0, 0}, spec.seed).x;
  out.keys[0][i] = ~key;
  out.values[0][i] = i;
}

__global__ void TokenKeysKernel(Choices<Memory::kDevice> choices, std::uint32_t experts,
                                SortBuffers out) {
  const std::uint32_t t = ItemOfThread();
  if (t >= out.count) return;
  out.keys[0][t] =
      ~core::LargestKey(choices.expert.Row(t), choices.weight.Row(t), choices.expert.cols, experts);
  out.values[0][t] = t;
}

__global__ void SettleWeightsKernel(CapacitySpec spec, DeviceMatrix<const std::int32_t> slot,
                                    DeviceMatrix<float> weight) {
  const std::uint32_t t = ItemOfThread();
  if (t >= slot.rows) return;
  core::SettleWeights(spec, slot.Row(t), weight.Row(t), slot.cols);
}

Status Zero(void* data, std::size_t bytes, cudaStream_t stream) {
  const cudaError_t error = cudaMemsetAsync(data, 0, bytes, stream);
  if (error == cudaSuccess) return {};
  return {StatusCode::kCuda, static_cast<int>(error), "memory could not be set"};
}

class Assignment {
 public:
  Assignment(const CapacitySpec& spec, const Choices<Memory::kDevice>& choices,
             const SlotOutput<Memory::kDevice>& out, const Scratch& scratch, cudaStream_t stream)
      : spec_(spec), choices_(choices), out_(out), scratch_(scratch), stream_(stream) {
    queue_.expert = choices.expert.data;
    queue_.slot = out.slot.data;
    queue_.tokens = choices.expert.rows;
    queue_.top_k = choices.expert.cols;
    queue_.experts = static_cast<std::uint32_t>(out.wanted.size);
    queue_.choices = queue_.top_k;
    queue_.choice_order = spec.order;
    capacity_ = spec.drop == DropBy::kNone
                    ? core::kUnlimited
                    : core::CapacityOf(spec.rule, queue_.tokens, queue_.experts, queue_.top_k,
                                       core::kUnlimited);
  }

  Status Run() {
    if (const Status s = Serve(); !s.ok()) return s;
    if (spec_.slots == SlotOrder::kTokenOrder && !ServedInTokenOrder()) {
      if (const Status s = NumberByToken(); !s.ok()) return s;
    }
    if (choices_.weight.empty()) return {};
    SettleWeightsKernel<<<BlocksFor(queue_.tokens), kThreads, 0, stream_>>>(
        spec_, {out_.slot.data, out_.slot.rows, out_.slot.cols}, choices_.weight);
    return Launched();
  }

 private:
  [[nodiscard]] bool ServedInTokenOrder() const {
    return (spec_.drop == DropBy::kNone || spec_.drop == DropBy::kPosition) &&
           spec_.order == ChoiceOrder::kTokenMajor;
  }

  [[nodiscard]] RankPlan Plan(const Queue& queue) const {
    return {core::CutIntoTiles(queue.size(), queue.experts), scratch_.counts.data, capacity_};
  }

  Status Serve() {
    if (spec_.drop == DropBy::kNoTokenLeftBehind) return LeaveNoTokenBehind();
    if (scratch_.sort.count > 0) {
      if (const Status s = SortQueue(); !s.ok()) return s;
    }
    return RankQueue(queue_, Plan(queue_), {nullptr, out_.wanted.data, out_.kept.data}, stream_);
  }

  Status SortQueue() {
    const SortBuffers& sort = scratch_.sort;
    queue_.by_choice = spec_.drop != DropBy::kTokenPriority;
    if (queue_.by_choice) {
      ChoiceKeysKernel<<<BlocksFor(sort.count), kThreads, 0, stream_>>>(spec_, choices_, sort);
    } else {
      TokenKeysKernel<<<BlocksFor(sort.count), kThreads, 0, stream_>>>(choices_, queue_.experts,
                                                                       sort);
    }
    if (const Status s = Launched(); !s.ok()) return s;
    return SortByKey(sort, scratch_.sort_scratch, stream_, queue_.order);
  }

  // Round k ranks the k-th choices of the tokens that are not served yet.
  Status LeaveNoTokenBehind() {
    if (const Status s =
            CountQueue(queue_, Plan(queue_), {nullptr, out_.wanted.data, nullptr}, stream_);
        !s.ok()) {
      return s;
    }
    if (const Status s = Zero(scratch_.first.data, queue_.experts * sizeof(std::uint32_t), stream_);
        !s.ok()) {
      return s;
    }
    if (const Status s = Zero(out_.kept.data, queue_.experts * sizeof(std::uint32_t), stream_);
        !s.ok()) {
      return s;
    }
    if (queue_.tokens == 0) return {};
    if (const Status s = Zero(scratch_.served.data, queue_.tokens, stream_); !s.ok()) return s;
    Queue round = queue_;
    round.served = scratch_.served.data;
    round.choices = 1;
    for (std::uint32_t k = 0; k < queue_.top_k; ++k) {
      round.first_choice = k;
      const RankOutputs out{scratch_.first.data, nullptr, out_.kept.data};
      if (const Status s = RankQueue(round, Plan(round), out, stream_); !s.ok()) return s;
    }
    return {};
  }

  // Who is kept stays; the slots of an expert ascend with the token.
  Status NumberByToken() {
    Queue queue = queue_;
    queue.order = nullptr;
    queue.by_choice = false;
    queue.choice_order = ChoiceOrder::kTokenMajor;
    queue.only_kept = true;
    return RankQueue(queue, Plan(queue), {}, stream_);
  }

  const CapacitySpec& spec_;
  const Choices<Memory::kDevice>& choices_;
  const SlotOutput<Memory::kDevice>& out_;
  const Scratch& scratch_;
  cudaStream_t stream_;
  Queue queue_;
  std::uint32_t capacity_ = 0;
};

}  // namespace

std::size_t AssignSlotsDeviceWorkspace(const CapacitySpec& spec, std::uint32_t tokens,
                                       std::uint32_t experts, std::uint32_t top_k) {
  Scratch scratch;
  return Cut(spec, {tokens, experts, top_k}, nullptr, scratch).ok() ? scratch.bytes : 0;
}

Status AssignSlots(const CapacitySpec& spec, std::uint32_t experts,
                   const Choices<Memory::kDevice>& choices, const SlotOutput<Memory::kDevice>& out,
                   DeviceSpan<std::byte> workspace, cudaStream_t stream) {
  if (const Status s = core::CheckAssignSlots(spec, experts, choices, out); !s.ok()) return s;
  const Shape shape{choices.expert.rows, experts, choices.expert.cols};
  Scratch needed;
  if (const Status s = Cut(spec, shape, nullptr, needed); !s.ok()) return s;
  if (workspace.size < needed.bytes) {
    return {StatusCode::kWorkspaceTooSmall, 0,
            "workspace: at least AssignSlotsDeviceWorkspace bytes"};
  }
  Scratch scratch;
  if (const Status s = Cut(spec, shape, workspace.data, scratch); !s.ok()) return s;
  return Assignment(spec, choices, out, scratch, stream).Run();
}

}  // namespace switchyard::kernels
