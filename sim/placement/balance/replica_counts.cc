#include "sim/placement/balance/replica_counts.h"

#include <algorithm>
#include <queue>

namespace switchyard {
namespace {

struct Candidate {
  double replica_load;
  std::uint32_t count;
  std::uint32_t expert;
};

bool Later(const Candidate& a, const Candidate& b) {
  if (a.replica_load != b.replica_load) return a.replica_load < b.replica_load;
  return a.count != b.count ? a.count > b.count : a.expert > b.expert;
}

}  // namespace

std::uint32_t ReplicaCap(const PlacementShape& shape, const PlacementRules& rules) {
  return std::max(1u, std::min(shape.ranks, rules.max_replicas));
}

std::vector<std::uint32_t> FillCounts(std::span<const double> loads, std::uint32_t slots,
                                      std::uint32_t cap) {
  const auto experts = static_cast<std::uint32_t>(loads.size());
  std::vector<std::uint32_t> counts(experts, 1);
  std::vector<Candidate> start;
  start.reserve(experts);
  if (cap > 1) {
    for (std::uint32_t e = 0; e < experts; ++e) start.push_back({loads[e], 1, e});
  }
  std::priority_queue<Candidate, std::vector<Candidate>, decltype(&Later)> heaviest(
      &Later, std::move(start));
  for (std::uint32_t used = experts; used < slots && !heaviest.empty(); ++used) {
    const std::uint32_t e = heaviest.top().expert;
    heaviest.pop();
    const std::uint32_t count = ++counts[e];
    if (count < cap) heaviest.push({loads[e] / static_cast<double>(count), count, e});
  }
  return counts;
}

}  // namespace switchyard
