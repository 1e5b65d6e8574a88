#include "sim/placement/split/token_routes.h"

#include <algorithm>

#include "sim/base/check.h"
#include "sim/placement/split/token_split.h"

namespace switchyard {
namespace {

class TokenRouting {
 public:
  TokenRouting(const Placement& placement, const PlacementShape& shape, const LayerRoutes& routes,
               TokenSplit split)
      : placement_(placement), shape_(shape), split_(split), seen_by_(shape.nodes(), kNoSlot) {
    if (split == TokenSplit::kLp) left_ = SplitTokens(placement, WholeCounts(routes), split);
    turn_.resize(placement.num_experts());
    for (std::uint32_t e = 0; e < turn_.size(); ++e) turn_[e] = e;
  }

  std::uint32_t SlotFor(std::uint32_t token, std::uint32_t sender, ExpertIndex expert) {
    const std::span<const std::uint32_t> slots = placement_.SlotsOf(expert);
    std::uint32_t slot = slots.front();
    if (slots.size() > 1 && split_ == TokenSplit::kUniform) {
      slot = slots[turn_[expert]++ % slots.size()];
    } else if (slots.size() > 1) {
      slot = Nearest(token, sender, expert);
    }
    if (split_ == TokenSplit::kLp) --left_[slot];
    seen_by_[NodeOf(slot)] = token;
    return slot;
  }

 private:
  // How near a slot is to the token; smaller is nearer.
  enum Distance { kSameRank, kSameNode, kVisitedNode, kElsewhere };

  [[nodiscard]] std::vector<std::int64_t> WholeCounts(const LayerRoutes& routes) const {
    std::vector<std::int64_t> counts(placement_.num_experts());
    for (const ExpertIndex e : routes.expert) {
      if (e != kNoExpert) ++counts[e];
    }
    return counts;
  }
  [[nodiscard]] std::uint32_t NodeOf(std::uint32_t slot) const {
    return shape_.NodeOfRank(placement_.RankOf(slot));
  }

  [[nodiscard]] Distance DistanceOf(std::uint32_t slot, std::uint32_t token,
                                    std::uint32_t sender) const {
    if (placement_.RankOf(slot) == sender) return kSameRank;
    if (NodeOf(slot) == shape_.NodeOfRank(sender)) return kSameNode;
    // Local first knows nothing of the token's other choices.
    const bool visited = split_ == TokenSplit::kLp && seen_by_[NodeOf(slot)] == token;
    return visited ? kVisitedNode : kElsewhere;
  }

  [[nodiscard]] std::uint32_t Nearest(std::uint32_t token, std::uint32_t sender,
                                      ExpertIndex expert) const {
    std::uint32_t best = kNoSlot;
    Distance distance = kElsewhere;
    for (const std::uint32_t slot : placement_.SlotsOf(expert)) {
      if (split_ == TokenSplit::kLp && left_[slot] == 0) continue;
      const Distance here = DistanceOf(slot, token, sender);
      if (best != kNoSlot && here >= distance) continue;
      best = slot;
      distance = here;
    }
    const bool by_turn = split_ == TokenSplit::kLocalFirst && distance == kElsewhere;
    return by_turn ? placement_.SlotFor(expert, sender) : best;
  }

  const Placement& placement_;
  const PlacementShape& shape_;
  TokenSplit split_;
  std::vector<std::int64_t> left_;      // [slots] of kLp
  std::vector<std::uint32_t> turn_;     // [experts] of kUniform
  std::vector<std::uint32_t> seen_by_;  // [nodes] the last token that went there
};

}  // namespace

std::vector<std::uint32_t> RouteTokens(const Placement& placement, const PlacementShape& shape,
                                       const LayerRoutes& routes, TokenSplit split) {
  SWITCHYARD_CHECK(placement.ranks() == shape.ranks && routes.num_experts <= shape.experts,
                   "placement, shape and routes are of one layer");
  std::vector<std::uint32_t> slots(routes.expert.size(), kNoSlot);
  TokenRouting routing(placement, shape, routes, split);
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    const auto sender = static_cast<std::uint32_t>(std::uint64_t{t} * shape.ranks / routes.tokens);
    for (std::uint32_t j = 0; j < routes.top_k; ++j) {
      const std::size_t i = std::size_t{t} * routes.top_k + j;
      if (routes.expert[i] != kNoExpert) slots[i] = routing.SlotFor(t, sender, routes.expert[i]);
    }
  }
  return slots;
}

std::vector<double> CountChoices(const LayerRoutes& routes) {
  std::vector<double> counts(routes.num_experts);
  for (const ExpertIndex e : routes.expert) {
    if (e != kNoExpert) counts[e] += 1;
  }
  return counts;
}

}  // namespace switchyard
