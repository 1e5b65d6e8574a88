#include "kernels/host/radix_sort.h"

#include <algorithm>
#include <utility>

namespace switchyard::kernels::host {
namespace {

constexpr std::size_t kBins = std::size_t{1} << kDigitBits;

std::size_t Digit(std::uint32_t key, std::size_t digit) {
  return (key >> (digit * kDigitBits)) & (kBins - 1);
}

// From how many have a digit to where the first of them goes. False: all have the same digit.
bool BeginsOf(std::uint32_t* bins, std::size_t items) {
  std::uint32_t begin = 0;
  for (std::size_t b = 0; b < kBins; ++b) {
    if (bins[b] == items) return false;
    begin += std::exchange(bins[b], begin);
  }
  return true;
}

}  // namespace

const KeyedIndex* SortByKey(HostSpan<KeyedIndex> items, HostSpan<KeyedIndex> other,
                            HostSpan<std::uint32_t> counters) {
  if (items.size == 0) return items.data;
  std::fill_n(counters.data, kCounters, 0U);
  for (std::size_t i = 0; i < items.size; ++i) {
    for (std::size_t d = 0; d < kDigits; ++d) ++counters[d * kBins + Digit(items[i].key, d)];
  }
  KeyedIndex* from = items.data;
  KeyedIndex* to = other.data;
  for (std::size_t d = 0; d < kDigits; ++d) {
    std::uint32_t* next = counters.data + d * kBins;
    if (!BeginsOf(next, items.size)) continue;
    for (std::size_t i = 0; i < items.size; ++i) to[next[Digit(from[i].key, d)]++] = from[i];
    std::swap(from, to);
  }
  return from;
}

}  // namespace switchyard::kernels::host
