#include "topologies/paths/equal_cost.h"

#include <algorithm>

#include "sim/base/check.h"
#include "topologies/own_nics.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kUnreached = HopTables::kUnreached;

bool IsGpu(const Vertex& v) { return v.kind == VertexKind::kGpu; }

std::uint32_t Multiply(std::uint32_t a, std::uint32_t b) {
  return std::min(a * b, HopTables::kMostPaths);
}

}  // namespace

bool EqualCostWays::Reaches(VertexId from, VertexId to) {
  if (from == to) return true;
  FindRoutes(from, to);
  return !routes_.empty();
}

std::uint32_t EqualCostWays::CountWays(VertexId from, VertexId to) {
  if (from == to) return 1;
  FindRoutes(from, to);
  std::uint32_t ways = 0;
  for (const Route& route : routes_) {
    ways = std::min(ways + RoutePaths(route, 0), HopTables::kMostPaths);
  }
  return ways;
}

void EqualCostWays::Append(VertexId from, VertexId to, WayChooser& chooser,
                           std::vector<LinkId>& links) {
  if (from == to) return;
  FindRoutes(from, to);
  SWITCHYARD_CHECK(!routes_.empty(), "no path from " + platform_.VertexName(from) + " to " +
                                         platform_.VertexName(to));
  std::size_t chosen = 0;
  if (routes_.size() > 1) {
    ways_.clear();
    for (const Route& route : routes_) ways_.push_back({LinkId(), RoutePaths(route, 0)});
    chosen = chooser.Choose(from, ways_);
  }
  const Route route = routes_[chosen];
  for (std::size_t s = 0; s < route.num_segments; ++s) {
    WalkSegment(route.segments[s], RoutePaths(route, s + 1), chooser, links);
  }
}

void EqualCostWays::WalkSegment(const Segment& segment, std::uint32_t paths_after,
                                WayChooser& chooser, std::vector<LinkId>& links) {
  for (VertexId at = segment.from; at != segment.to; at = platform_.link(links.back()).to) {
    ways_.clear();
    tables_.AppendNext(segment.to, segment.scope, at, ways_);
    for (NextLink& way : ways_) way.paths = Multiply(way.paths, paths_after);
    links.push_back(ways_[ways_.size() > 1 ? chooser.Choose(at, ways_) : 0].link);
  }
}

std::uint32_t EqualCostWays::RoutePaths(const Route& route, std::size_t first_segment) {
  std::uint32_t paths = 1;
  for (std::size_t s = first_segment; s < route.num_segments; ++s) {
    const Segment& segment = route.segments[s];
    paths = Multiply(paths, tables_.Paths(segment.to, segment.scope, segment.from));
  }
  return paths;
}

std::uint32_t EqualCostWays::RouteHops(const Route& route) {
  std::uint32_t hops = 0;
  for (std::size_t s = 0; s < route.num_segments; ++s) {
    const Segment& segment = route.segments[s];
    const std::uint32_t more = tables_.Hops(segment.to, segment.scope, segment.from);
    if (more == kUnreached) return kUnreached;
    hops += more;
  }
  return hops;
}

bool EqualCostWays::AddIfReached(Segment only) {
  const Route route{{only}, 1};
  if (RouteHops(route) == kUnreached) return false;
  routes_.push_back(route);
  return true;
}

void EqualCostWays::FindRoutes(VertexId from, VertexId to) {
  routes_.clear();
  const Vertex& a = platform_.vertex(from);
  const Vertex& b = platform_.vertex(to);
  SWITCHYARD_CHECK(a.node != kNoNode && b.node != kNoNode,
                   "a path that begins or ends in the fabric");
  if (a.node == b.node && FindRoutesInNode(from, to)) return;
  FindRoutesOutside(from, to);
}

bool EqualCostWays::FindRoutesInNode(VertexId from, VertexId to) {
  if (!IsGpu(platform_.vertex(from)) || !IsGpu(platform_.vertex(to))) {
    return AddIfReached({from, to, HopScope::kNode});
  }
  const bool chips = tables_.IsGateway(from) && tables_.IsGateway(to);
  if (chips) FindRoutesOutside(from, to);
  if (!routes_.empty() || AddIfReached({from, to, HopScope::kNvLink})) return true;
  FindRelays(from, to);
  return !routes_.empty() || AddIfReached({from, to, HopScope::kNode}) ||
         AddIfReached({from, to, HopScope::kNvLinkChain});
}

