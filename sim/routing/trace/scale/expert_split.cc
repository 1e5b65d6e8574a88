#include "sim/routing/trace/scale/expert_split.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

#include "sim/base/rng.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kByHash = std::numeric_limits<std::uint32_t>::max();

}  // namespace

ExpertSplit::ExpertSplit(std::uint32_t experts, std::uint32_t parts, std::uint32_t partners,
                         std::uint64_t seed)
    : experts_(experts), parts_(parts), partners_(partners), seed_(seed) {
  counts_.assign(std::size_t{experts} * partners, 0);
  part_.assign(counts_.size(), kByHash);
}

void ExpertSplit::Spread() {
  for (std::uint32_t e = 0; e < experts_; ++e) SpreadExpert(e);
}

void ExpertSplit::SpreadExpert(std::uint32_t expert) {
  const std::uint32_t first = FirstPart(expert);
  const std::uint32_t parts = FirstPart(expert + 1) - first;
  const auto row = std::span(counts_).subspan(std::size_t{expert} * partners_, partners_);
  const std::uint64_t all = std::accumulate(row.begin(), row.end(), std::uint64_t{0});
  std::vector<std::pair<std::uint64_t, std::uint32_t>> order;  // (tie, partner)
  for (std::uint32_t p = 0; p < partners_; ++p) {
    if (row[p] > 0) order.emplace_back(Mix64(Mix64(seed_ ^ expert) ^ p), p);
  }
  std::sort(order.begin(), order.end(), [&](const auto& a, const auto& b) {
    return std::pair(row[b.second], a.first) < std::pair(row[a.second], b.first);
  });
  std::vector<std::uint64_t> load(parts, 0);
  for (const auto& [tie, partner] : order) {
    if (std::uint64_t{row[partner]} * parts > all) continue;  // more than a part's even share
    const auto least = std::min_element(load.begin(), load.end());
    *least += row[partner];
    part_[std::size_t{expert} * partners_ + partner] =
        first + static_cast<std::uint32_t>(least - load.begin());
  }
}

ExpertIndex ExpertSplit::PartOf(const SplitKey& key) const {
  const std::uint32_t part = part_[Row(key)];
  if (part != kByHash) return static_cast<ExpertIndex>(part);
  const std::uint32_t first = FirstPart(key.expert);
  const std::uint32_t parts = FirstPart(key.expert + 1) - first;
  const std::uint64_t hash = Mix64(Mix64(seed_ ^ key.expert) ^ Mix64(key.partner) ^ key.further);
  return static_cast<ExpertIndex>(first + Mix64(hash) % parts);
}

}  // namespace switchyard
