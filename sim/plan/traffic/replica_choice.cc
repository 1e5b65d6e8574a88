#include "sim/plan/traffic/replica_choice.h"

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include "sim/base/check.h"
#include "sim/placement/split/token_routes.h"

namespace switchyard {
namespace {

ExpertIndex ToIndex(std::uint32_t slot) {
  return slot == kNoSlot ? kNoExpert : static_cast<ExpertIndex>(slot);
}

LayerRoutes BySender(const LayerRoutes& routes, const Placement& placement,
                     const RankLayout& layout) {
  LayerRoutes slots = routes;
  const std::size_t of_sender = std::size_t{layout.tokens_per_rank} * routes.top_k;
  for (std::size_t i = 0; i < slots.expert.size(); ++i) {
    const ExpertIndex e = routes.expert[i];
    if (e == kNoExpert) continue;
    slots.expert[i] = ToIndex(placement.SlotFor(e, static_cast<std::uint32_t>(i / of_sender)));
  }
  return slots;
}

TokenSplit SplitOf(ReplicaChoice choice) {
  switch (choice) {
    case ReplicaChoice::kByToken:
      return TokenSplit::kUniform;
    case ReplicaChoice::kLocalFirst:
      return TokenSplit::kLocalFirst;
    case ReplicaChoice::kLp:
      return TokenSplit::kLp;
    case ReplicaChoice::kBySender:
      break;
  }
  SWITCHYARD_CHECK(false, "by sender is no split of tokens");
  return TokenSplit::kUniform;
}

}  // namespace

LayerRoutes ChooseReplicas(const LayerRoutes& routes, const KeptMask& kept,
                           const Placement& placement, const RankLayout& layout,
                           ReplicaChoice choice) {
  SWITCHYARD_CHECK(placement.num_slots() < kNoExpert, "slots are numbered like experts");
  LayerRoutes slots;
  if (choice == ReplicaChoice::kBySender) {
    slots = BySender(routes, placement, layout);
  } else {
    const PlacementShape shape{placement.num_experts(), layout.ranks, layout.ranks_per_node,
                               placement.slots_per_rank()};
    slots = routes;
    const auto slot_of = RouteTokens(placement, shape, routes, SplitOf(choice), kept);
    for (std::size_t i = 0; i < slot_of.size(); ++i) slots.expert[i] = ToIndex(slot_of[i]);
  }
  slots.num_experts = placement.num_slots();
  return slots;
}

Placement SlotPlacement(const Placement& placement) {
  std::vector<ExpertIndex> each(placement.num_slots());
  std::iota(each.begin(), each.end(), ExpertIndex{0});
  return {placement.ranks(), placement.slots_per_rank(), placement.num_slots(), std::move(each)};
}

}  // namespace switchyard
