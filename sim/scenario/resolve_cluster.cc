#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <string>

#include "scenarios/schema/cluster.pb.h"
#include "sim/scenario/canonical.h"
#include "sim/scenario/resolve.h"

namespace switchyard {
namespace {

LinkSpec ToLink(const pb::LinkClass& link) {
  return {BytesPerSecond{link.bandwidth()}, Seconds{link.latency()}};
}

DeviceSpec ToDevice(const pb::Device& device) {
  DeviceSpec spec;
  spec.name = device.name();
  spec.memory_capacity = Bytes{device.memory_capacity()};
  spec.memory_bandwidth = BytesPerSecond{device.memory_bandwidth()};
  spec.fp32_rate = FlopsPerSecond{device.fp32_rate()};
  spec.bf16_rate = FlopsPerSecond{device.bf16_rate()};
  spec.fp8_rate = FlopsPerSecond{device.fp8_rate()};
  spec.fp4_rate = FlopsPerSecond{device.fp4_rate()};
  if (device.has_idle_power()) spec.idle_power = Watts{device.idle_power()};
  if (device.has_busy_power()) spec.busy_power = Watts{device.busy_power()};
  if (device.has_comm_power()) spec.comm_power = Watts{device.comm_power()};
  return spec;
}

NodeSpec ToNode(const pb::Node& node) {
  NodeSpec spec;
  spec.gpus = node.gpus();
  if (node.has_nvlink()) spec.nvlink = ToLink(node.nvlink());
  spec.pcie = ToLink(node.pcie());
  spec.gpus_per_pcie_switch = node.gpus_per_pcie_switch();
  if (node.has_nic()) spec.nic = ToLink(node.nic());
  spec.host_memory = ToLink(node.host_memory());
  spec.host_memory_capacity = Bytes{node.host_memory_capacity()};
  if (node.has_ssd()) spec.ssd = ToLink(node.ssd());
  return spec;
}

// LinkEnergy has a field for each tier, by its name.
EnergySpec ToEnergy(const pb::Energy& energy) {
  constexpr double kBitsPerByte = 8.0;
  EnergySpec spec;
  const google::protobuf::Reflection& reflection = *energy.links().GetReflection();
  for (std::size_t t = 0; t < kNumLinkTiers; ++t) {
    const auto* field = pb::LinkEnergy::descriptor()->FindFieldByName(
        std::string(ToString(static_cast<LinkTier>(t))));
    if (field == nullptr || !reflection.HasField(energy.links(), field)) continue;
    spec.links[t] = JoulesPerByte{kBitsPerByte * reflection.GetDouble(energy.links(), field)};
  }
  if (energy.has_switch_power()) spec.switch_power = Watts{energy.switch_power()};
  return spec;
}

void CheckNode(const pb::Node& node, const Resolution& at) {
  if (!at.problems.Usable({"cluster.node.gpus", "cluster.node.gpus_per_pcie_switch"})) return;
  if (node.gpus() % node.gpus_per_pcie_switch() == 0) return;
  at.Error("cluster.node.gpus_per_pcie_switch",
           std::to_string(node.gpus_per_pcie_switch()) + " does not divide the " +
               std::to_string(node.gpus()) + " GPUs of a node");
}

void CheckDevice(const pb::Device& device, const Resolution& at) {
  if (!at.problems.Usable({"cluster.device.idle_power", "cluster.device.busy_power"})) return;
  if (device.has_idle_power() && device.has_busy_power() &&
      device.busy_power() < device.idle_power()) {
    at.Error("cluster.device.busy_power", "is below idle_power");
  }
  const bool powers = device.has_idle_power() && device.has_busy_power();
  if (device.has_comm_power() && !powers) {
    at.Error("cluster.device.comm_power",
             "has no effect without idle_power and busy_power: energy is counted with all or none");
  } else if (device.has_comm_power() && device.comm_power() < device.idle_power()) {
    at.Error("cluster.device.comm_power", "is below idle_power");
  }
}

void CheckEnergy(const pb::Cluster& cluster, const Resolution& at) {
  if (!at.problems.Usable({"cluster.device", "cluster.energy"}) || !cluster.has_energy()) return;
  if (cluster.device().has_idle_power() && cluster.device().has_busy_power()) return;
  at.Error("cluster.energy",
           "has no effect without the device's idle_power and busy_power: energy is counted with "
           "all or none");
}

void CheckNetwork(const pb::Cluster& cluster, const Resolution& at) {
  if (!at.problems.Usable({"cluster.nodes", "cluster.fabric"})) return;
  const std::string nodes = std::to_string(cluster.nodes()) + " nodes need ";
  if (cluster.has_fabric() && cluster.fabric().kind_case() == pb::Fabric::KIND_NOT_SET) {
    at.Error("cluster.fabric", "needs one of: rail_optimized");
  }
  if (cluster.nodes() == 1) return;
  if (!cluster.has_fabric()) {
    at.Error("cluster.nodes", nodes + "a fabric between them (cluster.fabric)");
  }
  if (at.problems.Usable({"cluster.node.nic"}) && !cluster.node().has_nic()) {
    at.Error("cluster.nodes", nodes + "NICs (cluster.node.nic)");
  }
}

}  // namespace

ClusterSpec ResolveCluster(pb::Cluster& message, const Resolution& at) {
  FillDefaults(message);
  CheckNode(message.node(), at);
  CheckDevice(message.device(), at);
  CheckEnergy(message, at);
  CheckNetwork(message, at);
  ClusterSpec cluster;
  if (!at.problems.Usable({"cluster"})) return cluster;
  cluster.name = message.name();
  cluster.nodes = message.nodes();
  cluster.device = ToDevice(message.device());
  cluster.node = ToNode(message.node());
  if (message.has_fabric()) {  // also of one node: there may be more on the command line
    const pb::Fabric::RailOptimized& rails = message.fabric().rail_optimized();
    cluster.fabric = RailOptimizedSpec{rails.nodes_per_unit(), rails.oversubscription(),
                                       Seconds{rails.spine_latency()}};
  }
  cluster.energy = ToEnergy(message.energy());
  cluster.paths = message.paths() == pb::Cluster::SHORTEST ? PathSelection::kShortest
                                                           : PathSelection::kRailAware;
  return cluster;
}

}  // namespace switchyard
