// The traffic forms, one factory each; registry.cc lists them. And the counters they share.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "sim/plan/traffic/copies.h"

namespace switchyard {

[[nodiscard]] std::unique_ptr<TrafficForm> MakeFlatForm();
[[nodiscard]] std::unique_ptr<TrafficForm> MakeRankDedupForm();
[[nodiscard]] std::unique_ptr<TrafficForm> MakeNodeDedupForm();

// Counts copies from one sender at a time: memory grows with ranks, not with pairs.
class SenderRow {
 public:
  explicit SenderRow(std::uint32_t ranks) : counts_(ranks) {}

  void Add(std::uint32_t to, std::uint32_t copies) { counts_[to] += copies; }
  // Appends the non-zero counts, sorted by receiver, without `from` itself; starts over.
  void AppendTo(std::uint32_t from, std::vector<Copies>& out);

 private:
  std::vector<std::uint32_t> counts_;
};

// Remembers which of `size` things were seen since the last Clear, in constant time each.
class SeenSet {
 public:
  explicit SeenSet(std::uint32_t size) : stamp_(size) {}
  void Clear() { ++now_; }
  // True the first time since Clear.
  bool Insert(std::uint32_t i) {
    const bool is_new = stamp_[i] != now_;
    stamp_[i] = now_;
    return is_new;
  }

 private:
  std::vector<std::uint32_t> stamp_;
  std::uint32_t now_ = 1;
};

// Calls visit(choices, kept) for every token of rank `from`: top_k experts, and which are kept.
template <class Visit>
void VisitTokensOf(std::uint32_t from, const LayerRoutes& routes, const KeptMask& kept,
                   const RankLayout& layout, Visit visit) {
  const std::size_t k = routes.top_k;
  const std::size_t first = std::size_t{from} * layout.tokens_per_rank;
  const std::size_t last = std::min<std::size_t>(first + layout.tokens_per_rank, routes.tokens);
  const KeptMask all(kept.empty() ? k : 0, 1);
  const std::uint8_t* row = kept.empty() ? all.data() : kept.data() + first * k;
  const std::size_t stride = kept.empty() ? 0 : k;
  for (std::size_t t = first; t < last; ++t, row += stride)
    visit(routes.expert.data() + t * k, row);
}

}  // namespace switchyard
