#include "topologies/paths/rail_aware.h"

#include <algorithm>
#include <array>

#include "sim/base/check.h"
#include "topologies/own_nics.h"
#include "topologies/paths/shortest.h"

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

RailAwarePaths::RailAwarePaths(const Platform& platform, std::span<const LinkId> dead)
    : platform_(platform),
      pcie_(platform.vertices().size()),
      nvlink_(platform.vertices().size()),
      fabric_(platform.vertices().size()) {
  FindAttachments();
  FindShapes();
  if (dead.empty()) return;
  dead_.resize(platform.links().size());
  for (const LinkId l : dead) dead_[l.index()] = true;
  fallback_ = std::make_unique<ShortestPaths>(platform, dead);
}

void RailAwarePaths::FindAttachments() {
  const std::span<const Link> links = platform_.links();
  for (std::size_t i = 0; i < links.size(); ++i) {
    const Link& link = links[i];
    const VertexKind from = platform_.vertex(link.from).kind;
    const VertexKind to = platform_.vertex(link.to).kind;
    const auto attach = [&](Attachments& attachments) {
      SWITCHYARD_CHECK(!attachments[link.from.index()],
                       platform_.VertexName(link.from) +
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
  for (std::size_t i = 0; i < links.size(); ++i) {
    for (Attachments* attachments : {&pcie_, &nvlink_, &fabric_}) {
      std::optional<Attachment>& up = (*attachments)[links[i].to.index()];
      if (up && up->parent == links[i].from) up->down = LinkId(i);
    }
  }
}

void RailAwarePaths::FindShapes() {
  for (std::uint32_t node = 0; node < platform_.num_nodes(); ++node) {
    shapes_.push_back({platform_.CountInNode(VertexKind::kGpu, node),
                       platform_.CountInNode(VertexKind::kNic, node),
                       std::max(platform_.CountInNode(VertexKind::kHostBridge, node), 1u)});
  }
  // NIC `rails` hangs on the leaf of NIC 0 again.
  const auto leaf_of = [this](std::uint32_t nic) {
    const auto found = platform_.Find(VertexKind::kNic, 0, nic);
    return found && fabric_[found->index()] ? std::optional(fabric_[found->index()]->parent)
                                            : std::nullopt;
  };
  const std::optional<VertexId> first = leaf_of(0);
  if (!first) return;
  while (rails_ < shapes_[0].nics && leaf_of(rails_) != first) ++rails_;
}

bool RailAwarePaths::CrossesDead(std::span<const LinkId> links) const {
  return std::any_of(links.begin(), links.end(), [this](LinkId l) { return dead_[l.index()]; });
}

bool RailAwarePaths::Reaches(VertexId from, VertexId to) const {
  if (dead_.empty()) return true;
  for (std::uint32_t part = 0; part < NumParts(from, to); ++part) {
    std::vector<LinkId> links;
    AppendOwnPath(from, to, part, links);
    if (CrossesDead(links) && !fallback_->Reaches(from, to)) return false;
  }
  return true;
}

void RailAwarePaths::AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                                std::vector<LinkId>& links) const {
  const std::size_t before = links.size();
  AppendOwnPath(from, to, flow_key, links);
  if (dead_.empty() || !CrossesDead(std::span(links).subspan(before))) return;
  links.resize(before);
  fallback_->AppendPath(from, to, flow_key, links);
}

std::uint32_t RailAwarePaths::NumParts(VertexId from, VertexId to) const {
  const Vertex& sender = platform_.vertex(from);
  const Vertex& receiver = platform_.vertex(to);
  const bool gpus = sender.kind == VertexKind::kGpu && receiver.kind == VertexKind::kGpu;
  if (!gpus || sender.node == receiver.node) return 1;
  const std::uint32_t own = NicsOfGpu(platform_, receiver).count;
  return std::clamp(own, 1u, kMaxFlowParts);
}

void RailAwarePaths::AppendOwnPath(VertexId from, VertexId to, std::uint64_t flow_key,
                                   std::vector<LinkId>& links) const {
  if (from == to) return;
  if (platform_.vertex(from).node == platform_.vertex(to).node) {
    AppendWithinNode(from, to, flow_key, links);
  } else {
    AppendAcross(from, to, flow_key, links);
  }
}

void RailAwarePaths::AppendWithinNode(VertexId from, VertexId to, std::uint64_t flow_key,
                                      std::vector<LinkId>& links) const {
  const bool nvlink = nvlink_[from.index()] && nvlink_[to.index()];
  const VertexId from_root = Root(from);
  const VertexId to_root = Root(to);
  if (!nvlink && (from_root == to_root || platform_.FindLink(from_root, to_root))) {
    AppendTree(from, to, links);
    return;
  }
  // Hosts that only NVLink joins: through a GPU at each end that is not one.
  const VertexId first = nvlink ? from : GpuNear(from, flow_key);
  const VertexId last = nvlink ? to : GpuNear(to, flow_key);
  AppendTree(from, first, links);
  links.push_back(nvlink_[first.index()]->up);
  links.push_back(nvlink_[last.index()]->down);
  AppendTree(last, to, links);
}

VertexId RailAwarePaths::Root(VertexId v) const {
  while (pcie_[v.index()]) v = pcie_[v.index()]->parent;
  return v;
}

// A GPU under the same host bridge: itself, or by the key.
VertexId RailAwarePaths::GpuNear(VertexId v, std::uint64_t flow_key) const {
  if (platform_.vertex(v).kind == VertexKind::kGpu) return v;
  const std::uint32_t node = platform_.vertex(v).node;
  const NodeShape& shape = shapes_[node];
  const std::uint32_t per_host = shape.gpus / shape.hosts;
  const std::uint32_t host = platform_.vertex(Root(v)).index;
  const std::optional<VertexId> gpu = platform_.Find(
      VertexKind::kGpu, node, host * per_host + static_cast<std::uint32_t>(flow_key % per_host));
  SWITCHYARD_CHECK(gpu && nvlink_[gpu->index()], "hosts of a node that nothing joins");
  return *gpu;
}

// Up to the lowest common ancestor, or over the link between two sockets, and down again; nothing
// when the ends are equal.
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
    if (const auto& up = pcie_[at.index()]) {
      links.push_back(up->up);
      at = up->parent;
      continue;
    }
    const std::optional<LinkId> between = platform_.FindLink(at, *(end - 1));
    SWITCHYARD_CHECK(between.has_value(), "no PCIe path from " + platform_.VertexName(from) +
                                              " to " + platform_.VertexName(to));
    links.push_back(*between);
    at = *(end - 1);
  }
  while (meeting != ancestors.begin()) links.push_back(pcie_[(--meeting)->index()]->down);
}

