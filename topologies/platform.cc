#include "topologies/platform.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "sim/base/check.h"
#include "topologies/vertex_name.h"

namespace switchyard {
namespace {

using Place = std::pair<std::uint32_t, std::uint32_t>;

Place PlaceOf(const Vertex& v) { return {v.node, v.index}; }

}  // namespace

VertexId Platform::AddVertex(Vertex vertex) {
  std::vector<VertexId>& same_kind = by_kind_[static_cast<std::size_t>(vertex.kind)];
  SWITCHYARD_CHECK(same_kind.empty() || PlaceOf(this->vertex(same_kind.back())) < PlaceOf(vertex),
                   fmt::format("{} {} of node {} is added twice or out of order",
                               ToString(vertex.kind), vertex.index, vertex.node));
  const VertexId id(vertices_.size());
  vertices_.push_back(vertex);
  out_.emplace_back();
  same_kind.push_back(id);
  if (vertex.node != kNoNode) num_nodes_ = std::max(num_nodes_, std::size_t{vertex.node} + 1);
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

std::uint32_t Platform::CountInNode(VertexKind kind, std::uint32_t node) const {
  const std::span<const VertexId> all = OfKind(kind);
  const std::size_t each = all.size() / std::max<std::size_t>(num_nodes(), 1);
  const std::size_t begin = node * each;
  const auto starts_node = [&](std::size_t at, std::uint32_t n) {
    return at == all.size() || PlaceOf(vertex(all[at])) == Place{n, 0};
  };
  if (each > 0 && begin + each <= all.size() && starts_node(begin, node) &&
      starts_node(begin + each, node + 1)) {
    return static_cast<std::uint32_t>(each);
  }
  const auto first_of = [&](std::uint32_t n) {
    return std::lower_bound(all.begin(), all.end(), n,
                            [this](VertexId v, std::uint32_t m) { return vertex(v).node < m; });
  };
  return static_cast<std::uint32_t>(first_of(node + 1) - first_of(node));
}

std::optional<LinkId> Platform::FindLink(VertexId from, VertexId to) const {
  for (const LinkId l : out_links(from)) {
    if (link(l).to == to) return l;
  }
  return std::nullopt;
}

VertexId Platform::host_memory(NodeId n, std::uint32_t socket) const {
  const std::optional<VertexId> memory = Find(VertexKind::kHostMemory, n.value, socket);
  SWITCHYARD_CHECK(memory.has_value(), fmt::format("node {} has no memory {}", n.value, socket));
  return *memory;
}

std::string Platform::VertexName(VertexId v) const { return NameOf(vertex(v)); }

std::string Platform::LinkName(LinkId l) const {
  return VertexName(link(l).from) + ">" + VertexName(link(l).to);
}

}  // namespace switchyard
