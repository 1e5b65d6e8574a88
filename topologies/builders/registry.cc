// The table of topology builders, and which of them a spec means.
#include <array>

#include "topologies/builder.h"
#include "topologies/builders/rail_optimized.h"
#include "topologies/builders/single_node.h"

namespace switchyard {
namespace {

const SingleNodeBuilder kSingleNode;
const RailOptimizedBuilder kRailOptimized;

constexpr std::array<const TopologyBuilder*, 2> kBuilders = {&kSingleNode, &kRailOptimized};

}  // namespace

std::span<const TopologyBuilder* const> TopologyBuilders() { return kBuilders; }

Result<Platform> BuildPlatform(const ClusterSpec& spec) {
  // A fabric in the card of a cluster of one node joins nothing.
  if (spec.nodes > 1 && spec.fabric) return kRailOptimized.Build(spec);
  return kSingleNode.Build(spec);
}

}  // namespace switchyard
