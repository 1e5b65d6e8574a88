#include <algorithm>
#include <array>

#include "sim/base/check.h"
#include "sim/placement/policies/policies.h"

namespace switchyard {
namespace {

struct Entry {
  PolicyInfo info;
  std::unique_ptr<PlacementPolicy> (*make)();
};

// The columns after the summary: needs loads, routes, the current placement.
constexpr Entry kPolicies[] = {
    {{PlacementKind::kLinear, "linear",
      "equal consecutive blocks of experts; repeated from the first on when there are redundant "
      "slots",
      false, false, false},
     MakeLinearPlacement},
    {{PlacementKind::kRoundRobin, "round_robin", "expert e on rank e mod ranks", false, false,
      false},
     MakeRoundRobinPlacement},
    {{PlacementKind::kEplb, "eplb", "DeepSeek's EPLB, global", true, false, false},
     MakeEplbPlacement},
    {{PlacementKind::kEplbHierarchical, "eplb_hierarchical",
      "DeepSeek's EPLB: groups of experts to nodes, then inside each node; global when the nodes "
      "do "
      "not divide the groups",
      true, false, false},
     MakeEplbHierarchicalPlacement},
    {{PlacementKind::kSnake, "snake", "EPLB's replicas, dealt in snake order", true, false, false},
     MakeSnakePlacement},
    {{PlacementKind::kBalanced, "balanced",
      "exact replica counts, packing and local search on the total load", true, false, false},
     MakeBalancedPlacement},
    {{PlacementKind::kRobust, "robust", "the mean over windows of the most loaded rank", true,
      false, false},
     MakeRobustPlacement},
    {{PlacementKind::kSplitAware, "split_aware",
      "for servers that split tokens over replicas by an LP, batch by batch", true, false, false},
     MakeSplitAwarePlacement},
    {{PlacementKind::kNodeAware, "node_aware",
      "experts that tokens choose together on one node, at nearly balanced load of nodes", false,
      true, false},
     MakeNodeAwarePlacement},
    {{PlacementKind::kIncremental, "incremental", "from the current placement with few moves", true,
      false, true},
     MakeIncrementalPlacement},
};

// Without a copy: users of the table ask for infos alone.
const auto& Infos() {
  static const auto kInfos = [] {
    std::array<PolicyInfo, std::size(kPolicies)> all{};
    std::transform(std::begin(kPolicies), std::end(kPolicies), all.begin(),
                   [](const Entry& entry) { return entry.info; });
    return all;
  }();
  return kInfos;
}

}  // namespace

std::span<const PolicyInfo> PlacementPolicies() { return Infos(); }

const PolicyInfo& InfoOf(PlacementKind kind) {
  const auto& infos = Infos();
  const auto found = std::find_if(infos.begin(), infos.end(),
                                  [&](const PolicyInfo& info) { return info.kind == kind; });
  SWITCHYARD_CHECK(found != infos.end(), "a placement policy without an implementation");
  return *found;
}

std::optional<PlacementKind> PlacementKindOf(std::string_view name) {
  for (const PolicyInfo& info : Infos()) {
    if (info.name == name) return info.kind;
  }
  return std::nullopt;
}

std::unique_ptr<PlacementPolicy> MakePlacementPolicy(PlacementKind kind) {
  for (const Entry& entry : kPolicies) {
    if (entry.info.kind == kind) return entry.make();
  }
  SWITCHYARD_CHECK(false, "a placement policy without an implementation");
  return nullptr;
}

}  // namespace switchyard
