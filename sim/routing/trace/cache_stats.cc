#include "sim/routing/trace/cache_stats.h"

#include <algorithm>
#include <limits>

namespace switchyard {

std::vector<std::uint64_t> LruHits(const LayerAccesses& accesses,
                                   std::span<const std::uint32_t> sizes) {
  std::vector<std::uint64_t> hits(sizes.size(), 0);
  std::vector<std::uint64_t> last_use(accesses.num_experts, 0);  // 0: never used
  std::uint64_t now = 0;
  const std::size_t k = accesses.top_k;
  for (std::size_t begin = 0; begin < accesses.choices.size(); begin += k) {
    const auto token = accesses.choices.subspan(begin, k);
    for (const ExpertIndex e : token) {
      if (e == kNoExpert || last_use[e] == 0) continue;
      const std::uint64_t mine = last_use[e];
      std::uint64_t newer = 0;
      for (const std::uint64_t other : last_use) newer += other > mine ? 1 : 0;
      for (std::size_t i = 0; i < sizes.size(); ++i) hits[i] += newer < sizes[i] ? 1 : 0;
    }
    // The best choice is used last: of a token's experts it is the likeliest to return.
    for (std::size_t j = k; j-- > 0;) {
      if (token[j] != kNoExpert) last_use[token[j]] = ++now;
    }
  }
  return hits;
}

namespace {

constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

// next[i]: the token after choice i's own that chooses the same expert, kNever when none does.
std::vector<std::uint32_t> NextUses(const LayerAccesses& accesses) {
  std::vector<std::uint32_t> next(accesses.choices.size(), kNever);
  std::vector<std::uint32_t> upcoming(accesses.num_experts, kNever);
  for (std::size_t i = next.size(); i-- > 0;) {
    const ExpertIndex e = accesses.choices[i];
    if (e == kNoExpert) continue;
    next[i] = upcoming[e];
    upcoming[e] = static_cast<std::uint32_t>(i / accesses.top_k);
  }
  return next;
}

}  // namespace

std::uint64_t BeladyHits(const LayerAccesses& accesses, std::uint32_t size) {
  const std::vector<std::uint32_t> next = NextUses(accesses);
  // Token of the next use of a resident expert plus one; 0: not resident. A token's own experts are
  // distinct, so next[] never names the token itself.
  std::vector<std::uint64_t> needed_at(accesses.num_experts, 0);
  std::uint32_t resident = 0;
  std::uint64_t hits = 0;
  const std::size_t k = accesses.top_k;
  for (std::size_t begin = 0; begin < accesses.choices.size(); begin += k) {
    for (std::size_t i = begin; i < begin + k; ++i) {
      const ExpertIndex e = accesses.choices[i];
      if (e == kNoExpert) continue;
      if (needed_at[e] != 0) {
        ++hits;
      } else {
        ++resident;
      }
      needed_at[e] = std::uint64_t{next[i]} + 1;
    }
    for (; resident > size; --resident) {
      *std::max_element(needed_at.begin(), needed_at.end()) = 0;
    }
  }
  return hits;
}

}  // namespace switchyard
