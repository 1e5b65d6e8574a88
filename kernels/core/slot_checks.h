// What AssignSlots, DispatchLayout and Permutation ask of their arguments, on the host and on a
// GPU.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/route_spec.h"
#include "kernels/slots.h"

namespace switchyard::kernels::core {

struct ShapeRule {
  bool holds;
  const char* otherwise;
};

template <std::size_t kRules>
Status FirstBrokenShape(const ShapeRule (&rules)[kRules]) {
  for (const ShapeRule& rule : rules) {
    if (!rule.holds) return {StatusCode::kInvalidShape, 0, rule.otherwise};
  }
  return {};
}

template <class A, class B, Memory kMemory>
bool SameShape(const Matrix<A, kMemory>& a, const Matrix<B, kMemory>& b) {
  return a.rows == b.rows && a.cols == b.cols;
}

// A span or matrix with elements has memory.
template <class View>
bool Given(const View& view) {
  return view.empty() || view.data != nullptr;
}

template <Memory kMemory>
Status CheckChoices(const Matrix<const std::uint16_t, kMemory>& expert, std::size_t experts) {
  constexpr std::size_t kMaxChoices = (std::size_t{1} << 31) - 1;
  return FirstBrokenShape({
      {experts >= 1 && experts <= kMaxExperts, "experts: 1 to 4096"},
      {expert.cols <= kMaxTopK && (expert.cols >= 1 || expert.rows == 0), "top_k: 1 to 64"},
      {expert.size() <= kMaxChoices, "tokens times top_k: below 2^31"},
      {Given(expert), "expert: no memory given"},
  });
}

[[nodiscard]] inline bool NeedsWeights(const CapacitySpec& spec) {
  return spec.drop == DropBy::kWeight || spec.drop == DropBy::kTokenPriority;
}

template <Memory kMemory>
Status CheckAssignSlots(const CapacitySpec& spec, std::uint32_t experts,
                        const Choices<kMemory>& choices, const SlotOutput<kMemory>& out) {
  if (const Status s = Validate(spec); !s.ok()) return s;
  if (const Status s = CheckChoices(choices.expert, experts); !s.ok()) return s;
  return FirstBrokenShape({
      {choices.weight.empty() || SameShape(choices.weight, choices.expert),
       "weight: as many as choices, or empty"},
      {!NeedsWeights(spec) || SameShape(choices.weight, choices.expert),
       "weight: this drop rule needs one per choice"},
      {SameShape(out.slot, choices.expert), "slot: one per choice"},
      {out.wanted.size == experts && out.kept.size == experts, "wanted, kept: one per expert"},
      {Given(choices.weight), "weight: no memory given"},
      {Given(out.slot) && Given(out.wanted) && Given(out.kept),
       "slot, wanted, kept: no memory given"},
  });
}

[[nodiscard]] inline std::size_t RankWords(std::size_t ranks) { return (ranks + 31) / 32; }

template <Memory kMemory>
Status CheckDispatchLayout(const Matrix<const std::uint16_t, kMemory>& expert,
                           const Matrix<const std::int32_t, kMemory>& slot,
                           const ExpertMap<kMemory>& map, const LayoutOutput<kMemory>& out) {
  constexpr std::size_t kMaxPlaces = 0xFFFF;
  const std::size_t ranks = map.rank_to_node.size;
  if (const Status s = CheckChoices(expert, map.expert_to_rank.size); !s.ok()) return s;
  return FirstBrokenShape({
      {slot.empty() || SameShape(slot, expert), "slot: one per choice, or empty"},
      {ranks >= 1 && ranks <= kMaxPlaces, "ranks: 1 to 65535"},
      {map.nodes >= 1 && map.nodes <= kMaxPlaces, "nodes: 1 to 65535"},
      {out.per_expert.size == map.expert_to_rank.size, "per_expert: one per expert"},
      {out.per_rank.size == ranks, "per_rank: one per rank"},
      {out.per_node.size == map.nodes, "per_node: one per node"},
      {out.rank_bits.rows == expert.rows && out.rank_bits.cols == RankWords(ranks),
       "rank_bits: ceil(ranks / 32) words per token"},
      {Given(slot), "slot: no memory given"},
      {Given(map.expert_to_rank) && Given(map.rank_to_node),
       "expert_to_rank, rank_to_node: no memory given"},
      {Given(out.per_expert) && Given(out.per_rank) && Given(out.per_node) && Given(out.rank_bits),
       "per_expert, per_rank, per_node, rank_bits: no memory given"},
  });
}

template <Memory kMemory>
Status CheckPermutation(const Matrix<const std::uint16_t, kMemory>& expert,
                        const SlotOutput<kMemory>& slots, std::uint32_t tile,
                        const PermutationOutput<kMemory>& out) {
  const auto experts = static_cast<std::uint32_t>(slots.kept.size);
  if (const Status s = CheckChoices(expert, slots.kept.size); !s.ok()) return s;
  if (tile == 0 || tile > kMaxTile) return {StatusCode::kInvalidSpec, 0, "tile: 1 to 65536"};
  static_assert(std::uint64_t{kMaxExperts} * kMaxTile + (std::uint64_t{1} << 31U) < kNoRow,
                "rows and their padding count in 32 bits");
  const std::size_t rows = MaxPermutationRows(expert.rows, expert.cols, experts, tile);
  return FirstBrokenShape({
      {SameShape(slots.slot, expert), "slot: one per choice"},
      {out.offset.size == std::size_t{experts} + 1, "offset: one per expert, and one"},
      {out.row_to_flat.size >= rows, "row_to_flat: at least MaxPermutationRows"},
      {out.flat_to_row.size == expert.size(), "flat_to_row: one per choice"},
      {Given(slots.slot) && Given(slots.kept), "slot, kept: no memory given"},
      {Given(out.offset) && Given(out.row_to_flat) && Given(out.flat_to_row),
       "offset, row_to_flat, flat_to_row: no memory given"},
  });
}

}  // namespace switchyard::kernels::core
