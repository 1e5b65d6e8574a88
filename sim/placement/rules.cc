#include "sim/placement/rules.h"

#include <algorithm>
#include <set>

namespace switchyard {
namespace {

bool OnDistinctNodes(const Placement& placement, std::uint32_t expert,
                     const PlacementShape& shape) {
  std::set<std::uint32_t> nodes;
  const auto slots = placement.SlotsOf(expert);
  for (const std::uint32_t slot : slots) nodes.insert(shape.NodeOfRank(placement.RankOf(slot)));
  return nodes.size() >= std::min<std::size_t>(slots.size(), shape.nodes());
}

}  // namespace

std::string_view BrokenRule(const Placement& placement, const PlacementShape& shape,
                            const PlacementRules& rules, const Placement* current) {
  for (std::uint32_t e = 0; e < shape.experts; ++e) {
    if (placement.SlotsOf(e).size() > rules.max_replicas) return "max_replicas";
    if (rules.replicas_on_distinct_nodes && !OnDistinctNodes(placement, e, shape)) {
      return "distinct_nodes";
    }
  }
  const bool limited = rules.max_moves && current != nullptr;
  return limited && SlotsMoved(*current, placement) > *rules.max_moves ? "max_moved" : "";
}

}  // namespace switchyard
