// Published hardware numbers of a cluster, strongly typed. Filled from
// scenarios/schema/cluster.proto; the meaning of each field is written there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "sim/base/units.h"
#include "topologies/energy_spec.h"
#include "topologies/link_tier.h"

namespace switchyard {

struct DeviceSpec {
  std::string name;
  Bytes memory_capacity;
  BytesPerSecond memory_bandwidth;
  FlopsPerSecond fp32_rate;  // 0: not stated
  FlopsPerSecond bf16_rate;
  FlopsPerSecond fp8_rate;  // 0: the device has none
  FlopsPerSecond fp4_rate;  // 0: the device has none
  std::optional<Watts> idle_power;
  std::optional<Watts> busy_power;
  std::optional<Watts> comm_power;  // communicating and not computing
};

// A full-duplex attachment: `bandwidth` each way, `latency` per traversal.
struct LinkSpec {
  BytesPerSecond bandwidth;
  Seconds latency;
};

// A link written out: both directions between two vertices of a node, named by kind and number as
// in Platform::VertexName without the node ("gpu3", "nvswitch", "pcie1", "host", "nic0", "dram").
struct NamedLinkSpec {
  std::string a;
  std::string b;
  LinkTier tier = LinkTier::kNvLink;
  LinkSpec link;
};

// NVLink or xGMI cables from GPU to GPU, without a switch.
struct NvLinkMeshSpec {
  struct Pair {
    std::uint32_t a = 0;
    std::uint32_t b = 0;
    std::uint32_t links = 1;
  };
  LinkSpec link;  // one cable
  std::uint32_t links_per_pair = 1;
  std::vector<Pair> pairs;  // empty: every two GPUs, with links_per_pair
};

// What is inside a node. A node whose `links` are written out has only `gpus`, `nic` and
// `host_memory_capacity` besides.
struct NodeSpec {
  std::uint32_t gpus = 0;
  std::optional<LinkSpec> nvlink;             // GPU to NVSwitch plane; at most one of
  std::optional<NvLinkMeshSpec> nvlink_mesh;  // the two
  LinkSpec pcie;
  std::uint32_t gpus_per_pcie_switch = 1;
  std::uint32_t sockets = 1;  // host bridges, each with its memory, SSDs and share of GPUs
  std::optional<LinkSpec> socket_link;  // between two of them; none: separate hosts
  std::optional<LinkSpec> nic;          // to the fabric
  std::uint32_t nics = 0;               // 0: one per GPU; GPU g uses NIC g * nics / gpus
  LinkSpec host_memory;
  Bytes host_memory_capacity;
  std::optional<LinkSpec> ssd;
  std::vector<NamedLinkSpec> links;  // not empty: the whole inside of a node, link by link
};

// The fabrics; scenarios/schema/cluster.proto and builders/*.h say what the numbers mean.
struct RailOptimizedSpec {
  std::uint32_t nodes_per_unit = 32;
  double oversubscription = 1.0;
  Seconds spine_latency;
  std::uint32_t rails = 0;  // 0: one per NIC of a node
};

struct FatTreeSpec {
  std::uint32_t radix = 0;
  double oversubscription = 1.0;
  Seconds switch_latency;
};

struct DragonflySpec {
  std::uint32_t groups = 0;
  std::uint32_t routers_per_group = 0;
  std::uint32_t nics_per_router = 0;
  std::uint32_t links_per_group_pair = 1;
  LinkSpec local_link;
  LinkSpec global_link;
};

struct TorusSpec {
  std::vector<std::uint32_t> dimensions;  // two or three
  LinkSpec link;
};

// Ends are "switch3", "n000.nic0" or "n000.gpu1".
struct ExplicitFabricSpec {
  struct Edge {
    std::string a;
    std::string b;
    LinkSpec link;
  };
  std::uint32_t switches = 0;
  std::vector<Edge> links;
};

using FabricSpec =
    std::variant<RailOptimizedSpec, FatTreeSpec, DragonflySpec, TorusSpec, ExplicitFabricSpec>;

enum class PathSelection : std::uint8_t { kRailAware, kShortest, kEcmp, kAdaptive };

// Consecutive nodes that differ from the rest of the cluster.
struct NodeGroupSpec {
  std::uint32_t count = 0;
  DeviceSpec device;
  NodeSpec node;
};

struct ClusterSpec {
  std::string name;
  std::uint32_t nodes = 1;
  DeviceSpec device;
  NodeSpec node;
  std::vector<NodeGroupSpec> node_groups;  // the first nodes; the others are as `device`, `node`
  std::optional<FabricSpec> fabric;        // of use, and needed, when nodes > 1; a torus always
  LinkSharing sharing{};
  PathSelection paths = PathSelection::kRailAware;
  EnergySpec energy;

  // Every node has as many GPUs as the first.
  [[nodiscard]] std::uint32_t NumDevices() const { return nodes * node.gpus; }
  [[nodiscard]] const DeviceSpec& device_of(std::uint32_t node_index) const {
    const NodeGroupSpec* group = GroupOf(node_index);
    return group != nullptr ? group->device : device;
  }
  [[nodiscard]] const NodeSpec& node_spec(std::uint32_t node_index) const {
    const NodeGroupSpec* group = GroupOf(node_index);
    return group != nullptr ? group->node : node;
  }

 private:
  [[nodiscard]] const NodeGroupSpec* GroupOf(std::uint32_t node_index) const {
    for (const NodeGroupSpec& group : node_groups) {
      if (node_index < group.count) return &group;
      node_index -= group.count;
    }
    return nullptr;
  }
};

}  // namespace switchyard
