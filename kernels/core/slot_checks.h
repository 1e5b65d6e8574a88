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

template <Memory kMemory>
Status CheckChoices(const Matrix<const std::uint16_t, kMemory>& expert, std::size_t experts) {
  constexpr std::size_t kMaxChoices = (std::size_t{1} << 31) - 1;
  return FirstBrokenShape({
      {experts >= 1 && experts <= kMaxExperts, "experts: 1 to 4096"},
      {expert.cols <= kMaxTopK && (expert.cols >= 1 || expert.rows == 0), "top_k: 1 to 64"},
      {expert.size() <= kMaxChoices, "tokens times top_k: below 2^31"},
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
  });
}

template <Memory kMemory>
Status CheckPermutation(const Matrix<const std::uint16_t, kMemory>& expert,
                        const SlotOutput<kMemory>& slots, std::uint32_t tile,
                        const PermutationOutput<kMemory>& out) {
  constexpr std::size_t kMaxRows = kNoRow;
  const auto experts = static_cast<std::uint32_t>(slots.kept.size);
  if (const Status s = CheckChoices(expert, slots.kept.size); !s.ok()) return s;
  if (tile == 0) return {StatusCode::kInvalidSpec, 0, "tile: at least 1"};
  const std::size_t rows = MaxPermutationRows(expert.rows, expert.cols, experts, tile);
  return FirstBrokenShape({
      {rows <= kMaxRows, "rows: with this tile 2^32 or more"},
      {SameShape(slots.slot, expert), "slot: one per choice"},
      {out.offset.size == std::size_t{experts} + 1, "offset: one per expert, and one"},
      {out.row_to_flat.size >= rows, "row_to_flat: at least MaxPermutationRows"},
      {out.flat_to_row.size == expert.size(), "flat_to_row: one per choice"},
  });
}

}  // namespace switchyard::kernels::core
