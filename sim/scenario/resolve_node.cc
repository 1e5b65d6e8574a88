#include <google/protobuf/descriptor.h>
#include <google/protobuf/message.h>

#include <array>

#include "scenarios/schema/cluster.pb.h"
#include "scenarios/schema/rules.pb.h"
#include "sim/base/check.h"
#include "sim/scenario/resolve_parts.h"
#include "sim/scenario/schema_info.h"
#include "topologies/builders/explicit_node.h"
#include "topologies/vertex_name.h"

namespace switchyard {
namespace {

using google::protobuf::FieldDescriptor;

// What `links` stand for.
constexpr std::array kReplacedByLinks = {"nvlink",  "nvlink_mesh", "pcie", "gpus_per_pcie_switch",
                                         "sockets", "socket_link", "nics", "host_memory",
                                         "ssd"};
// What a node must say when it does not write its links out.
constexpr std::array kNeededWithoutLinks = {"pcie", "host_memory", "host_memory_capacity"};

const FieldDescriptor& FieldOf(const char* name) {
  return *pb::Node::descriptor()->FindFieldByName(name);
}

bool Has(const pb::Node& node, const char* name) {
  return node.GetReflection()->HasField(node, &FieldOf(name));
}

void Clear(pb::Node& node, const char* name) {
  node.GetReflection()->ClearField(&node, &FieldOf(name));
}

LinkSpec ToLink(const pb::LinkClass& link) {
  return {BytesPerSecond{link.bandwidth()}, Seconds{link.latency()}};
}

pb::NodeLink::Tier UsualTierOf(const pb::NodeLink& link) {
  const auto a = ParseLocalName(link.a(), 0);
  const auto b = ParseLocalName(link.b(), 0);
  // A name that is none is reported with the others; any tier will do until then.
  if (!a || !b) return pb::NodeLink::PCIE;
  switch (UsualTier(a->kind, b->kind)) {
    case LinkTier::kNvLink:
      return pb::NodeLink::NVLINK;
    case LinkTier::kSocket:
      return pb::NodeLink::SOCKET;
    case LinkTier::kHostMemory:
      return pb::NodeLink::HOST_MEMORY;
    case LinkTier::kSsd:
      return pb::NodeLink::SSD;
    default:
      return pb::NodeLink::PCIE;
  }
}

LinkTier ToTier(pb::NodeLink::Tier tier) {
  switch (tier) {
    case pb::NodeLink::NVLINK:
      return LinkTier::kNvLink;
    case pb::NodeLink::SOCKET:
      return LinkTier::kSocket;
    case pb::NodeLink::HOST_MEMORY:
      return LinkTier::kHostMemory;
    case pb::NodeLink::SSD:
      return LinkTier::kSsd;
    default:
      return LinkTier::kPcie;
  }
}

void CompleteLinks(pb::Node& node, const std::string& path, const Resolution& at) {
  for (const char* name : kReplacedByLinks) {
    const std::string field = JoinPath(path, name);
    if (at.locations.Has(field)) {
      at.Error(field,
               "does not go with 'links', which say what is inside the node; take it back "
               "with null");
    }
    Clear(node, name);
  }
  for (pb::NodeLink& link : *node.mutable_links()) {
    if (!link.has_tier()) link.set_tier(UsualTierOf(link));
  }
}

void CompleteMesh(pb::NvlinkMesh& mesh, const std::string& path, const Resolution& at) {
  if (mesh.pairs().empty()) {
    if (!mesh.has_links_per_pair()) mesh.set_links_per_pair(1);
  } else if (mesh.has_links_per_pair()) {
    at.Error(path + ".links_per_pair", "does not go with 'pairs', which have their own 'links'");
  }
}

void CheckSwitches(const pb::Node& node, const std::string& path, const Resolution& at) {
  if (!at.problems.Usable({path + ".gpus", path + ".gpus_per_pcie_switch"})) return;
  if (node.gpus() % node.gpus_per_pcie_switch() == 0) return;
  at.Error(path + ".gpus_per_pcie_switch", std::to_string(node.gpus_per_pcie_switch()) +
                                               " does not divide the " +
                                               std::to_string(node.gpus()) + " GPUs of a node");
}

}  // namespace

void CompleteNode(pb::Node& node, const std::string& path, const Resolution& at) {
  if (node.links_size() > 0) return CompleteLinks(node, path, at);
  for (const char* name : kNeededWithoutLinks) {
    const std::string field = JoinPath(path, name);
    if (Has(node, name) || !at.problems.Usable({field})) continue;
    at.Error(field, "missing required field (" + RuleOf(FieldOf(name)).help() + ")");
  }
  if (node.has_nvlink_mesh()) {
    CompleteMesh(*node.mutable_nvlink_mesh(), path + ".nvlink_mesh", at);
  }
  if (node.has_nic() && !node.has_nics()) node.set_nics(node.gpus());
  CheckSwitches(node, path, at);
}

void OverlayNode(const pb::Node& over, pb::Node& node) {
  if (over.links_size() > 0) {
    for (const char* name : kReplacedByLinks) Clear(node, name);
    node.clear_links();
  }
  if (over.gpu_links_case() != pb::Node::GPU_LINKS_NOT_SET) node.clear_gpu_links();
  node.MergeFrom(over);
}

NodeSpec ToNode(const pb::Node& node) {
  NodeSpec spec;
  spec.gpus = node.gpus();
  if (node.has_nvlink()) spec.nvlink = ToLink(node.nvlink());
  if (node.has_nvlink_mesh()) {
    const pb::NvlinkMesh& mesh = node.nvlink_mesh();
    spec.nvlink_mesh.emplace();
    spec.nvlink_mesh->link = {BytesPerSecond{mesh.bandwidth()}, Seconds{mesh.latency()}};
    if (mesh.has_links_per_pair()) spec.nvlink_mesh->links_per_pair = mesh.links_per_pair();
    for (const auto& pair : mesh.pairs()) {
      spec.nvlink_mesh->pairs.push_back({pair.a(), pair.b(), pair.links()});
    }
  }
  spec.pcie = ToLink(node.pcie());
  spec.gpus_per_pcie_switch = node.gpus_per_pcie_switch();
  spec.sockets = node.sockets();
  if (node.has_socket_link()) spec.socket_link = ToLink(node.socket_link());
  if (node.has_nic()) spec.nic = ToLink(node.nic());
  spec.nics = node.nics();
  spec.host_memory = ToLink(node.host_memory());
  spec.host_memory_capacity = Bytes{node.host_memory_capacity()};
  if (node.has_ssd()) spec.ssd = ToLink(node.ssd());
  for (const pb::NodeLink& link : node.links()) {
    spec.links.push_back({link.a(),
                          link.b(),
                          ToTier(link.tier()),
                          {BytesPerSecond{link.bandwidth()}, Seconds{link.latency()}}});
  }
  return spec;
}

}  // namespace switchyard
