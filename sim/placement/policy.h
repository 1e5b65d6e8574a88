// Where experts go. One file per policy in policies/, one line each in its registry.cc.
//
//   const auto policy = MakePlacementPolicy(PlacementKind::kEplb);
//   const Placement placement = policy->Place(problem);
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "sim/placement/placement.h"
#include "sim/placement/problem.h"

namespace switchyard {

enum class PlacementKind : std::uint8_t {
  kLinear,            // equal consecutive blocks (vLLM's linear)
  kRoundRobin,        // expert e on rank e mod ranks (vLLM's round_robin)
  kEplb,              // DeepSeek's EPLB, global
  kEplbHierarchical,  // DeepSeek's EPLB: groups to nodes, then inside each node
  kSnake,             // EPLB's replicas, packed in snake order (SGLang's deepseek_vec)
  kBalanced,          // exact replicas, packing and local search on the total load
  kRobust,            // the mean over windows of the most loaded rank
  kSplitAware,        // for servers that split tokens over replicas by an LP, batch by batch
  kNodeAware,         // few nodes for each token, at nearly balanced load
  kIncremental        // from the current placement with few moves
};

// Contract: pure and deterministic (SearchLimits names the exceptions); every expert is in at least
// one slot, every slot holds an expert when there are redundant ones to hold it. What the policy
// needs (PolicyInfo) is there, or std::logic_error.
class PlacementPolicy {
 public:
  virtual ~PlacementPolicy() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Placement Place(const PlacementProblem& problem) const = 0;
};

struct PolicyInfo {
  PlacementKind kind;
  std::string_view name;     // "eplb"
  std::string_view summary;  // one line for users
  bool needs_loads;
  bool needs_routes;
  bool needs_current;
};
// In the order in which users see them.
[[nodiscard]] std::span<const PolicyInfo> PlacementPolicies();
[[nodiscard]] const PolicyInfo& InfoOf(PlacementKind kind);
[[nodiscard]] std::optional<PlacementKind> PlacementKindOf(std::string_view name);

[[nodiscard]] std::unique_ptr<PlacementPolicy> MakePlacementPolicy(PlacementKind kind);

}  // namespace switchyard
