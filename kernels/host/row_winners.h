// The group limit and the K winners of a row on the host.
#pragma once

#include <functional>

#include "kernels/host/row.h"

namespace switchyard::kernels::host {

// Keeps the `count` largest of what is offered, in order. Offered in ascending index order, equal
// ones stay in that order.
SWITCHYARD_KERNEL_INLINE void Insert(std::uint64_t* best, std::uint32_t count,
                                     std::uint64_t packed) {
  std::uint32_t at = count - 1;
  for (; at > 0 && best[at - 1] < packed; --at) best[at] = best[at - 1];
  best[at] = packed;
}

SWITCHYARD_KERNEL_INLINE float SumOfTop2(const std::uint32_t* key, std::uint32_t members) {
  std::uint32_t first = kExcludedKey;
  std::uint32_t second = kExcludedKey;
  for (std::uint32_t e = 0; e < members; ++e) {
    const std::uint32_t smaller = key[e] < first ? key[e] : first;
    second = smaller > second ? smaller : second;
    first = key[e] > first ? key[e] : first;
  }
  return det::Add(FloatOfKey(first), FloatOfKey(second));
}

inline float SumOfTopN(const std::uint32_t* key, std::uint32_t members, std::uint32_t n) {
  std::array<std::uint64_t, kMaxTopK> best{};
  for (std::uint32_t e = 0; e < members; ++e) {
    const std::uint64_t packed = Packed(key[e], e);
    if (packed > best[n - 1]) Insert(best.data(), n, packed);
  }
  float sum = FloatOfKey(KeyOfPacked(best[0]));
  for (std::uint32_t i = 1; i < n; ++i) sum = det::Add(sum, FloatOfKey(KeyOfPacked(best[i])));
  return sum;
}

SWITCHYARD_KERNEL_INLINE std::uint32_t GroupKey(const RouteSpec& spec, const std::uint32_t* key,
                                                std::uint32_t members) {
  constexpr std::uint32_t kPair = 2;
  if (spec.group_score == GroupScore::kMax || spec.group_top_n == 1) {
    std::uint32_t largest = kExcludedKey;
    for (std::uint32_t e = 0; e < members; ++e) largest = key[e] > largest ? key[e] : largest;
    return largest;
  }
  const float sum = spec.group_top_n == kPair ? SumOfTop2(key, members)
                                              : SumOfTopN(key, members, spec.group_top_n);
  return KeyUnder(spec.nan, sum);
}

// Takes the experts of all but the best groups out of the race.
SWITCHYARD_KERNEL_INLINE void LimitGroups(const RouteSpec& spec, Row& row) {
  if (spec.topk_groups == spec.groups) return;
  const std::uint32_t members = spec.experts / spec.groups;
  for (std::uint32_t g = 0; g < spec.groups; ++g) {
    row.group[g] = Packed(GroupKey(spec, &row.key[g * members], members), g);
  }
  std::copy_n(row.group.begin(), spec.groups, row.sorted.begin());
  const auto last = row.sorted.begin() + spec.topk_groups - 1;
  std::nth_element(row.sorted.begin(), last, row.sorted.begin() + spec.groups, std::greater<>());
  const std::uint64_t least_kept = *last;
  const std::uint32_t masked =
      spec.masked == MaskedGroups::kZeroKey ? OrderedKey(0.0F) : kExcludedKey;
  for (std::uint32_t g = 0; g < spec.groups; ++g) {
    if (row.group[g] < least_kept) std::fill_n(&row.key[g * members], members, masked);
  }
}

// The K best and the best that lost.
SWITCHYARD_KERNEL_INLINE void FindWinners(const RouteSpec& spec, Row& row) {
  const std::uint32_t count = spec.top_k + 1U;
  std::fill_n(row.winner.begin(), count, std::uint64_t{0});
  std::uint64_t* const best = row.winner.data();
  if (spec.tie == TieRule::kLowerIndex) {
    std::uint32_t least = kExcludedKey;  // later experts lose a tie
    for (std::uint32_t e = 0; e < spec.experts; ++e) {
      if (row.key[e] <= least) continue;
      Insert(best, count, Packed(row.key[e], e));
      least = KeyOfPacked(best[count - 1]);
    }
    return;
  }
  for (std::uint32_t e = 0; e < spec.experts; ++e) {
    const std::uint64_t packed = Packed(row.key[e], TieRank(spec.tie, e));
    if (packed > best[count - 1]) Insert(best, count, packed);
  }
}

}  // namespace switchyard::kernels::host
