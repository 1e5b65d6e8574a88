#include "sim/routing/routers/alias_table.h"

#include <limits>
#include <numeric>

namespace switchyard {
namespace {

std::uint64_t ToThreshold(double probability) {
  constexpr double kTwoTo64 = 0x1.0p64;
  if (probability >= 1.0) return std::numeric_limits<std::uint64_t>::max();
  return static_cast<std::uint64_t>(probability * kTwoTo64);
}

}  // namespace

AliasTable::AliasTable(std::span<const double> weights) : columns_(weights.size()) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  const auto n = static_cast<std::uint32_t>(weights.size());
  std::vector<double> share(n);
  std::vector<std::uint32_t> small;
  std::vector<std::uint32_t> large;
  for (std::uint32_t i = 0; i < n; ++i) {
    share[i] = weights[i] / sum * n;
    (share[i] < 1.0 ? small : large).push_back(i);
    columns_[i] = {std::numeric_limits<std::uint64_t>::max(), i};
  }
  while (!small.empty() && !large.empty()) {
    const std::uint32_t s = small.back();
    const std::uint32_t l = large.back();
    small.pop_back();
    columns_[s] = {ToThreshold(share[s]), l};
    share[l] -= 1.0 - share[s];
    if (share[l] < 1.0) {
      large.pop_back();
      small.push_back(l);
    }
  }
}

}  // namespace switchyard
