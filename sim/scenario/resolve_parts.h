// Parts of ResolveCluster (resolve.h): the inside of a node, and the fabric.
#pragma once

#include <string>

#include "sim/scenario/resolve.h"
#include "topologies/cluster_spec.h"

namespace switchyard {

namespace pb {
class Fabric;
class Node;
}  // namespace pb

// Adds what follows from the fields that are given, and reports fields that are missing or do not
// go together. `path` is "cluster.node", or that of a group's node.
void CompleteNode(pb::Node& node, const std::string& path, const Resolution& at);

// Lays what a group says over the cluster's node: lists and kinds of NVLink are replaced whole, and
// links written out replace everything that they stand for.
void OverlayNode(const pb::Node& over, pb::Node& node);

[[nodiscard]] NodeSpec ToNode(const pb::Node& node);
[[nodiscard]] FabricSpec ToFabric(const pb::Fabric& fabric);

}  // namespace switchyard
