// A node whose inside is written out link by link (NodeSpec::links): what an importer finds, and
// machines that no other form describes. Vertices are those that the names imply; both directions
// of a link are alike. Such a spec has none of the fields that say what is inside a node otherwise.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// More links than this in one node are refused.
inline constexpr std::size_t kMaxExplicitLinks = 65536;

// Names that are none or lie outside the node, GPUs missing or too many, links twice, parts that
// nothing joins.
void CheckExplicitNode(const NodeSpec& spec, const std::string& prefix, Diagnostics& errors);

// One more than the highest NIC named.
[[nodiscard]] std::uint32_t CountExplicitNics(const NodeSpec& spec);

// The node's NICs, in order. The spec has been checked.
std::vector<VertexId> AddExplicitNode(Platform& platform, const NodeSpec& spec, std::uint32_t node);

// What a link between two such vertices is when the file does not say.
[[nodiscard]] LinkTier UsualTier(VertexKind a, VertexKind b);

}  // namespace switchyard
