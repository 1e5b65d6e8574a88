#include "topologies/builders/rail_optimized.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "topologies/builders/node_part.h"

namespace switchyard {
namespace {

Diagnostics CheckFabric(const ClusterSpec& spec) {
  Diagnostics errors = CheckNodeSpec(spec);
  if (!spec.fabric) {
    AddSpecError(errors, "fabric", "missing; a rail-optimised cluster needs 'rail_optimized'");
    return errors;
  }
  if (!spec.node.nic) {
    AddSpecError(
        errors, "node.nic",
        fmt::format("missing; {} nodes need a NIC per GPU to reach each other", spec.nodes));
  }
  const RailOptimizedSpec& fabric = *spec.fabric;
  const std::string field = "fabric.rail_optimized.";
  if (fabric.nodes_per_unit == 0) {
    AddSpecError(errors, field + "nodes_per_unit", "0; must be at least 1");
  }
  if (!std::isfinite(fabric.oversubscription) || fabric.oversubscription < 1) {
    AddSpecError(errors, field + "oversubscription",
                 fmt::format("{}; must be at least 1", fabric.oversubscription));
  }
  if (!std::isfinite(fabric.spine_latency.value) || fabric.spine_latency.value < 0) {
    AddSpecError(errors, field + "spine_latency",
                 fmt::format("{} s; must not be negative", fabric.spine_latency.value));
  }
  return errors;
}

// Leaf switches unit by unit, rail by rail, and the spine when there is more than one.
std::vector<VertexId> AddSwitches(Platform& platform, const ClusterSpec& spec) {
  const RailOptimizedSpec& fabric = *spec.fabric;
  const std::uint32_t units = (spec.nodes - 1) / fabric.nodes_per_unit + 1;
  const std::uint32_t num_leaves = units * spec.node.gpus;
  std::vector<VertexId> leaves;
  for (std::uint32_t leaf = 0; leaf < num_leaves; ++leaf) {
    leaves.push_back(platform.AddVertex({VertexKind::kLeafSwitch, kNoNode, leaf}));
  }
  if (leaves.size() < 2) return leaves;
  const VertexId spine = platform.AddVertex({VertexKind::kSpineSwitch, kNoNode, 0});
  const BytesPerSecond uplink =
      spec.node.nic->bandwidth * (fabric.nodes_per_unit / fabric.oversubscription);
  for (const VertexId leaf : leaves) {
    platform.AddDuplexLink(leaf, spine, LinkTier::kLeafSpine, uplink, fabric.spine_latency / 2);
  }
  return leaves;
}

}  // namespace

Result<Platform> RailOptimizedBuilder::Build(const ClusterSpec& spec) const {
  Diagnostics errors = CheckFabric(spec);
  if (!errors.empty()) return errors;
  Platform platform;
  std::vector<VertexId> nics;  // by node, then rail
  for (std::uint32_t node = 0; node < spec.nodes; ++node) {
    const std::vector<VertexId> of_node = AddNode(platform, spec.node, node);
    nics.insert(nics.end(), of_node.begin(), of_node.end());
  }
  const std::vector<VertexId> leaves = AddSwitches(platform, spec);
  const std::uint32_t rails = spec.node.gpus;
  for (std::uint32_t i = 0; i < nics.size(); ++i) {
    const std::uint32_t unit = i / rails / spec.fabric->nodes_per_unit;
    const VertexId leaf = leaves[unit * rails + i % rails];
    platform.AddDuplexLink(nics[i], leaf, LinkTier::kNic, spec.node.nic->bandwidth,
                           spec.node.nic->latency);
  }
  return platform;
}

}  // namespace switchyard
