// Published hardware numbers of a cluster, strongly typed. Filled from
// scenarios/schema/cluster.proto; the meaning of each field is written there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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

struct NodeSpec {
  std::uint32_t gpus = 0;
  std::optional<LinkSpec> nvlink;  // GPU to NVSwitch plane
  LinkSpec pcie;
  std::uint32_t gpus_per_pcie_switch = 1;
  std::optional<LinkSpec> nic;  // one per GPU
  LinkSpec host_memory;
  Bytes host_memory_capacity;
  std::optional<LinkSpec> ssd;
  std::vector<NamedLinkSpec> links;  // not empty: the whole inside of a node, link by link
};

struct RailOptimizedSpec {
  std::uint32_t nodes_per_unit = 32;
  double oversubscription = 1.0;
  Seconds spine_latency;
};

enum class PathSelection : std::uint8_t { kRailAware, kShortest };

struct ClusterSpec {
  std::string name;
  std::uint32_t nodes = 1;
  DeviceSpec device;
  NodeSpec node;
  std::optional<RailOptimizedSpec> fabric;  // of use, and needed, when nodes > 1
  PathSelection paths = PathSelection::kRailAware;
  EnergySpec energy;

  [[nodiscard]] std::uint32_t NumDevices() const { return nodes * node.gpus; }
};

}  // namespace switchyard
