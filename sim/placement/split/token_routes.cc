#include "sim/placement/split/token_routes.h"

#include <utility>

#include "sim/base/check.h"
#include "sim/placement/split/token_split.h"

namespace switchyard {
namespace {

class TokenRouting {
 public:
  TokenRouting(const Placement& placement, const PlacementShape& shape, const LayerRoutes& routes,
               const KeptMask& kept)
      : placement_(placement),
        shape_(shape),
        routes_(routes),
        kept_(kept),
        slots_(routes.expert.size(), kNoSlot) {}

  std::vector<std::uint32_t> Uniform() && {
    std::vector<std::uint32_t> turn(placement_.num_experts());
    for (std::uint32_t e = 0; e < turn.size(); ++e) turn[e] = e;
    VisitChoices([&](std::uint32_t /*token*/, std::uint32_t sender, std::size_t i) {
      const ExpertIndex e = routes_.expert[i];
      // Dropped choices take no replica's turn.
      slots_[i] = placement_.SlotFor(e, IsKept(i) ? turn[e]++ : sender);
    });
    return std::move(slots_);
  }

  std::vector<std::uint32_t> LocalFirst() && {
    std::vector<std::uint32_t> slot_of(placement_.num_experts());
    std::uint32_t filled_for = kNoSlot;
    VisitChoices([&](std::uint32_t /*token*/, std::uint32_t sender, std::size_t i) {
      if (sender != filled_for) {
        for (std::uint32_t e = 0; e < slot_of.size(); ++e) slot_of[e] = LocalSlot(e, sender);
        filled_for = sender;
      }
      slots_[i] = slot_of[routes_.expert[i]];
    });
    return std::move(slots_);
  }

  // Nearest senders first: whoever needs a far replica must not take another's near one.
  std::vector<std::uint32_t> Lp() && {
    left_ = SplitTokens(placement_, KeptCounts(), TokenSplit::kLp);
    VisitChoices([&](std::uint32_t, std::uint32_t sender, std::size_t i) {
      if (!IsKept(i)) slots_[i] = placement_.SlotFor(routes_.expert[i], sender);
    });
    Serve([this](std::uint32_t, std::uint32_t sender, std::uint32_t slot) {
      return placement_.RankOf(slot) == sender;
    });
    Serve([this](std::uint32_t, std::uint32_t sender, std::uint32_t slot) {
      return NodeOf(slot) == shape_.NodeOfRank(sender);
    });
    ServeWhereTokensGoAnyway();
    return std::move(slots_);
  }

 private:
  // Calls visit(token, sender, choice) for every choice that was made.
  template <class Visit>
  void VisitChoices(Visit visit) const {
    for (std::uint32_t t = 0; t < routes_.tokens; ++t) {
      const std::uint32_t sender = SenderOf(t);
      for (std::uint32_t j = 0; j < routes_.top_k; ++j) {
        const std::size_t i = std::size_t{t} * routes_.top_k + j;
        if (routes_.expert[i] != kNoExpert) visit(t, sender, i);
      }
    }
  }
  [[nodiscard]] std::uint32_t SenderOf(std::uint32_t token) const {
    return static_cast<std::uint32_t>(std::uint64_t{token} * shape_.ranks / routes_.tokens);
  }
  [[nodiscard]] bool IsKept(std::size_t i) const { return kept_.empty() || kept_[i] != 0; }
  [[nodiscard]] std::uint32_t NodeOf(std::uint32_t slot) const {
    return shape_.NodeOfRank(placement_.RankOf(slot));
  }

  [[nodiscard]] std::vector<std::int64_t> KeptCounts() const {
    std::vector<std::int64_t> counts(placement_.num_experts());
    VisitChoices([&](std::uint32_t, std::uint32_t, std::size_t i) {
      counts[routes_.expert[i]] += IsKept(i) ? 1 : 0;
    });
    return counts;
  }

