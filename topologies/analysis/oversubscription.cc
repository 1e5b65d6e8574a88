#include "topologies/analysis/oversubscription.h"

#include <algorithm>
#include <array>
#include <boost/graph/breadth_first_search.hpp>
#include <limits>
#include <map>
#include <tuple>

#include "topologies/boost_graph.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kFar = std::numeric_limits<std::uint32_t>::max();

bool IsSwitch(VertexKind kind) {
  switch (kind) {
    case VertexKind::kGpu:
    case VertexKind::kNic:
    case VertexKind::kHostMemory:
    case VertexKind::kSsd:
      return false;
    default:
      return true;
  }
}

// Links to the nearest of some vertices.
std::vector<std::uint32_t> Distances(const LinkGraph& graph, const std::vector<std::size_t>& ends) {
  std::vector<std::uint32_t> distance(boost::num_vertices(graph), kFar);
  for (const std::size_t v : ends) distance[v] = 0;
  std::vector<boost::default_color_type> colors(boost::num_vertices(graph));
  boost::queue<std::size_t> pending;
  boost::breadth_first_search(
      graph, ends.begin(), ends.end(), pending,
      boost::make_bfs_visitor(boost::record_distances(distance.data(), boost::on_tree_edge())),
      boost::make_iterator_property_map(colors.begin(), boost::get(boost::vertex_index, graph)));
  return distance;
}

// Inside a node the distance from the GPUs, in the fabric that from whatever is attached to it.
std::vector<std::uint32_t> Levels(const Platform& platform) {
  const LinkGraph graph = ForwardGraph(platform);
  std::vector<std::size_t> ends;
  for (const VertexId v : platform.OfKind(VertexKind::kGpu)) ends.push_back(v.index());
  std::vector<std::uint32_t> levels = Distances(graph, ends);
  for (const VertexId v : platform.OfKind(VertexKind::kNic)) ends.push_back(v.index());
  const std::vector<std::uint32_t> in_fabric = Distances(graph, ends);
  for (std::size_t v = 0; v < levels.size(); ++v) {
    if (platform.vertices()[v].node == kNoNode) levels[v] = in_fabric[v];
  }
  return levels;
}

// Whether `b` is further from the ends than `a`: negative, 0 when equally far, positive.
int Climb(const Platform& platform, const std::vector<std::uint32_t>& levels, VertexId a,
          VertexId b) {
  const bool a_fabric = platform.vertex(a).node == kNoNode;
  const bool b_fabric = platform.vertex(b).node == kNoNode;
  if (a_fabric != b_fabric) return b_fabric ? 1 : -1;
  if (levels[a.index()] == levels[b.index()]) return 0;
  return levels[a.index()] < levels[b.index()] ? 1 : -1;
}

// The links of one switch that lead on, by where to.
struct Onwards {
  LinkTier tier;
  VertexKind to;
  bool sideways;
  auto operator<=>(const Onwards&) const = default;
};

struct Switch {
  BytesPerSecond below;
  std::map<Onwards, BytesPerSecond> onwards;
};

std::vector<Switch> AddUp(const Platform& platform, const std::vector<std::uint32_t>& levels) {
  std::vector<Switch> switches(platform.vertices().size());
  for (const Link& link : platform.links()) {
    const Vertex& from = platform.vertex(link.from);
    const Vertex& to = platform.vertex(link.to);
    if (IsSwitch(from.kind) && IsSwitch(to.kind)) {
      const int climb = Climb(platform, levels, link.from, link.to);
      if (climb > 0) switches[link.to.index()].below += link.capacity;
      if (climb >= 0) {
        switches[link.from.index()].onwards[{link.tier, to.kind, climb == 0}] += link.capacity;
      }
    } else if (IsSwitch(to.kind)) {
      const bool from_below =
          from.kind == VertexKind::kGpu || (from.kind == VertexKind::kNic && to.node == kNoNode);
      if (from_below) switches[link.to.index()].below += link.capacity;
    }
  }
  return switches;
}

}  // namespace

std::vector<Oversubscription> FindOversubscription(const Platform& platform) {
  const std::vector<std::uint32_t> levels = Levels(platform);
  const std::vector<Switch> switches = AddUp(platform, levels);
  using Layer = std::tuple<bool, std::uint32_t, VertexKind, Onwards>;
  std::map<Layer, Oversubscription> layers;
  for (std::size_t v = 0; v < switches.size(); ++v) {
    const Vertex& vertex = platform.vertices()[v];
    const auto& onwards = switches[v].onwards;
    if (switches[v].below.value <= 0) continue;
    const bool climbs = std::any_of(onwards.begin(), onwards.end(),
                                    [](const auto& entry) { return !entry.first.sideways; });
    for (const auto& [where, capacity] : onwards) {
      if (climbs && where.sideways) continue;  // a way around, not the way on
      const double ratio = switches[v].below / capacity;
      Oversubscription& layer = layers[{vertex.node == kNoNode, levels[v], vertex.kind, where}];
      if (ratio <= layer.ratio) continue;
      layer = {where.tier, vertex.kind, where.to, where.sideways, ratio, VertexId(v)};
    }
  }
  std::vector<Oversubscription> found;
  found.reserve(layers.size());
  for (const auto& [layer, oversubscription] : layers) found.push_back(oversubscription);
  return found;
}

}  // namespace switchyard
