// Permutation on the host: offsets of the experts' rows, then a row for every kept choice.
#include <algorithm>

#include "kernels/core/slot_checks.h"
#include "kernels/slots.h"

namespace switchyard::kernels {

// Padding is largest when every expert that can have a choice has one, and the others fill tiles.
std::size_t MaxPermutationRows(std::uint32_t tokens, std::uint32_t top_k, std::uint32_t experts,
                               std::uint32_t tile) {
  if (tile == 0) return 0;
  const std::size_t choices = std::size_t{tokens} * top_k;
  const std::size_t begun = std::min<std::size_t>(choices, experts);
  return (begun + (choices - begun) / tile) * tile;
}

Status Permutation(HostMatrix<const std::uint16_t> expert, const SlotOutput<Memory::kHost>& slots,
                   std::uint32_t tile, const PermutationOutput<Memory::kHost>& out) {
  if (const Status s = core::CheckPermutation(expert, slots, tile, out); !s.ok()) return s;
  std::uint32_t row = 0;
  for (std::size_t e = 0; e < slots.kept.size; ++e) {
    out.offset[e] = row;
    row += (slots.kept[e] + tile - 1) / tile * tile;
  }
  out.offset[slots.kept.size] = row;
  std::fill_n(out.row_to_flat.data, out.row_to_flat.size, kNoRow);
  for (std::size_t i = 0; i < expert.size(); ++i) {
    const std::uint32_t e = expert.data[i];
    const std::int32_t slot = slots.slot.data[i];
    out.flat_to_row[i] = kNoRow;
    if (e >= slots.kept.size || slot < 0) continue;
    if (static_cast<std::uint32_t>(slot) >= slots.kept[e]) continue;
    out.flat_to_row[i] = out.offset[e] + static_cast<std::uint32_t>(slot);
    out.row_to_flat[out.flat_to_row[i]] = static_cast<std::uint32_t>(i);
  }
  return {};
}

}  // namespace switchyard::kernels
