// The rules of kernels/slots.h written plainly: queues per expert, sorted by comparing, then
// counted. Slow, and shares no code with the twin and the kernels: the oracle of both.
//
//   const reference::Slots slots = reference::AssignSlots(spec, experts, {ids, weights, tokens,
//   k});
//
// Arguments are as those functions ask for; nothing is checked.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/slots.h"

namespace switchyard::kernels::reference {

struct RoutedChoices {
  std::vector<std::uint16_t> expert;  // [T K]
  std::vector<float> weight;          // [T K] or empty
  std::uint32_t tokens = 0;
  std::uint32_t top_k = 0;
};

struct Slots {
  std::vector<std::int32_t> slot;
  std::vector<std::uint32_t> wanted;
  std::vector<std::uint32_t> kept;
  std::vector<float> weight;  // after the drop
};
// `capacity` is CapacityOf; not used by kNone.
[[nodiscard]] Slots AssignSlots(const CapacitySpec& spec, std::uint32_t experts,
                                std::uint32_t capacity, const RoutedChoices& choices);

struct Places {
  std::vector<std::uint16_t> expert_to_rank;
  std::vector<std::uint16_t> rank_to_node;
  std::uint32_t nodes = 0;
};
struct Layout {
  std::vector<std::uint32_t> per_expert;
  std::vector<std::uint32_t> per_rank;
  std::vector<std::uint32_t> per_node;
  std::vector<std::uint32_t> rank_bits;
};
// slot: empty when nothing was dropped.
[[nodiscard]] Layout DispatchLayout(const RoutedChoices& choices,
                                    const std::vector<std::int32_t>& slot, const Places& places);

struct Rows {
  std::vector<std::uint32_t> offset;
  std::vector<std::uint32_t> row_to_flat;  // exactly offset[E]
  std::vector<std::uint32_t> flat_to_row;
};
[[nodiscard]] Rows Permutation(const RoutedChoices& choices, const Slots& slots,
                               std::uint32_t tile);

}  // namespace switchyard::kernels::reference
