#include "topologies/paths/hop_tables.h"

#include <algorithm>

#include "sim/base/check.h"

namespace switchyard {
namespace {

constexpr std::size_t kNumScopes = 4;
constexpr std::size_t kBytesPerVertex = 3;
// What a table costs besides its rows, about.
constexpr std::size_t kBytesPerTable = 128;

bool MayForward(VertexKind kind) {
  return kind != VertexKind::kGpu && kind != VertexKind::kHostMemory && kind != VertexKind::kSsd;
}

std::uint8_t AddPaths(std::uint32_t a, std::uint32_t b) {
  return static_cast<std::uint8_t>(std::min(a + b, HopTables::kMostPaths));
}

}  // namespace

HopTables::HopTables(const Platform& platform, std::span<const LinkId> dead,
                     std::size_t cache_bytes)
    : platform_(platform), dead_(platform.links().size(), false) {
  for (const LinkId l : dead) dead_[l.index()] = true;
  FindRegionsAndGateways();
  out_ = MakeRows([](const Link& link) { return link.from; },
                  [this](const Link& link) { return RegionOf(link.from) == RegionOf(link.to); });
  in_ = MakeRows([](const Link& link) { return link.to; }, [](const Link&) { return true; });
  const std::size_t most_keys = std::max<std::size_t>(platform.vertices().size(), 1) * kNumScopes;
  const std::size_t largest = *std::max_element(region_sizes_.begin(), region_sizes_.end());
  slots_.resize(std::clamp<std::size_t>(cache_bytes / (largest * kBytesPerVertex + kBytesPerTable),
                                        1, most_keys));
}

template <class End, class Keep>
HopTables::Rows HopTables::MakeRows(End end, Keep keep) const {
  Rows rows;
  rows.begin.assign(platform_.vertices().size() + 1, 0);
  const auto kept = [&](std::size_t l) { return !dead_[l] && keep(platform_.links()[l]); };
  for (std::size_t l = 0; l < dead_.size(); ++l) {
    if (kept(l)) ++rows.begin[end(platform_.links()[l]).index() + 1];
  }
  for (std::size_t v = 1; v < rows.begin.size(); ++v) rows.begin[v] += rows.begin[v - 1];
  rows.links.resize(rows.begin.back());
  std::vector<std::uint32_t> next(rows.begin.begin(), rows.begin.end() - 1);
  for (std::size_t l = 0; l < dead_.size(); ++l) {
    if (kept(l)) rows.links[next[end(platform_.links()[l]).index()]++] = LinkId(l);
  }
  return rows;
}

void HopTables::FindRegionsAndGateways() {
  const std::span<const Vertex> vertices = platform_.vertices();
  const std::size_t nodes = platform_.num_nodes();
  region_sizes_.assign(nodes + 1, 0);
  for (std::size_t v = 0; v < vertices.size(); ++v) {
    local_.push_back(region_sizes_[RegionOf(VertexId(v))]++);
  }
  is_gateway_.assign(vertices.size(), false);
  for (const Link& link : platform_.links()) {
    if (RegionOf(link.from) == RegionOf(link.to)) continue;
    for (const VertexId end : {link.from, link.to}) {
      if (RegionOf(end) < nodes) is_gateway_[end.index()] = true;
    }
  }
  gateway_begin_.assign(nodes + 1, 0);
  for (std::size_t v = 0; v < vertices.size(); ++v) {
    if (!is_gateway_[v]) continue;
    gateways_.emplace_back(v);
    ++gateway_begin_[RegionOf(VertexId(v)) + 1];
  }
  std::stable_sort(gateways_.begin(), gateways_.end(),
                   [this](VertexId a, VertexId b) { return RegionOf(a) < RegionOf(b); });
  for (std::size_t n = 1; n <= nodes; ++n) gateway_begin_[n] += gateway_begin_[n - 1];
}

std::span<const VertexId> HopTables::Gateways(std::uint32_t node) const {
  return std::span(gateways_).subspan(gateway_begin_[node],
                                      gateway_begin_[node + 1] - gateway_begin_[node]);
}

std::size_t HopTables::RegionOf(VertexId v) const {
  const std::uint32_t node = platform_.vertex(v).node;
  return node == kNoNode ? platform_.num_nodes() : node;
}

std::size_t HopTables::RegionOfTable(VertexId to, HopScope scope) const {
  return scope == HopScope::kFabric ? platform_.num_nodes() : RegionOf(to);
}

bool HopTables::MayCross(HopScope scope, LinkId l) const {
  const bool nvlink_only = scope == HopScope::kNvLink || scope == HopScope::kNvLinkChain;
  return !nvlink_only || platform_.link(l).tier == LinkTier::kNvLink;
}

const HopTables::Table& HopTables::Get(VertexId to, HopScope scope) {
  const std::size_t key = to.index() * kNumScopes + static_cast<std::size_t>(scope);
  Table& slot = slots_[key % slots_.size()];
  if (slot.hops.empty() || slot.to != to || slot.scope != scope) {
    slot.to = to;
    slot.scope = scope;
    Fill(slot);
  }
  return slot;
}

// One step of the search backwards from `v`, which has its final hops and paths.
void HopTables::Relax(Table& table, VertexId v, std::vector<VertexId>& queue) const {
  const std::size_t region = RegionOfTable(table.to, table.scope);
  const std::uint32_t hops = table.hops[local_[v.index()]];
  for (const LinkId l : in_.of(v)) {
    const VertexId u = platform_.link(l).from;
    if (RegionOf(u) != region || u == table.to || !MayCross(table.scope, l)) continue;
    std::uint16_t& hops_of_u = table.hops[local_[u.index()]];
    std::uint8_t& paths_of_u = table.paths[local_[u.index()]];
    const std::uint8_t paths = table.paths[local_[v.index()]];
    if (hops_of_u == kUnreached) {
      hops_of_u = static_cast<std::uint16_t>(hops + 1);
      paths_of_u = paths;
      const VertexKind kind = platform_.vertex(u).kind;
      if (MayForward(kind) || table.scope == HopScope::kNvLinkChain) queue.push_back(u);
    } else if (hops_of_u == hops + 1) {
      paths_of_u = AddPaths(paths_of_u, paths);
    }
  }
}

void HopTables::Fill(Table& table) const {
  const std::size_t region = RegionOfTable(table.to, table.scope);
  SWITCHYARD_CHECK(region_sizes_[region] < kUnreached, "more vertices than hops can be counted");
  // At least one entry, so that a filled table is never taken for an empty slot.
  const std::size_t size = std::max<std::size_t>(region_sizes_[region], 1);
  table.hops.assign(size, static_cast<std::uint16_t>(kUnreached));
  table.paths.assign(size, 0);
  std::vector<VertexId> queue;
  const auto seed = [&](VertexId v, std::uint16_t hops) {
    table.hops[local_[v.index()]] = hops;
    table.paths[local_[v.index()]] = 1;
    queue.push_back(v);
  };
  if (table.scope != HopScope::kFabric) {
    seed(table.to, 0);
  } else {
    for (const LinkId l : in_.of(table.to)) {
      if (RegionOf(platform_.link(l).from) == region) seed(platform_.link(l).from, 1);
    }
  }
  for (std::size_t i = 0; i < queue.size(); ++i) Relax(table, queue[i], queue);
}

std::uint32_t HopTables::Hops(VertexId to, HopScope scope, VertexId from) {
  if (from == to) return 0;
  const Table& table = Get(to, scope);
  if (RegionOf(from) == RegionOfTable(to, scope)) return table.hops[local_[from.index()]];
  if (scope != HopScope::kFabric) return kUnreached;
  // A gateway: the best of its links to the outside.
  std::uint32_t best = kUnreached;
  for (const LinkId l : platform_.out_links(from)) {
    const VertexId w = platform_.link(l).to;
    if (dead_[l.index()]) continue;
    if (w == to) return 1;
    if (platform_.vertex(w).node != kNoNode) continue;
    const std::uint32_t hops = table.hops[local_[w.index()]];
    if (hops != kUnreached) best = std::min(best, hops + 1);
  }
  return best;
}

std::uint32_t HopTables::Paths(VertexId to, HopScope scope, VertexId from) {
  if (from == to) return 1;
  if (RegionOf(from) == RegionOfTable(to, scope)) return Get(to, scope).paths[local_[from.index()]];
  std::vector<NextLink> next;
  AppendNext(to, scope, from, next);
  std::uint32_t paths = 0;
  for (const NextLink& link : next) paths = AddPaths(paths, link.paths);
  return paths;
}

void HopTables::AppendNext(VertexId to, HopScope scope, VertexId from,
                           std::vector<NextLink>& next) {
  const std::uint32_t hops = Hops(to, scope, from);
  SWITCHYARD_CHECK(hops != kUnreached && hops > 0, "no path from " + platform_.VertexName(from) +
                                                       " to " + platform_.VertexName(to));
  if (hops == 1) {
    // From the destination's side: a leaf switch has thousands of links, its NICs two.
    for (const LinkId l : in_.of(to)) {
      if (platform_.link(l).from == from && MayCross(scope, l)) next.push_back({l, 1});
    }
    return;
  }
  const Table& table = Get(to, scope);
  const std::size_t region = RegionOfTable(to, scope);
  const bool inside = RegionOf(from) == region;
  for (const LinkId l : inside ? out_.of(from) : platform_.out_links(from)) {
    const VertexId w = platform_.link(l).to;
    if (dead_[l.index()] || RegionOf(w) != region || !MayCross(scope, l)) continue;
    const bool forwards = MayForward(platform_.vertex(w).kind) || scope == HopScope::kNvLinkChain;
    if (forwards && table.hops[local_[w.index()]] + 1u == hops) {
      next.push_back({l, table.paths[local_[w.index()]]});
    }
  }
}

std::size_t HopTables::num_cached() const {
  return static_cast<std::size_t>(std::count_if(
      slots_.begin(), slots_.end(), [](const Table& table) { return !table.hops.empty(); }));
}

}  // namespace switchyard
