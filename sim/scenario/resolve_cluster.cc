#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include "scenarios/schema/cluster.pb.h"
#include "sim/scenario/canonical.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/resolve_parts.h"
#include "sim/scenario/schema_info.h"
#include "topologies/builder.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {
namespace {

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

// LinkSharing has a field for each tier, by its name.
LinkSharing ToSharing(const pb::LinkSharing& message) {
  LinkSharing sharing{};
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  for (std::size_t t = 0; t < kNumLinkTiers; ++t) {
    const auto* field = pb::LinkSharing::descriptor()->FindFieldByName(
        std::string(ToString(static_cast<LinkTier>(t))));
    sharing[t] = field != nullptr && reflection.HasField(message, field) &&
                 reflection.GetEnumValue(message, field) == pb::LinkSharing::PER_COLLECTIVE;
  }
  return sharing;
}

void CheckDevice(const pb::Device& device, const std::string& path, const Resolution& at) {
  if (!at.problems.Usable({path + ".idle_power", path + ".busy_power"})) return;
  if (device.has_idle_power() && device.has_busy_power() &&
      device.busy_power() < device.idle_power()) {
    at.Error(path + ".busy_power", "is below idle_power");
  }
  const bool powers = device.has_idle_power() && device.has_busy_power();
  if (device.has_comm_power() && !powers) {
    at.Error(path + ".comm_power",
             "has no effect without idle_power and busy_power: energy is counted with all or none");
  } else if (device.has_comm_power() && device.comm_power() < device.idle_power()) {
    at.Error(path + ".comm_power", "is below idle_power");
  }
}

void CheckEnergy(const pb::Cluster& cluster, const Resolution& at) {
  if (!at.problems.Usable({"cluster.device", "cluster.energy"}) || !cluster.has_energy()) return;
  if (cluster.device().has_idle_power() && cluster.device().has_busy_power()) return;
  at.Error("cluster.energy",
           "has no effect without the device's idle_power and busy_power: energy is counted with "
           "all or none");
}

// A cluster of nodes without NICs can only be joined chip by chip.
bool NeedsNics(const pb::Fabric& fabric) {
  return fabric.kind_case() != pb::Fabric::kTorus && fabric.kind_case() != pb::Fabric::kExplicit;
}

void CheckNetwork(const pb::Cluster& cluster, const Resolution& at) {
  if (!at.problems.Usable({"cluster.nodes", "cluster.fabric"})) return;
  const std::string nodes = std::to_string(cluster.nodes()) + " nodes need ";
  if (cluster.has_fabric() && cluster.fabric().kind_case() == pb::Fabric::KIND_NOT_SET) {
    at.Error("cluster.fabric",
             "needs one of: " + OneofNames(*pb::Fabric::descriptor()->FindFieldByName("torus")));
  }
  if (cluster.nodes() == 1) return;
  if (!cluster.has_fabric()) {
    at.Error("cluster.nodes", nodes + "a fabric between them (cluster.fabric)");
  }
  if (at.problems.Usable({"cluster.node.nic"}) && !cluster.node().has_nic() &&
      NeedsNics(cluster.fabric())) {
    at.Error("cluster.nodes", nodes + "NICs (cluster.node.nic)");
  }
}

// The cluster's device and node with what the group says on top.
pb::Cluster GroupOver(const pb::Cluster& cluster, const pb::NodeGroup& group) {
  pb::Cluster merged;
  *merged.mutable_device() = cluster.device();
  *merged.mutable_node() = cluster.node();
  if (group.has_device()) merged.mutable_device()->MergeFrom(group.device());
  if (group.has_node()) OverlayNode(group.node(), *merged.mutable_node());
  return merged;
}

void AddGroups(const pb::Cluster& message, const Resolution& at, ClusterSpec& spec) {
  for (int i = 0; i < message.node_groups_size(); ++i) {
    const std::string path = "cluster.node_groups[" + std::to_string(i) + "]";
    pb::Cluster merged = GroupOver(message, message.node_groups(i));
    CheckDevice(merged.device(), path + ".device", at);
    CompleteNode(*merged.mutable_node(), path + ".node", at);
    spec.node_groups.push_back(
        {message.node_groups(i).count(), ToDevice(merged.device()), ToNode(merged.node())});
  }
}

PathSelection ToSelection(pb::Cluster::PathSelection paths) {
  switch (paths) {
    case pb::Cluster::SHORTEST:
      return PathSelection::kShortest;
    case pb::Cluster::ECMP:
      return PathSelection::kEcmp;
    case pb::Cluster::ADAPTIVE:
      return PathSelection::kAdaptive;
    default:
      return PathSelection::kRailAware;
  }
}

// What is given must fit the cluster; what is not is chosen to.
void ChoosePaths(pb::Cluster& message, const ClusterSpec& spec, const Resolution& at) {
  const std::string why_not = WhyNotRailAware(spec);
  if (!message.has_paths()) {
    message.set_paths(why_not.empty() ? pb::Cluster::RAIL_AWARE : pb::Cluster::ECMP);
  } else if (message.paths() == pb::Cluster::RAIL_AWARE && !why_not.empty()) {
    at.Error("cluster.paths", why_not);
  }
}

}  // namespace

ClusterSpec ResolveCluster(pb::Cluster& message, const Resolution& at) {
  FillDefaults(message);
  CompleteNode(*message.mutable_node(), "cluster.node", at);
  CheckDevice(message.device(), "cluster.device", at);
  CheckEnergy(message, at);
  CheckNetwork(message, at);
  ClusterSpec cluster;
  if (!at.problems.Usable({"cluster"})) return cluster;
  cluster.name = message.name();
  cluster.nodes = message.nodes();
  cluster.device = ToDevice(message.device());
  cluster.node = ToNode(message.node());
  // Also of one node: there may be more on the command line.
  if (message.has_fabric()) cluster.fabric = ToFabric(message.fabric());
  AddGroups(message, at, cluster);
  for (const Diagnostic& wrong : CheckClusterSpec(cluster)) {
    if (at.problems.Usable({wrong.path})) at.Error(wrong.path, wrong.message);
  }
  cluster.energy = ToEnergy(message.energy());
  cluster.sharing = ToSharing(message.sharing());
  ChoosePaths(message, cluster, at);
  cluster.paths = ToSelection(message.paths());
  return cluster;
}

}  // namespace switchyard