// Routes over one other GPU with cables to both.
void EqualCostWays::FindRelays(VertexId from, VertexId to) {
  const auto cable = [this](LinkId l) {
    return platform_.link(l).tier == LinkTier::kNvLink && tables_.alive(l);
  };
  BytesPerSecond widest{0};
  for (const LinkId first : platform_.out_links(from)) {
    const VertexId relay = platform_.link(first).to;
    if (!cable(first) || !IsGpu(platform_.vertex(relay))) continue;
    const std::optional<LinkId> second = platform_.FindLink(relay, to);
    if (!second || !cable(*second)) continue;
    const BytesPerSecond width =
        std::min(platform_.link(first).capacity, platform_.link(*second).capacity);
    if (width > widest) routes_.clear();
    if (width < widest) continue;
    widest = width;
    routes_.push_back({{{{from, relay, HopScope::kNvLink}, {relay, to, HopScope::kNvLink}}}, 2});
  }
}

// GPUs and NICs only: itself where it has links to the outside, else the NICs that are its own.
void EqualCostWays::OwnGateways(VertexId v, std::vector<VertexId>& gateways) const {
  gateways.clear();
  if (tables_.IsGateway(v)) {
    gateways.push_back(v);
    return;
  }
  const Vertex& vertex = platform_.vertex(v);
  if (!IsGpu(vertex)) return;
  const OwnNics own = NicsOfGpu(platform_, vertex);
  for (std::uint32_t i = 0; i < own.count; ++i) {
    const auto nic = platform_.Find(VertexKind::kNic, vertex.node, own.first + i);
    if (nic && tables_.IsGateway(*nic)) gateways.push_back(*nic);
  }
}

EqualCostWays::Route EqualCostWays::Outside(VertexId from, VertexId out, VertexId in, VertexId to) {
  return {{{{from, out, HopScope::kNode}, {out, in, HopScope::kFabric}, {in, to, HopScope::kNode}}},
          3};
}

void EqualCostWays::FindRoutesOutside(VertexId from, VertexId to) {
  OwnGateways(from, from_gateways_);
  OwnGateways(to, to_gateways_);
  const std::size_t pairs = from_gateways_.empty() || to_gateways_.empty()
                                ? 0
                                : std::max(from_gateways_.size(), to_gateways_.size());
  for (std::size_t p = 0; p < pairs; ++p) {
    const VertexId out = from_gateways_[p % from_gateways_.size()];
    const VertexId in = to_gateways_[p % to_gateways_.size()];
    const Route route = Outside(from, out, in, to);
    if (RouteHops(route) != kUnreached) routes_.push_back(route);
  }
  if (pairs == 0) FindNearestGateways(from, to);
  if (!routes_.empty()) return;
  from_gateways_.clear();
  to_gateways_.clear();
  FindNearestGateways(from, to);
}

// Of all ways out of the one node and into the other, those with the fewest links. An empty list
// stands for every gateway of the end's node.
void EqualCostWays::FindNearestGateways(VertexId from, VertexId to) {
  const auto fill = [this](VertexId v, std::vector<VertexId>& gateways) {
    const std::span<const VertexId> all = tables_.Gateways(platform_.vertex(v).node);
    if (gateways.empty()) gateways.assign(all.begin(), all.end());
  };
  fill(from, from_gateways_);
  fill(to, to_gateways_);
  std::uint32_t fewest = kUnreached;
  for (const VertexId in : to_gateways_) {
    for (const VertexId out : from_gateways_) {
      const Route route = Outside(from, out, in, to);
      const std::uint32_t hops = RouteHops(route);
      if (hops < fewest) routes_.clear();
      if (hops > fewest || hops == kUnreached) continue;
      fewest = hops;
      routes_.push_back(route);
    }
  }
}

}  // namespace switchyard
