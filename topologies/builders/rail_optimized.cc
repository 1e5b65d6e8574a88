#include "topologies/builders/rail_optimized.h"

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "topologies/builders/node_part.h"
#include "topologies/builders/spec_check.h"

namespace switchyard {
namespace {

const RailOptimizedSpec& FabricOf(const ClusterSpec& spec) {
  return std::get<RailOptimizedSpec>(*spec.fabric);
}

std::uint32_t NumRails(const ClusterSpec& spec) {
  const std::uint32_t rails = FabricOf(spec).rails;
  return rails > 0 ? rails : CountNics(spec.node);
}

std::uint32_t NumLeaves(const ClusterSpec& spec) {
  return ((spec.nodes - 1) / FabricOf(spec).nodes_per_unit + 1) * NumRails(spec);
}

void CheckRails(const ClusterSpec& spec, Diagnostics& errors) {
  const std::uint32_t nics = CountNics(spec.node);
  const std::uint32_t rails = FabricOf(spec).rails;
  if (rails > 0 && nics % rails != 0) {
    AddSpecError(errors, "fabric.rail_optimized.rails",
                 fmt::format("{} does not divide the {} NICs of a node", rails, nics));
  }
  for (std::size_t i = 0; i < spec.node_groups.size(); ++i) {
    const std::uint32_t others = CountNics(spec.node_groups[i].node);
    if (others == nics) continue;
    AddSpecError(errors, fmt::format("node_groups[{}].node.nics", i),
                 fmt::format("{} NICs and not {}; nodes on the same rails have the same number",
                             others, nics));
  }
}

// Leaf switches unit by unit, rail by rail, and the spine when there is more than one.
std::vector<VertexId> AddSwitches(Platform& platform, const ClusterSpec& spec) {
  const RailOptimizedSpec& fabric = FabricOf(spec);
  const std::uint32_t num_leaves = NumLeaves(spec);
  std::vector<VertexId> leaves;
  for (std::uint32_t leaf = 0; leaf < num_leaves; ++leaf) {
    leaves.push_back(platform.AddVertex({VertexKind::kLeafSwitch, kNoNode, leaf}));
  }
  if (leaves.size() < 2) return leaves;
  const VertexId spine = platform.AddVertex({VertexKind::kSpineSwitch, kNoNode, 0});
  const std::uint32_t nics_per_leaf =
      fabric.nodes_per_unit * (CountNics(spec.node) / NumRails(spec));
  const BytesPerSecond uplink =
      spec.node.nic->bandwidth * (nics_per_leaf / fabric.oversubscription);
  for (const VertexId leaf : leaves) {
    platform.AddDuplexLink(leaf, spine, LinkTier::kLeafSpine, uplink, fabric.spine_latency / 2);
  }
  return leaves;
}

}  // namespace

Diagnostics RailOptimizedBuilder::Check(const ClusterSpec& spec) const {
  Diagnostics errors = CheckNodesWithNics(spec);
  const RailOptimizedSpec& fabric = FabricOf(spec);
  const std::string field = "fabric.rail_optimized.";
  CheckAtLeastOne(fabric.nodes_per_unit, field + "nodes_per_unit", errors);
  CheckOversubscription(fabric.oversubscription, field + "oversubscription", errors);
  CheckLatency(fabric.spine_latency, field + "spine_latency", errors);
  if (!errors.empty()) return errors;
  CheckRails(spec, errors);
  if (errors.empty() && NumLeaves(spec) > kMaxSwitches) {
    AddSpecError(errors, field + "nodes_per_unit",
                 fmt::format("makes {} leaf switches; at most {} can be simulated", NumLeaves(spec),
                             kMaxSwitches));
  }
  return errors;
}

Platform RailOptimizedBuilder::Build(const ClusterSpec& spec) const {
  Platform platform;
  const std::vector<NicEnd> nics = AddNodes(platform, spec);
  const std::vector<VertexId> leaves = AddSwitches(platform, spec);
  const std::uint32_t rails = NumRails(spec);
  for (const NicEnd& end : nics) {
    const std::uint32_t unit = end.node / FabricOf(spec).nodes_per_unit;
    const VertexId leaf = leaves[unit * rails + end.index % rails];
    platform.AddDuplexLink(end.nic, leaf, LinkTier::kNic, end.link.bandwidth, end.link.latency);
  }
  return platform;
}

}  // namespace switchyard
