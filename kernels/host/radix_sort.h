// A stable sort by a 32-bit key in linear time, in memory that the caller gives.
//
//   const KeyedIndex* sorted = SortByKey(items, other, counters);
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/views.h"

namespace switchyard::kernels::host {

struct KeyedIndex {
  std::uint32_t key;
  std::uint32_t index;
};

inline constexpr std::size_t kDigitBits = 11;
inline constexpr std::size_t kDigits = 3;  // 33 bits
inline constexpr std::size_t kCounters = kDigits << kDigitBits;

// Ascending by key, equal keys in their old order. Both arrays have the same size and are
// overwritten; `counters` has kCounters entries (none needed for no items). Returns the array that
// is sorted.
const KeyedIndex* SortByKey(HostSpan<KeyedIndex> items, HostSpan<KeyedIndex> other,
                            HostSpan<std::uint32_t> counters);

}  // namespace switchyard::kernels::host
