// What every builder shares: the inside of one server, and the checks of the numbers it needs.
//
//        nvswitch                    gpu, its NIC and up to gpus_per_pcie_switch - 1 more such
//       /        \                   pairs hang on one PCIe switch; switches, host memory and
//    gpu0  nic0   gpu1  nic1         SSDs hang on the host bridge. Without NVLink there is no
//       \  /         \  /            nvswitch, and GPUs talk through PCIe switches and host bridge.
//       pcie0        pcie1           All NVSwitches of a node are one vertex: they form one
//          \          /              non-blocking plane over which hardware spreads every transfer.
//     ssd -- host -- dram
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// Appends "cluster.<field>: <message>". The loader knows in which line of which file the field is.
void AddSpecError(Diagnostics& errors, std::string_view field, std::string message);

// What is wrong with the spec for any topology: sizes, and bandwidths and latencies out of range.
[[nodiscard]] Diagnostics CheckNodeSpec(const ClusterSpec& spec);

// Adds node `node` and returns its NICs by rail (none when the spec has none). GPU i of the node
// has NIC i.
std::vector<VertexId> AddNode(Platform& platform, const NodeSpec& spec, std::uint32_t node);

}  // namespace switchyard
