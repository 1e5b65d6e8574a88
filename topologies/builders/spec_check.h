// The checks of a cluster's numbers that all builders share. Each appends what is wrong, at the
// field's path.
#pragma once

#include <string>
#include <string_view>

#include "sim/base/diagnostics.h"
#include "topologies/cluster_spec.h"

namespace switchyard {

// Appends "cluster.<field>: <message>". The loader knows in which line of which file the field is.
void AddSpecError(Diagnostics& errors, std::string_view field, std::string message);

void CheckLinkSpec(const LinkSpec& link, const std::string& field, Diagnostics& errors);
void CheckLatency(Seconds latency, const std::string& field, Diagnostics& errors);
// Counts from 1 on.
void CheckAtLeastOne(std::uint32_t value, const std::string& field, Diagnostics& errors);
void CheckOversubscription(double value, const std::string& field, Diagnostics& errors);

// What is wrong with the spec for any topology: the number of nodes and GPUs, every node group, the
// inside of each node.
[[nodiscard]] Diagnostics CheckNodes(const ClusterSpec& spec);

// NICs of all nodes. Node groups do not exceed the nodes.
[[nodiscard]] std::uint64_t CountAllNics(const ClusterSpec& spec);

// CheckNodes, and that every node has NICs.
[[nodiscard]] Diagnostics CheckNodesWithNics(const ClusterSpec& spec);

}  // namespace switchyard
