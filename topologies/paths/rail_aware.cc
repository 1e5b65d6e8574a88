#include "topologies/paths/rail_aware.h"

#include <algorithm>
#include <array>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// GPU, PCIe switch, host bridge.
constexpr std::size_t kMaxTreeDepth = 3;

// Height within the PCIe tree: a link leads up when the other end is higher.
int TreeHeight(VertexKind kind) {
  if (kind == VertexKind::kHostBridge) return 2;
  return kind == VertexKind::kPcieSwitch ? 1 : 0;
}

int FabricHeight(VertexKind kind) {
  if (kind == VertexKind::kSpineSwitch) return 2;
  return kind == VertexKind::kLeafSwitch ? 1 : 0;
}

bool HasRail(VertexKind kind) { return kind == VertexKind::kGpu || kind == VertexKind::kNic; }

}  // namespace

RailAwarePaths::RailAwarePaths(const Platform& platform)
    : platform_(platform),
      pcie_(platform.vertices().size()),
      nvlink_(platform.vertices().size()),
      fabric_(platform.vertices().size()),
      nics_in_node_(platform.num_nodes(), 0) {
  for (std::size_t i = 0; i < platform.links().size(); ++i) {
    const Link& link = platform.links()[i];
    const VertexKind from = platform.vertex(link.from).kind;
    const VertexKind to = platform.vertex(link.to).kind;
    const auto attach = [&](Attachments& attachments) {
      SWITCHYARD_CHECK(!attachments[link.from.index()],
                       platform.VertexName(link.from) +
                           " has two ways up; rail-aware paths need a "
                           "tree in the node and one leaf per NIC");
      attachments[link.from.index()] = Attachment{link.to, LinkId(i), LinkId(i)};
    };
    if (to == VertexKind::kNvSwitch) {
      attach(nvlink_);
    } else if (TreeHeight(from) < TreeHeight(to)) {
      attach(pcie_);
    } else if (FabricHeight(from) < FabricHeight(to)) {
      attach(fabric_);
    }
  }
  // The ways back, in one more pass: a child's parent may have thousands of links.
  for (std::size_t i = 0; i < platform.links().size(); ++i) {
    const Link& link = platform.links()[i];
    for (Attachments* attachments : {&pcie_, &nvlink_, &fabric_}) {
      std::optional<Attachment>& up = (*attachments)[link.to.index()];
      if (up && up->parent == link.from) up->down = LinkId(i);
    }
  }
  for (const VertexId nic : platform.OfKind(VertexKind::kNic)) {
    ++nics_in_node_[platform.vertex(nic).node];
  }
}

void RailAwarePaths::AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                                std::vector<LinkId>& links) const {
  if (platform_.vertex(from).node == platform_.vertex(to).node) {
    AppendWithinNode(from, to, links);
  } else {
    AppendAcross(from, to, flow_key, links);
  }
}

void RailAwarePaths::AppendWithinNode(VertexId from, VertexId to,
                                      std::vector<LinkId>& links) const {
  const std::optional<Attachment>& sender = nvlink_[from.index()];
  const std::optional<Attachment>& receiver = nvlink_[to.index()];
  if (from != to && sender && receiver) {
    links.push_back(sender->up);
    links.push_back(receiver->down);
  } else {
    AppendTree(from, to, links);
  }
}

// Up to the lowest common ancestor and down again; nothing when the ends are equal.
void RailAwarePaths::AppendTree(VertexId from, VertexId to, std::vector<LinkId>& links) const {
  std::array<VertexId, kMaxTreeDepth> ancestors;  // of `to`, itself first
  std::size_t count = 0;
  ancestors[count++] = to;
  while (const auto& up = pcie_[ancestors[count - 1].index()]) {
    SWITCHYARD_CHECK(count < kMaxTreeDepth, "a PCIe tree of more than three levels");
    ancestors[count++] = up->parent;
  }
  const auto end = ancestors.begin() + static_cast<std::ptrdiff_t>(count);
  auto meeting = std::find(ancestors.begin(), end, from);
  for (VertexId at = from; meeting == end; meeting = std::find(ancestors.begin(), end, at)) {
    const auto& up = pcie_[at.index()];
    SWITCHYARD_CHECK(up.has_value(), "no PCIe path from " + platform_.VertexName(from) + " to " +
                                         platform_.VertexName(to));
    links.push_back(up->up);
    at = up->parent;
  }
  while (meeting != ancestors.begin()) links.push_back(pcie_[(--meeting)->index()]->down);
}

VertexId RailAwarePaths::Nic(std::uint32_t node, std::uint32_t rail) const {
  const std::optional<VertexId> nic = platform_.Find(VertexKind::kNic, node, rail);
  SWITCHYARD_CHECK(nic.has_value(), "a flow to another node, and no NIC for its rail");
  return *nic;
}

void RailAwarePaths::AppendAcross(VertexId from, VertexId to, std::uint64_t flow_key,
                                  std::vector<LinkId>& links) const {
  const Vertex sender = platform_.vertex(from);
  const Vertex receiver = platform_.vertex(to);
  SWITCHYARD_CHECK(sender.node != kNoNode && receiver.node != kNoNode,
                   "a path that begins or ends in the fabric");
  const bool sender_has_rail = HasRail(sender.kind);
  std::uint32_t rail = receiver.index;
  if (!HasRail(receiver.kind)) {
    const std::uint32_t nics = std::max(nics_in_node_[sender.node], 1u);
    rail = sender_has_rail ? sender.index : static_cast<std::uint32_t>(flow_key % nics);
  }
  std::uint32_t sender_rail = rail;
  if (sender_has_rail && sender.index != rail) {
    const std::optional<VertexId> relay = platform_.Find(VertexKind::kGpu, sender.node, rail);
    if (nvlink_[from.index()] && relay && nvlink_[relay->index()]) {
      AppendWithinNode(from, *relay, links);
      from = *relay;
    } else {
      sender_rail = sender.index;
    }
  }
  const VertexId from_nic = Nic(sender.node, sender_rail);
  const VertexId to_nic = Nic(receiver.node, rail);
  AppendTree(from, from_nic, links);
  AppendFabric(from_nic, to_nic, links);
  AppendTree(to_nic, to, links);
}

void RailAwarePaths::AppendFabric(VertexId from_nic, VertexId to_nic,
                                  std::vector<LinkId>& links) const {
  const auto& sender = fabric_[from_nic.index()];
  const auto& receiver = fabric_[to_nic.index()];
  SWITCHYARD_CHECK(sender && receiver, "a NIC without a leaf switch");
  links.push_back(sender->up);
  if (sender->parent != receiver->parent) {
    const auto& up = fabric_[sender->parent.index()];
    const auto& down = fabric_[receiver->parent.index()];
    SWITCHYARD_CHECK(up && down && up->parent == down->parent, "leaf switches without a spine");
    links.push_back(up->up);
    links.push_back(down->down);
  }
  links.push_back(receiver->down);
}

}  // namespace switchyard
