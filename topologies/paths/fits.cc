// Which clusters rail_aware can serve, said of their specs, before anything is built.
#include <algorithm>
#include <string>

#include "topologies/paths/path_selector.h"

namespace switchyard {
namespace {

std::string OfFabric(const FabricSpec& fabric) {
  if (std::holds_alternative<FatTreeSpec>(fabric)) return "a fat tree";
  if (std::holds_alternative<DragonflySpec>(fabric)) return "a dragonfly";
  if (std::holds_alternative<TorusSpec>(fabric)) return "a torus";
  if (std::holds_alternative<ExplicitFabricSpec>(fabric)) return "a fabric written out in links";
  return {};
}

std::string OfNode(const NodeSpec& node) {
  if (!node.links.empty()) return "nodes written out in links";
  return node.nvlink_mesh ? "NVLink from GPU to GPU" : "";
}

}  // namespace

std::string WhyNotRailAware(const ClusterSpec& spec) {
  std::string found = OfNode(spec.node);
  for (const NodeGroupSpec& group : spec.node_groups) {
    if (found.empty()) found = OfNode(group.node);
  }
  // Also of one node, where a fabric joins nothing: there may be more on the command line.
  if (found.empty() && spec.fabric) found = OfFabric(*spec.fabric);
  if (found.empty()) return {};
  return "rail_aware paths need rails: NVSwitch or PCIe nodes under rail_optimized, and not " +
         found + "; use ecmp, adaptive or shortest";
}

}  // namespace switchyard
