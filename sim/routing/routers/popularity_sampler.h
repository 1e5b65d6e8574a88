// Draws top_k distinct experts for a token, one after the other, each in proportion to its
// popularity among the experts not yet drawn (sampling without replacement, the law of Plackett
// and Luce: P(e1, e2, ...) = p1 / P * p2 / (P - p1) * ...).
//
// Group-limited: topk_groups of the num_groups equal consecutive groups are drawn first, in the
// same way and in proportion to the total popularity of each group; then the experts of those
// groups alone compete.
//
// Fast path: an alias table per group, repeats rejected. A repeat rejected leaves the law of the
// next accepted draw as it is, so after a few of them, or when little popularity is left, an exact
// scan of the remaining experts takes over without changing the result's distribution.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/base/rng.h"
#include "sim/routing/expert_router.h"
#include "sim/routing/routers/alias_table.h"

namespace switchyard {

class PopularitySampler {
 public:
  // popularity[e] > 0, finite, one for each expert.
  PopularitySampler(const RoutingShape& shape, std::vector<double> popularity);

  // Fills one token's choices, best first, and their weights (arrival_weights.h).
  void Draw(Rng& rng, std::span<ExpertIndex> experts, std::span<float> weights);

 private:
  void ChooseGroups(Rng& rng);
  [[nodiscard]] std::uint32_t DrawFromTables(Rng& rng) const;
  [[nodiscard]] std::uint32_t DrawByScan(Rng& rng, double remaining) const;
  [[nodiscard]] double ScanRemaining() const;

  std::uint32_t group_size_;
  std::uint32_t topk_groups_;
  std::vector<double> popularity_;
  std::vector<AliasTable> tables_;        // one per group
  std::vector<double> group_popularity_;  // [num_groups]
  std::vector<std::uint32_t> chosen_groups_;
  double chosen_popularity_ = 0.0;         // of the chosen groups together
  std::vector<std::uint32_t> drawn_at_;    // [num_experts] token_ of the last draw
  std::vector<std::uint32_t> grouped_at_;  // [num_groups] the same
  std::uint32_t token_ = 0;
};

}  // namespace switchyard
