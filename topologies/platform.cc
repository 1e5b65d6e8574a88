#include "topologies/platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {
namespace {

using Place = std::pair<std::uint32_t, std::uint32_t>;

Place PlaceOf(const Vertex& v) { return {v.node, v.index}; }

// The short form used in names, and whether a node has only one of it as a rule.
struct NamePart {
  std::string_view text;
  bool numbered;
};

NamePart NameOf(VertexKind kind) {
  switch (kind) {
    case VertexKind::kGpu:
      return {"gpu", true};
    case VertexKind::kNvSwitch:
      return {"nvswitch", false};
    case VertexKind::kPcieSwitch:
      return {"pcie", true};
    case VertexKind::kNic:
      return {"nic", true};
    case VertexKind::kHostBridge:
      return {"host", false};
    case VertexKind::kHostMemory:
      return {"dram", false};
    case VertexKind::kSsd:
      return {"ssd", false};
    case VertexKind::kLeafSwitch:
      return {"leaf", true};
    case VertexKind::kSpineSwitch:
      return {"spine", false};
  }
  SWITCHYARD_CHECK(false, "vertex kind outside the enumeration");
}

}  // namespace

std::string_view ToString(VertexKind kind) {
  static constexpr std::array<std::string_view, kNumVertexKinds> kNames = {
      "gpu",         "nv_switch", "pcie_switch", "nic",         "host_bridge",
      "host_memory", "ssd",       "leaf_switch", "spine_switch"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string_view ToString(LinkTier tier) {
  static constexpr std::array<std::string_view, kNumLinkTiers> kNames = {
      "nvlink", "pcie", "nic", "leaf_spine", "host_memory", "ssd"};
  return kNames[static_cast<std::size_t>(tier)];
}

VertexId Platform::AddVertex(Vertex vertex) {
  std::vector<VertexId>& same_kind = by_kind_[static_cast<std::size_t>(vertex.kind)];
  SWITCHYARD_CHECK(same_kind.empty() || PlaceOf(this->vertex(same_kind.back())) < PlaceOf(vertex),
                   fmt::format("{} {} of node {} is added twice or out of order",
                               ToString(vertex.kind), vertex.index, vertex.node));
  SWITCHYARD_CHECK(vertex.kind != VertexKind::kHostMemory || vertex.node == same_kind.size(),
                   "every node has one host memory, added in order of nodes");
  const VertexId id(vertices_.size());
  vertices_.push_back(vertex);
  out_.emplace_back();
  same_kind.push_back(id);
  return id;
}

LinkId Platform::AppendLink(const Link& link) {
  SWITCHYARD_CHECK(link.from != link.to, "a link from a vertex to itself");
  SWITCHYARD_CHECK(std::isfinite(link.capacity.value) && link.capacity.value > 0,
                   "a link's capacity must be finite and above 0");
  SWITCHYARD_CHECK(std::isfinite(link.latency.value) && link.latency.value >= 0,
                   "a link's latency must be finite and not negative");
  const LinkId id(links_.size());
  links_.push_back(link);
  out_[link.from.index()].push_back(id);
  return id;
}

LinkId Platform::AddLink(VertexId from, VertexId to, LinkTier tier, BytesPerSecond capacity,
                         Seconds latency) {
  SWITCHYARD_CHECK(!FindLink(from, to),
                   "two links from " + VertexName(from) + " to " + VertexName(to));
  return AppendLink({from, to, tier, capacity, latency});
}

void Platform::AddDuplexLink(VertexId a, VertexId b, LinkTier tier, BytesPerSecond capacity,
                             Seconds latency) {
  // One search, from the end with fewer links: a leaf switch has thousands, its NICs two.
  const bool a_is_small = out_[a.index()].size() <= out_[b.index()].size();
  SWITCHYARD_CHECK(!(a_is_small ? FindLink(a, b) : FindLink(b, a)),
                   "two links between " + VertexName(a) + " and " + VertexName(b));
  AppendLink({a, b, tier, capacity, latency});
  AppendLink({b, a, tier, capacity, latency});
}

std::optional<VertexId> Platform::Find(VertexKind kind, std::uint32_t node,
                                       std::uint32_t index) const {
  const std::span<const VertexId> all = OfKind(kind);
  const Place wanted{node, index};
  if (all.empty()) return std::nullopt;
  const std::size_t nodes = std::max<std::size_t>(num_nodes(), 1);
  const std::size_t guess = node == kNoNode ? index : node * (all.size() / nodes) + index;
  if (guess < all.size() && PlaceOf(vertex(all[guess])) == wanted) return all[guess];
  const auto found =
      std::lower_bound(all.begin(), all.end(), wanted,
                       [this](VertexId v, Place place) { return PlaceOf(vertex(v)) < place; });
  if (found == all.end() || PlaceOf(vertex(*found)) != wanted) return std::nullopt;
  return *found;
}

std::optional<LinkId> Platform::FindLink(VertexId from, VertexId to) const {
  for (const LinkId l : out_links(from)) {
    if (link(l).to == to) return l;
  }
  return std::nullopt;
}

std::string Platform::VertexName(VertexId v) const {
  const Vertex& vertex = this->vertex(v);
  const NamePart part = NameOf(vertex.kind);
  std::string name = vertex.node == kNoNode ? "" : fmt::format("n{:03}.", vertex.node);
  name += part.text;
  if (part.numbered || vertex.index > 0) name += std::to_string(vertex.index);
  return name;
}

std::string Platform::LinkName(LinkId l) const {
  return VertexName(link(l).from) + ">" + VertexName(link(l).to);
}

}  // namespace switchyard
