// From choices to buffers: which choice gets which slot of its expert, what is sent to which rank
// and node, and where each row lies. The twin on the host of slots_device.h.
//
//   std::vector<std::byte> workspace(AssignSlotsWorkspace(spec, tokens, experts, top_k));
//   Status s = AssignSlots(spec, experts, choices, slots, {workspace.data(), workspace.size()});
//
// Deterministic: slots never depend on the order in which threads run. As in routing.h, shapes are
// checked first, nothing allocates, T = 0 is legal. Contents cannot be checked on a GPU without
// waiting for it, so they have a meaning instead, the same here: kNoChoice, and any expert at or
// above E, is never kept and counts nowhere. A workspace may be too large.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/capacity_spec.h"
#include "kernels/status.h"
#include "kernels/views.h"

namespace switchyard::kernels {

// What RouteTopK made. AssignSlots sets `weight` to 0 for what is dropped and changes the others
// where the specification normalises after the drop. Empty: there are none; kWeight and
// kTokenPriority need them.
template <Memory kMemory>
struct Choices {
  Matrix<const std::uint16_t, kMemory> expert;  // [T, K]
  Matrix<float, kMemory> weight;                // [T, K] or empty
};

template <Memory kMemory>
struct SlotOutput {
  Matrix<std::int32_t, kMemory> slot;   // [T, K]: 0 to kept[e] - 1; -1 = dropped
  Span<std::uint32_t, kMemory> wanted;  // [E]: choices before the drop
  Span<std::uint32_t, kMemory> kept;    // [E]: at most the capacity
};

[[nodiscard]] std::size_t AssignSlotsWorkspace(const CapacitySpec& spec, std::uint32_t tokens,
                                               std::uint32_t experts, std::uint32_t top_k);
Status AssignSlots(const CapacitySpec& spec, std::uint32_t experts,
                   const Choices<Memory::kHost>& choices, const SlotOutput<Memory::kHost>& out,
                   HostSpan<std::byte> workspace);

// Where experts live. Every expert on one rank; replicas are resolved before (each choice names the
// physical expert that it goes to). A rank at or above R, or a node at or above N, is nowhere: what
// goes there counts for its expert only.
template <Memory kMemory>
struct ExpertMap {
  Span<const std::uint16_t, kMemory> expert_to_rank;  // [E]
  Span<const std::uint16_t, kMemory> rank_to_node;    // [R]
  std::uint32_t nodes = 0;
};

// What a batch of tokens sends; dropped choices (slot -1) are left out where slots are given. A
// token goes at most once to a rank and at most once to a node: the copies of DeepEP's
// get_dispatch_layout. Every output is written whole.
template <Memory kMemory>
struct LayoutOutput {
  Span<std::uint32_t, kMemory> per_expert;   // [E] choices
  Span<std::uint32_t, kMemory> per_rank;     // [R] tokens
  Span<std::uint32_t, kMemory> per_node;     // [N] tokens
  Matrix<std::uint32_t, kMemory> rank_bits;  // [T, ceil(R / 32)], bit r % 32 of word r / 32
};
// `slot` is what AssignSlots wrote, or empty: nothing was dropped.
Status DispatchLayout(HostMatrix<const std::uint16_t> expert, HostMatrix<const std::int32_t> slot,
                      const ExpertMap<Memory::kHost>& map, const LayoutOutput<Memory::kHost>& out);

// Rows of the expert GEMM's input: expert e's rows begin at offset[e], a multiple of `tile` (1 to
// kMaxTile), in slot order.
template <Memory kMemory>
struct PermutationOutput {
  Span<std::uint32_t, kMemory> offset;       // [E + 1]; the last is the number of rows
  Span<std::uint32_t, kMemory> row_to_flat;  // [>= MaxPermutationRows]: token * K + choice
  Span<std::uint32_t, kMemory> flat_to_row;  // [T K]: the inverse
};
inline constexpr std::uint32_t kNoRow = 0xFFFFFFFF;  // padding; dropped
inline constexpr std::uint32_t kMaxTile = 65536;

// Rows that a batch can need at most, whatever was chosen: offset[E] never exceeds it.
[[nodiscard]] std::size_t MaxPermutationRows(std::uint32_t tokens, std::uint32_t top_k,
                                             std::uint32_t experts, std::uint32_t tile);
// `slots` is what AssignSlots wrote; a slot at or above kept[e] is taken as dropped.
Status Permutation(HostMatrix<const std::uint16_t> expert, const SlotOutput<Memory::kHost>& slots,
                   std::uint32_t tile, const PermutationOutput<Memory::kHost>& out);

}  // namespace switchyard::kernels
