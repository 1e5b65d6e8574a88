// What every builder shares: the inside of one server.
//
//        nvswitch                    A GPU, the NICs it is the first to use and up to
//       /        \                   gpus_per_pcie_switch - 1 more such GPUs hang on one PCIe
//       switch;
//    gpu0  nic0   gpu1  nic1         switches, host memory and SSDs hang on the host bridge. All
//       \  /         \  /            NVSwitches of a node are one vertex: they form one
//       pcie0        pcie1           non-blocking plane over which hardware spreads every transfer.
//          \          /
//     ssd -- host -- dram            With NVLink cables in place of the plane, GPUs are linked to
//                                    each other; with neither they talk over PCIe.
//
// With several sockets each has a host bridge, memory and SSDs of its own and an equal share of the
// GPUs, in order; a link joins every two of them, or none: then NVLink alone joins the GPUs of
// different sockets, as it joins the compute trays of a rack.
//
// A node whose links are written out is explicit_node.h's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/diagnostics.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// Appends what is wrong with the inside of a node; `prefix` is "node." or that of a group's node.
void CheckNode(const NodeSpec& spec, const std::string& prefix, Diagnostics& errors);

[[nodiscard]] std::uint32_t CountNics(const NodeSpec& spec);
// Links inside the node, both directions as one.
[[nodiscard]] std::uint64_t CountLinks(const NodeSpec& spec);

// Adds node `node`, with the NICs' other ends still open, and returns them in order.
std::vector<VertexId> AddNode(Platform& platform, const NodeSpec& spec, std::uint32_t node);

// A NIC of the cluster, and its link to the fabric.
struct NicEnd {
  VertexId nic;
  LinkSpec link;
  std::uint32_t node = 0;
  std::uint32_t index = 0;  // in its node
};

// Adds every node of the cluster and returns its NICs node by node.
std::vector<NicEnd> AddNodes(Platform& platform, const ClusterSpec& spec);

}  // namespace switchyard
