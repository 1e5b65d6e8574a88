// Which nodes hold which experts: what the node-aware policy decides before it packs ranks.
//
//   const NodePlan plan = PlanNodes(problem);
//   plan.experts[node];    // ascending; every expert on at least one node
//   plan.load[node][i];    // choices that plan.experts[node][i] is expected to compute there
#pragma once

#include <cstdint>
#include <vector>

#include "sim/placement/problem.h"

namespace switchyard {

struct NodePlan {
  std::vector<std::vector<std::uint32_t>> experts;  // [nodes]
  std::vector<std::vector<double>> load;            // [nodes], as `experts`
};

// A node's load may be this much above its share (its slots of all slots): node imbalance.
inline constexpr double kNodeImbalance = 0.05;

// Slots of a node; the last node may have fewer ranks.
[[nodiscard]] std::uint32_t SlotsOfNode(const PlacementShape& shape, std::uint32_t node);

// problem.routes is there. First one node for each expert: packed by load, then swaps of experts
// that save visits of nodes while no node rises above its share by more than kNodeImbalance (or,
// where even packing by load cannot keep that, no higher than it was); problem.limits.iterations
// perturbations, the best result is kept. Then further copies of experts, one a node, into the
// slots that are left, those first that save most copies of tokens within the same cap; a node
// never gets more experts than slots, nor an expert more nodes than rules.max_replicas.
[[nodiscard]] NodePlan PlanNodes(const PlacementProblem& problem);

// With few moves: from problem.current at most rules.max_moves / 2 of those swaps, of experts with
// one replica; a swap rewrites two slots. Replicated experts stay, and count for the node of their
// first replica.
[[nodiscard]] Placement SwapBetweenNodes(const PlacementProblem& problem);

}  // namespace switchyard
