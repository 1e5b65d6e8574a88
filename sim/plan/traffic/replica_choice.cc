#include "sim/plan/traffic/replica_choice.h"

#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/placement/split/token_split.h"

namespace switchyard {
namespace {

// Calls visit(sender, choice index) for every choice that was made.
template <class Visit>
void VisitChoices(const LayerRoutes& routes, const RankLayout& layout, Visit visit) {
  const std::size_t of_sender = std::size_t{layout.tokens_per_rank} * routes.top_k;
  for (std::size_t i = 0; i < routes.expert.size(); ++i) {
    if (routes.expert[i] != kNoExpert) visit(static_cast<std::uint32_t>(i / of_sender), i);
  }
}

ExpertIndex ToIndex(std::uint32_t slot) { return static_cast<ExpertIndex>(slot); }

class Chooser {
 public:
  Chooser(const LayerRoutes& routes, const KeptMask& kept, const Placement& placement,
          const RankLayout& layout)
      : routes_(routes), kept_(kept), placement_(placement), layout_(layout), slots_(routes) {
    slots_.num_experts = placement.num_slots();
  }

  LayerRoutes BySender() && {
    VisitChoices(routes_, layout_, [this](std::uint32_t sender, std::size_t i) {
      slots_.expert[i] = ToIndex(placement_.SlotFor(routes_.expert[i], sender));
    });
    return std::move(slots_);
  }

  LayerRoutes ByToken() && {
    std::vector<std::uint32_t> turn(placement_.num_experts());
    VisitChoices(routes_, layout_, [&](std::uint32_t sender, std::size_t i) {
      const ExpertIndex e = routes_.expert[i];
      // Dropped choices take no replica's turn.
      slots_.expert[i] =
          ToIndex(IsKept(i) ? placement_.SlotFor(e, turn[e]++) : placement_.SlotFor(e, sender));
    });
    return std::move(slots_);
  }

  LayerRoutes LocalFirst() && {
    std::vector<ExpertIndex> slot_of(placement_.num_experts());
    std::uint32_t filled_for = layout_.ranks;
    VisitChoices(routes_, layout_, [&](std::uint32_t sender, std::size_t i) {
      if (sender != filled_for) {
        for (std::uint32_t e = 0; e < slot_of.size(); ++e) slot_of[e] = LocalSlot(e, sender);
        filled_for = sender;
      }
      slots_.expert[i] = slot_of[routes_.expert[i]];
    });
    return std::move(slots_);
  }

  LayerRoutes Lp() && {
    std::vector<std::int64_t> counts(placement_.num_experts());
    VisitChoices(routes_, layout_, [&](std::uint32_t, std::size_t i) {
      counts[routes_.expert[i]] += IsKept(i) ? 1 : 0;
    });
    left_ = SplitTokens(placement_, counts, TokenSplit::kLp);
    done_.assign(routes_.expert.size(), 0);
    Serve([this](std::uint32_t sender, std::uint32_t rank) { return rank == sender; });
    Serve([this](std::uint32_t sender, std::uint32_t rank) {
      return NodeOf(rank) == NodeOf(sender);
    });
    Serve([](std::uint32_t, std::uint32_t) { return true; });
    return std::move(slots_);
  }

 private:
  [[nodiscard]] bool IsKept(std::size_t i) const { return kept_.empty() || kept_[i] != 0; }
  [[nodiscard]] std::uint32_t NodeOf(std::uint32_t rank) const {
    return rank / layout_.ranks_per_node;
  }

  // SGLang's static dispatch (python/sglang/srt/eplb/expert_location.py,
  // compute_logical_to_rank_dispatch_physical_map): the same GPU, the same node, then fairly.
  [[nodiscard]] ExpertIndex LocalSlot(std::uint32_t expert, std::uint32_t sender) const {
    std::uint32_t in_node = 0;
    for (const std::uint32_t slot : placement_.SlotsOf(expert)) {
      const std::uint32_t rank = placement_.RankOf(slot);
      if (rank == sender) return ToIndex(slot);
      in_node += NodeOf(rank) == NodeOf(sender) ? 1 : 0;
    }
    if (in_node == 0) return ToIndex(placement_.SlotFor(expert, sender));
    std::uint32_t turn = sender % in_node;
    for (const std::uint32_t slot : placement_.SlotsOf(expert)) {
      if (NodeOf(placement_.RankOf(slot)) == NodeOf(sender) && turn-- == 0) return ToIndex(slot);
    }
    SWITCHYARD_CHECK(false, "a replica in the node was counted and is not there");
    return kNoExpert;
  }

  // Gives each choice that has no slot yet one with tokens left whose rank `is_near` the sender.
  template <class IsNear>
  void Serve(IsNear is_near) {
    VisitChoices(routes_, layout_, [&](std::uint32_t sender, std::size_t i) {
      if (done_[i] != 0) return;
      const ExpertIndex e = routes_.expert[i];
      if (!IsKept(i)) {
        slots_.expert[i] = ToIndex(placement_.SlotFor(e, sender));
        done_[i] = 1;
        return;
      }
      for (const std::uint32_t slot : placement_.SlotsOf(e)) {
        if (left_[slot] == 0 || !is_near(sender, placement_.RankOf(slot))) continue;
        --left_[slot];
        slots_.expert[i] = ToIndex(slot);
        done_[i] = 1;
        return;
      }
    });
  }

  const LayerRoutes& routes_;
  const KeptMask& kept_;
  const Placement& placement_;
  const RankLayout& layout_;
  LayerRoutes slots_;
  std::vector<std::int64_t> left_;  // [slots] tokens that a slot still serves
  std::vector<std::uint8_t> done_;  // [choices]
};

}  // namespace

LayerRoutes ChooseReplicas(const LayerRoutes& routes, const KeptMask& kept,
                           const Placement& placement, const RankLayout& layout,
                           ReplicaChoice choice) {
  Chooser chooser(routes, kept, placement, layout);
  switch (choice) {
    case ReplicaChoice::kBySender:
      return std::move(chooser).BySender();
    case ReplicaChoice::kByToken:
      return std::move(chooser).ByToken();
    case ReplicaChoice::kLocalFirst:
      return std::move(chooser).LocalFirst();
    case ReplicaChoice::kLp:
      return std::move(chooser).Lp();
  }
  SWITCHYARD_CHECK(false, "a choice of replicas without an implementation");
  return {};
}

Placement SlotPlacement(const Placement& placement) {
  std::vector<ExpertIndex> each(placement.num_slots());
  std::iota(each.begin(), each.end(), ExpertIndex{0});
  return {placement.ranks(), placement.slots_per_rank(), placement.num_slots(), std::move(each)};
}

}  // namespace switchyard
