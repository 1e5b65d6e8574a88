// Which rank of an expert-parallel group holds which expert of one MoE layer.
//
//   const Placement placement(2, 2, 3, {0, 1, 2, 0});  // expert 0 on both ranks
//   placement.RankOf(placement.SlotFor(expert, sender));
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/result.h"
#include "sim/routing/routes.h"

namespace switchyard {

// One layer's placement over the ranks of an expert-parallel group. Rank r has the slots
// [r * slots_per_rank, (r + 1) * slots_per_rank); a slot holds one expert or none. An expert in
// several slots is replicated.
class Placement {
 public:
  Placement() = default;
  // expert_of_slot[ranks * slots_per_rank], kNoExpert for empty slots, experts below num_experts.
  Placement(std::uint32_t ranks, std::uint32_t slots_per_rank, std::uint32_t num_experts,
            std::vector<ExpertIndex> expert_of_slot);

  [[nodiscard]] std::uint32_t ranks() const { return ranks_; }
  [[nodiscard]] std::uint32_t slots_per_rank() const { return slots_per_rank_; }
  [[nodiscard]] std::uint32_t num_experts() const {
    return first_replica_.empty() ? 0 : static_cast<std::uint32_t>(first_replica_.size() - 1);
  }
  [[nodiscard]] std::uint32_t num_slots() const { return ranks_ * slots_per_rank_; }
  [[nodiscard]] std::span<const ExpertIndex> expert_of_slot() const { return expert_of_slot_; }
  [[nodiscard]] std::uint32_t RankOf(std::uint32_t slot) const { return slot / slots_per_rank_; }
  // The slots that hold an expert, lowest first.
  [[nodiscard]] std::span<const std::uint32_t> SlotsOf(std::uint32_t expert) const {
    return {replicas_.data() + first_replica_[expert],
            first_replica_[expert + 1] - first_replica_[expert]};
  }
  // The slot that serves the choices of `expert` by rank `sender`: of several replicas always the
  // same one, sender by sender in turn (SGLang's static dispatch).
  [[nodiscard]] std::uint32_t SlotFor(std::uint32_t expert, std::uint32_t sender) const {
    const std::span<const std::uint32_t> slots = SlotsOf(expert);
    return slots[slots.size() == 1 ? 0 : sender % slots.size()];
  }
  // No expert is replicated: SlotFor does not depend on the sender.
  [[nodiscard]] bool unique() const { return unique_; }

 private:
  std::uint32_t ranks_ = 0;
  std::uint32_t slots_per_rank_ = 0;
  bool unique_ = true;
  std::vector<ExpertIndex> expert_of_slot_;
  std::vector<std::uint32_t> first_replica_;  // [experts + 1] into replicas_
  std::vector<std::uint32_t> replicas_;       // slots, expert by expert
};

// SlotFor of every expert for one sender after the other, as the loops over tokens need it.
class SlotTable {
 public:
  explicit SlotTable(const Placement& placement);
  // By expert: its slot, and the slot's rank. Valid until the next call; cheap for one sender.
  void SelectSender(std::uint32_t sender);
  [[nodiscard]] std::span<const std::uint32_t> slots() const { return slots_; }
  [[nodiscard]] std::span<const std::uint16_t> ranks() const { return ranks_; }

 private:
  void Fill(std::uint32_t sender);

  const Placement& placement_;
  std::vector<std::uint32_t> slots_;
  std::vector<std::uint16_t> ranks_;
};

// One placement for every MoE layer, in the model's order; all of one shape (ranks, slots per rank,
// experts).
using LayerPlacements = std::vector<Placement>;

// What is wrong with a placement of `num_experts` experts: experts that are nowhere. Empty when
// nothing is. An expert twice on one rank is no error (DeepSeek's EPLB makes such placements): the
// second slot is wasted.
[[nodiscard]] Diagnostics Verify(const Placement& placement, std::uint32_t num_experts);

// Slots that hold an expert which their rank already has.
[[nodiscard]] std::uint32_t WastedSlots(const Placement& placement);

// Expert weights that ranks must fetch to get from one placement to another of the same shape:
// pairs (rank, expert) of `to` that `from` does not have. Where in a rank a slot is does not matter
// (vLLM's preserve_intragpu_slots keeps what a GPU already holds).
[[nodiscard]] std::uint32_t SlotsMoved(const Placement& from, const Placement& to);

}  // namespace switchyard