std::uint32_t RailAwarePaths::RailOf(VertexId nic) const {
  return platform_.vertex(nic).index % rails_;
}

// GPUs and NICs have NICs of their own. A memory uses those of its host: the first on the rail, or
// by the key; where its host has none on the rail, the node's first on it.
VertexId RailAwarePaths::NicOf(VertexId end, std::optional<std::uint32_t> rail,
                               std::uint64_t flow_key) const {
  const Vertex& vertex = platform_.vertex(end);
  if (vertex.kind == VertexKind::kNic) return end;
  const NodeShape& shape = shapes_[vertex.node];
  SWITCHYARD_CHECK(shape.nics > 0, "a flow to another node, and no NIC for its rail");
  std::uint32_t index = 0;
  if (vertex.kind == VertexKind::kGpu) {
    const OwnNics own = NicsOfGpu(vertex.index, shape.gpus, shape.nics);
    index = own.first + static_cast<std::uint32_t>(flow_key % own.count);
  } else {
    const std::uint32_t per_host = std::max(shape.nics / shape.hosts, 1u);
    const std::uint32_t first = platform_.vertex(Root(end)).index * per_host;
    const std::uint32_t wanted =
        rail ? *rail : (first + static_cast<std::uint32_t>(flow_key % per_host)) % rails_;
    const std::uint32_t onto_rail = (wanted + rails_ - first % rails_) % rails_;
    const bool on_host = onto_rail < per_host && first + onto_rail < shape.nics;
    index = on_host ? first + onto_rail : wanted;
  }
  const std::optional<VertexId> nic = platform_.Find(VertexKind::kNic, vertex.node, index);
  SWITCHYARD_CHECK(nic.has_value(), "a flow to another node, and no NIC for its rail");
  return *nic;
}

std::optional<RailAwarePaths::Exit> RailAwarePaths::Relay(VertexId from, VertexId own_nic,
                                                          std::uint32_t rail) const {
  const Vertex& sender = platform_.vertex(from);
  if (sender.kind != VertexKind::kGpu || !nvlink_[from.index()]) return std::nullopt;
  const NodeShape& shape = shapes_[sender.node];
  const std::uint32_t own = platform_.vertex(own_nic).index;
  const std::uint32_t wanted = own - own % rails_ + rail;
  const std::uint32_t per_nic = std::max(shape.gpus / shape.nics, 1u);
  const std::uint32_t place = sender.index % per_nic;
  const auto nic = platform_.Find(VertexKind::kNic, sender.node, wanted);
  const auto gpu = platform_.Find(VertexKind::kGpu, sender.node,
                                  GpuOfNic(wanted, shape.gpus, shape.nics) + place);
  if (!nic || !gpu || !nvlink_[gpu->index()]) return std::nullopt;
  return Exit{*gpu, *nic};
}

void RailAwarePaths::AppendAcross(VertexId from, VertexId to, std::uint64_t flow_key,
                                  std::vector<LinkId>& links) const {
  SWITCHYARD_CHECK(platform_.vertex(from).node != kNoNode && platform_.vertex(to).node != kNoNode,
                   "a path that begins or ends in the fabric");
  const bool to_has_rail = HasRail(platform_.vertex(to).kind);
  VertexId to_nic = to_has_rail ? NicOf(to, {}, flow_key) : to;
  Exit exit{from,
            NicOf(from, to_has_rail ? std::optional(RailOf(to_nic)) : std::nullopt, flow_key)};
  if (!to_has_rail) to_nic = NicOf(to, RailOf(exit.nic), flow_key);
  if (RailOf(exit.nic) != RailOf(to_nic)) {
    exit = Relay(from, exit.nic, RailOf(to_nic)).value_or(exit);
    if (exit.gpu != from) AppendWithinNode(from, exit.gpu, flow_key, links);
  }
  AppendTree(exit.gpu, exit.nic, links);
  AppendFabric(exit.nic, to_nic, links);
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