  // SGLang's static dispatch (python/sglang/srt/eplb/expert_location.py,
  // compute_logical_to_rank_dispatch_physical_map): the same GPU, the same node, then fairly.
  [[nodiscard]] std::uint32_t LocalSlot(std::uint32_t expert, std::uint32_t sender) const {
    std::uint32_t in_node = 0;
    for (const std::uint32_t slot : placement_.SlotsOf(expert)) {
      if (placement_.RankOf(slot) == sender) return slot;
      in_node += NodeOf(slot) == shape_.NodeOfRank(sender) ? 1 : 0;
    }
    if (in_node == 0) return placement_.SlotFor(expert, sender);
    std::uint32_t turn = sender % in_node;
    for (const std::uint32_t slot : placement_.SlotsOf(expert)) {
      if (NodeOf(slot) == shape_.NodeOfRank(sender) && turn-- == 0) return slot;
    }
    SWITCHYARD_CHECK(false, "a replica in the node was counted and is not there");
    return kNoSlot;
  }

  // Gives each choice without a slot the first of its expert's with tokens left that is_near.
  template <class IsNear>
  void Serve(IsNear is_near) {
    VisitChoices([&](std::uint32_t token, std::uint32_t sender, std::size_t i) {
      if (slots_[i] != kNoSlot) return;
      for (const std::uint32_t slot : placement_.SlotsOf(routes_.expert[i])) {
        if (left_[slot] == 0 || !is_near(token, sender, slot)) continue;
        --left_[slot];
        slots_[i] = slot;
        return;
      }
    });
  }

  // First on nodes that the token visits for other choices, then anywhere.
  void ServeWhereTokensGoAnyway() {
    std::vector<std::uint32_t> visited_by(shape_.nodes(), kNoSlot);
    std::uint32_t marked = kNoSlot;
    VisitChoices([&](std::uint32_t token, std::uint32_t, std::size_t i) {
      if (token != marked) MarkNodes(token, visited_by);
      marked = token;
      if (slots_[i] != kNoSlot) return;
      std::uint32_t chosen = kNoSlot;
      for (const std::uint32_t slot : placement_.SlotsOf(routes_.expert[i])) {
        if (left_[slot] == 0) continue;
        const bool visited = visited_by[NodeOf(slot)] == token;
        if (chosen == kNoSlot || visited) chosen = slot;
        if (visited) break;
      }
      SWITCHYARD_CHECK(chosen != kNoSlot, "the split serves every kept choice");
      --left_[chosen];
      slots_[i] = chosen;
      visited_by[NodeOf(chosen)] = token;
    });
  }
  void MarkNodes(std::uint32_t token, std::vector<std::uint32_t>& visited_by) const {
    for (std::uint32_t j = 0; j < routes_.top_k; ++j) {
      const std::size_t i = std::size_t{token} * routes_.top_k + j;
      if (slots_[i] != kNoSlot && IsKept(i)) visited_by[NodeOf(slots_[i])] = token;
    }
  }

  const Placement& placement_;
  const PlacementShape& shape_;
  const LayerRoutes& routes_;
  const KeptMask& kept_;
  std::vector<std::uint32_t> slots_;  // [choices]
  std::vector<std::int64_t> left_;    // [slots] tokens that each still serves
};

}  // namespace

std::vector<std::uint32_t> RouteTokens(const Placement& placement, const PlacementShape& shape,
                                       const LayerRoutes& routes, TokenSplit split,
                                       const KeptMask& kept) {
  SWITCHYARD_CHECK(placement.ranks() == shape.ranks && routes.num_experts <= shape.experts,
                   "placement, shape and routes are of one layer");
  TokenRouting routing(placement, shape, routes, kept);
  switch (split) {
    case TokenSplit::kUniform:
      return std::move(routing).Uniform();
    case TokenSplit::kLocalFirst:
      return std::move(routing).LocalFirst();
    case TokenSplit::kLp:
      return std::move(routing).Lp();
  }
  SWITCHYARD_CHECK(false, "a split without an implementation");
  return {};
}

std::vector<double> CountChoices(const LayerRoutes& routes) {
  return CountChoices(routes, 0, routes.tokens);
}

std::vector<double> CountChoices(const LayerRoutes& routes, std::uint64_t first,
                                 std::uint32_t count) {
  std::vector<std::uint32_t> counts(routes.num_experts);
  const ExpertIndex* const begin = routes.expert.data() + first * routes.top_k;
  const ExpertIndex* const end = begin + std::size_t{count} * routes.top_k;
  for (const ExpertIndex* choice = begin; choice != end; ++choice) {
    if (*choice != kNoExpert) ++counts[*choice];
  }
  return {counts.begin(), counts.end()};
}

}  // namespace switchyard
