// The inside of a node whose links are written out (NodeSpec::links).
//
//   Result<std::vector<VertexId>> nics = AddExplicitNode(platform, spec.node, 0);
//
// Vertices are what the links name: "gpu3", "nvswitch", "pcie1", "host", "host1", "nic0", "dram",
// "ssd". They are added kind by kind in order of their numbers, links in the order of the list.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// The vertex of node 0 that a name in NodeSpec::links means; absent for what is none.
[[nodiscard]] std::optional<Vertex> ParseNodeVertex(std::string_view name);

// Adds the node and returns its NICs in order. Fails, with the platform untouched, when a name is
// none, GPUs are not numbered 0 to gpus - 1, two links join the same vertices, a number is not
// usable, "dram" is missing, or a vertex is not connected with GPU 0.
[[nodiscard]] Result<std::vector<VertexId>> AddExplicitNode(Platform& platform,
                                                            const NodeSpec& node,
                                                            std::uint32_t number);

}  // namespace switchyard
