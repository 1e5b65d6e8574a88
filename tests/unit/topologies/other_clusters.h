// The servers of clusters.h in other fabrics, and nodes of other forms.
#pragma once

#include <cstdint>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

#include "tests/unit/topologies/clusters.h"

namespace switchyard::testing {

// The same servers on a fat tree of switches of this radix.
inline ClusterSpec FatTree(std::uint32_t nodes, std::uint32_t radix,
                           double oversubscription = 1.0) {
  ClusterSpec spec = Rails(nodes, 32);
  spec.fabric = FatTreeSpec{radix, oversubscription, 1_us};
  spec.paths = PathSelection::kEcmp;
  return spec;
}

inline ClusterSpec Dragonfly(std::uint32_t nodes, DragonflySpec fabric) {
  ClusterSpec spec = Rails(nodes, 32);
  fabric.local_link = {kNic, 0.3_us};
  fabric.global_link = {kNic, 0.7_us};
  spec.fabric = fabric;
  spec.paths = PathSelection::kEcmp;
  return spec;
}

// Chips four to a host, in a torus.
inline ClusterSpec Torus(std::vector<std::uint32_t> dimensions) {
  ClusterSpec spec = OneNode();
  spec.node.gpus = 4;
  spec.node.nvlink.reset();
  spec.node.nic.reset();
  std::uint32_t chips = 1;
  for (const std::uint32_t size : dimensions) chips *= size;
  spec.nodes = chips / 4;
  spec.fabric = TorusSpec{std::move(dimensions), {kNvLink, 1_us}};
  spec.paths = PathSelection::kEcmp;
  return spec;
}

// The hybrid cube mesh of a DGX-1V: two quads with a cable between every two of their GPUs, doubled
// on two sides, and doubled or single cables between the quads (NVIDIA DGX-1 system architecture
// white paper, WP-08437). Each GPU has 6 cables.
inline ClusterSpec CubeMesh() {
  ClusterSpec spec = OneNode();
  spec.node.nvlink.reset();
  spec.node.nvlink_mesh = NvLinkMeshSpec{{25_GBps, 1_us},
                                         1,
                                         {{0, 1, 1},
                                          {0, 2, 1},
                                          {0, 3, 2},
                                          {0, 4, 2},
                                          {1, 2, 2},
                                          {1, 3, 1},
                                          {1, 5, 2},
                                          {2, 3, 2},
                                          {2, 6, 1},
                                          {3, 7, 1},
                                          {4, 5, 1},
                                          {4, 6, 1},
                                          {4, 7, 2},
                                          {5, 6, 2},
                                          {5, 7, 1},
                                          {6, 7, 2}}};
  spec.node.nics = 4;
  spec.node.gpus_per_pcie_switch = 2;
  spec.node.sockets = 2;
  spec.node.socket_link = LinkSpec{19_GBps, 0.2_us};
  spec.paths = PathSelection::kEcmp;
  return spec;
}

// Two racks as nodes: 6 compute trays of 2 GPUs each in one NVLink domain, every tray a host of its
// own with 2 NICs, 2 rails.
inline ClusterSpec Racks() {
  ClusterSpec spec = Rails(2, 32);
  spec.node.gpus = 12;
  spec.node.sockets = 6;
  std::get<RailOptimizedSpec>(*spec.fabric).rails = 2;
  return spec;
}

// Two nodes of two GPUs without NVLink, written out, on a ring of three switches.
inline ClusterSpec WrittenOut() {
  ClusterSpec spec = OneNode();
  spec.nodes = 2;
  spec.node = NodeSpec{};
  spec.node.gpus = 2;
  for (const auto& [a, b, tier] : {std::tuple("gpu0", "pcie0", LinkTier::kPcie),
                                   {"gpu1", "pcie0", LinkTier::kPcie},
                                   {"pcie0", "host", LinkTier::kPcie},
                                   {"nic0", "pcie0", LinkTier::kPcie},
                                   {"dram", "host", LinkTier::kHostMemory}}) {
    spec.node.links.push_back({a, b, tier, {kPcie, 0.25_us}});
  }
  spec.fabric = ExplicitFabricSpec{3,
                                   {{"n000.nic0", "switch0", {kNic, 1_us}},
                                    {"n001.nic0", "switch1", {kNic, 1_us}},
                                    {"switch0", "switch1", {kNic, 1_us}},
                                    {"switch1", "switch2", {kNic, 1_us}},
                                    {"switch2", "switch0", {kNic, 1_us}}}};
  spec.paths = PathSelection::kEcmp;
  return spec;
}

}  // namespace switchyard::testing
