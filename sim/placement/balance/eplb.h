// DeepSeek's expert-parallel load balancer (github.com/deepseek-ai/EPLB, commit d52c72d5), written
// anew from what it does:
//
//   1. groups of experts are packed to nodes, equally many each, heaviest first to the lightest;
//   2. inside a node every expert has a replica, and each further slot goes to the expert with the
//      largest load per replica, which minimises that largest load;
//   3. inside a node the replicas are packed to ranks as groups are to nodes.
//
//   EplbPlacement(shape, loads, EplbMode::kHierarchical);
//
// Global is the same with one group and one node. As published: arithmetic in single precision, so
// that near ties fall the same way; of equals the lowest index wins (the published sort leaves that
// open); two replicas of an expert may meet on one rank. Cost per layer: O(slots log slots).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/placement.h"
#include "sim/placement/problem.h"

namespace switchyard {

enum class EplbMode : std::uint8_t { kGlobal, kHierarchical };

// loads[experts]. Hierarchical falls back to global, as published, when the nodes do not divide
// the groups; also when groups or nodes are not of equal size, which the published code refuses.
[[nodiscard]] Placement EplbPlacement(const PlacementShape& shape, std::span<const double> loads,
                                      EplbMode mode);

// Step 2 for one node: the expert of each replica; the experts in order first, then the redundant
// replicas as they were given. slots >= loads.size() > 0.
[[nodiscard]] std::vector<std::uint32_t> EplbReplicas(std::span<const float> loads,
                                                      std::uint32_t slots);
// The load of each of those replicas.
[[nodiscard]] std::vector<float> ReplicaLoads(std::span<const float> loads,
                                              std::span<const std::uint32_t> expert_of_replica);

}  // namespace switchyard
