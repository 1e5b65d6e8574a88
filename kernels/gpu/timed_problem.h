// The buffers of one timed problem: several sets, used in turn, together larger than the L2 cache
// where that takes at most kMostSets of them, so that a call finds nothing of its input there.
//
//   TimedProblem problem({spec, tokens, /*bf16=*/false}, l2_bytes, status);
//   Status s = problem.Route(i, stream);                     // set i modulo sets()
//
// Logits are random, and the choices that slots are assigned to are those of the router.
#pragma once

#include <cstdint>

#include "kernels/recorder/cuda/device_memory.h"
#include "kernels/routing_device.h"
#include "kernels/slots_device.h"

namespace switchyard::kernels::gpu {

struct TimedShape {
  RouteSpec route;
  std::uint32_t tokens = 0;
  bool bf16 = false;

  [[nodiscard]] std::size_t Choices() const { return std::size_t{tokens} * route.top_k; }
  // Each input read once, each output written once: T E b + T K (2 + 4).
  [[nodiscard]] std::size_t RouteBytes() const;
  // T K (2 + 4): choices and slots. With weights, read and written: T K (2 + 4 + 8).
  [[nodiscard]] std::size_t SlotBytes(bool weights) const;
  // T K (2 + 4) and a bit per token and rank.
  [[nodiscard]] std::size_t LayoutBytes() const;
  // T K (2 + 4 + 4 + 4): choices, slots, and both directions; padding not counted.
  [[nodiscard]] std::size_t PermutationBytes() const;
};

class TimedProblem {
 public:
  static constexpr std::uint32_t kLeastSets = 3;
  static constexpr std::uint32_t kMostSets = 64;
  static constexpr std::uint32_t kRanks = 32;
  static constexpr std::uint32_t kNodes = 4;
  static constexpr std::uint32_t kTile = 64;

  TimedProblem(const TimedShape& shape, std::size_t l2_bytes, cudaStream_t stream, Status& status);

  [[nodiscard]] std::uint32_t sets() const { return sets_; }
  // Whole rounds over the sets, at least 16.
  [[nodiscard]] std::uint32_t Calls() const;

  Status Route(std::uint32_t set, cudaStream_t stream) const;
  // With weights for every rule but kNone.
  Status Slots(const CapacitySpec& spec, std::uint32_t set, cudaStream_t stream) const;
  Status Layout(std::uint32_t set, cudaStream_t stream) const;
  Status Permute(std::uint32_t set, cudaStream_t stream) const;

 private:
  void Fill(cudaStream_t stream, Status& status) const;
  [[nodiscard]] SlotOutput<Memory::kDevice> SlotsOf(std::uint32_t set) const;
  template <class T>
  [[nodiscard]] DeviceMatrix<T> PerChoice(T* first, std::uint32_t set) const;

  TimedShape shape_;
  std::uint32_t sets_;
  std::size_t logit_stride_;  // elements from one set to the next
  std::size_t choice_stride_;
  std::size_t expert_stride_;
  std::size_t row_stride_;
  std::size_t workspace_bytes_;
  DeviceBuffer<float> logits_;
  DeviceBuffer<Bf16> logits16_;
  DeviceBuffer<float> bias_;
  DeviceBuffer<std::uint16_t> expert_;
  DeviceBuffer<float> weight_;
  DeviceBuffer<std::int32_t> slot_;
  DeviceBuffer<std::uint32_t> wanted_;
  DeviceBuffer<std::uint32_t> kept_;
  DeviceBuffer<std::uint32_t> per_expert_;
  DeviceBuffer<std::uint32_t> per_place_;  // ranks, then nodes
  DeviceBuffer<std::uint32_t> rank_bits_;
  DeviceBuffer<std::uint32_t> offset_;
  DeviceBuffer<std::uint32_t> row_to_flat_;
  DeviceBuffer<std::uint32_t> flat_to_row_;
  DeviceBuffer<std::uint16_t> expert_to_rank_;
  DeviceBuffer<std::uint16_t> rank_to_node_;
  DeviceBuffer<std::byte> workspace_;
};

}  // namespace switchyard::kernels::gpu
