#include "topologies/paths/detour.h"

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <cstdint>
#include <map>
#include <mutex>

#include "sim/base/check.h"
#include "topologies/boost_graph.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kUnreached = 0xffffffff;
constexpr std::uint64_t kMoreKeys = 8;  // other usual paths tried

struct IsLive {
  const LinkGraph* graph = nullptr;
  const std::vector<bool>* dead = nullptr;

  bool operator()(const LinkGraph::edge_descriptor& edge) const {
    return !(*dead)[(*graph)[edge].link.index()];
  }
};

// Live links from `start` to every vertex, along the graph's edges; or kUnreached.
std::vector<std::uint32_t> Distances(const LinkGraph& graph, const std::vector<bool>& dead,
                                     VertexId start) {
  const boost::filtered_graph<LinkGraph, IsLive> live(graph, IsLive{&graph, &dead});
  std::vector<std::uint32_t> distance(boost::num_vertices(graph), kUnreached);
  distance[start.index()] = 0;
  boost::breadth_first_search(live, start.index(),
                              boost::visitor(boost::make_bfs_visitor(boost::record_distances(
                                  distance.data(), boost::on_tree_edge()))));
  return distance;
}

std::vector<bool> Marks(const Platform& platform, const std::vector<LinkId>& links) {
  std::vector<bool> marks(platform.links().size());
  for (const LinkId link : links) marks[link.index()] = true;
  return marks;
}

}  // namespace

// Paths of fewest live links; what was found for the latest destinations is kept.
class DetourPaths::LiveSearch {
 public:
  LiveSearch(const Platform& platform, const std::vector<bool>& dead)
      : platform_(platform), dead_(dead), graph_(ReverseGraph(platform)) {}

  // Every step to the lowest link id of those that come nearer.
  void AppendPath(VertexId from, VertexId to, Links& path) {
    const std::lock_guard<std::mutex> lock(mutex_);
    const std::vector<std::uint32_t>& distance = DistancesTo(to);
    SWITCHYARD_CHECK(distance[from.index()] != kUnreached, "no path around dead links from " +
                                                               platform_.VertexName(from) + " to " +
                                                               platform_.VertexName(to));
    for (VertexId at = from; at != to; at = platform_.link(path.back()).to) {
      const auto out = platform_.out_links(at);
      path.push_back(*std::find_if(out.begin(), out.end(), [&](LinkId l) {
        const std::uint32_t there = distance[platform_.link(l).to.index()];
        return !dead_[l.index()] && there != kUnreached && there + 1 == distance[at.index()];
      }));
    }
  }

 private:
  const std::vector<std::uint32_t>& DistancesTo(VertexId to) {
    constexpr std::size_t kMaxKeptWords = std::size_t{1} << 24;
    const auto found = kept_.find(to.value);
    if (found != kept_.end()) return found->second;
    if (kept_.size() * platform_.vertices().size() > kMaxKeptWords) kept_.clear();
    return kept_[to.value] = Distances(graph_, dead_, to);
  }

  const Platform& platform_;
  const std::vector<bool>& dead_;
  const LinkGraph graph_;
  std::mutex mutex_;
  std::map<std::uint32_t, std::vector<std::uint32_t>> kept_;  // links to a destination
};

DetourPaths::~DetourPaths() = default;

DetourPaths::DetourPaths(std::unique_ptr<PathSelector> usual, const Platform& platform,
                         const std::vector<LinkId>& dead)
    : usual_(std::move(usual)),
      platform_(platform),
      dead_(Marks(platform, dead)),
      search_(std::make_unique<LiveSearch>(platform, dead_)) {
  for (const VertexId gpu : platform.OfKind(VertexKind::kGpu)) {
    const std::size_t node = platform.vertex(gpu).node;
    if (node >= node_gpus_.size()) node_gpus_.resize(node + 1);
    node_gpus_[node].push_back(gpu);
  }
}

bool DetourPaths::IsWhole(const Links& path) const {
  return std::none_of(path.begin(), path.end(), [this](LinkId l) { return dead_[l.index()]; });
}

bool DetourPaths::RepeatsVertex(const Links& path) const {
  std::vector<VertexId> seen{platform_.link(path.front()).from};
  for (const LinkId link : path) {
    const VertexId to = platform_.link(link).to;
    if (std::find(seen.begin(), seen.end(), to) != seen.end()) return true;
    seen.push_back(to);
  }
  return false;
}

std::optional<DetourPaths::Links> DetourPaths::UsualPath(VertexId from, VertexId to,
                                                         std::uint64_t flow_key) const {
  Links path;
  for (std::uint64_t more = 0; more <= kMoreKeys; ++more) {
    path.clear();
    usual_->AppendPath(from, to, flow_key + more, path);
    if (IsWhole(path)) return path;
  }
  return std::nullopt;
}

std::optional<DetourPaths::Links> DetourPaths::OverRelay(VertexId from, VertexId to,
                                                         std::uint64_t flow_key) const {
  std::vector<Links> best;
  for (const std::uint32_t node : {platform_.vertex(to).node, platform_.vertex(from).node}) {
    for (const VertexId relay : node_gpus_[node]) {
      if (relay == from || relay == to) continue;
      Links path;
      usual_->AppendPath(from, relay, flow_key, path);
      usual_->AppendPath(relay, to, flow_key, path);
      if (!IsWhole(path) || RepeatsVertex(path)) continue;
      if (!best.empty() && path.size() < best.front().size()) best.clear();
      if (best.empty() || path.size() == best.front().size()) best.push_back(std::move(path));
    }
  }
  if (best.empty()) return std::nullopt;
  return std::move(best[(from.value + to.value + flow_key) % best.size()]);
}

void DetourPaths::AppendPath(VertexId from, VertexId to, std::uint64_t flow_key,
                             Links& links) const {
  if (from == to) return;
  const bool gpus = platform_.vertex(from).kind == VertexKind::kGpu &&
                    platform_.vertex(to).kind == VertexKind::kGpu;
  std::optional<Links> path = UsualPath(from, to, flow_key);
  if (!path && gpus) path = OverRelay(from, to, flow_key);
  if (!path) return search_->AppendPath(from, to, links);
  links.insert(links.end(), path->begin(), path->end());
}

std::optional<std::pair<DeviceId, DeviceId>> FirstUnreachable(const Platform& platform,
                                                              const std::vector<LinkId>& dead) {
  if (platform.num_devices() < 2) return std::nullopt;
  const std::vector<bool> marks = Marks(platform, dead);
  // All reach all when the first reaches all and all reach the first.
  const DeviceId first(0);
  const auto from_first = Distances(ForwardGraph(platform), marks, platform.gpu(first));
  const auto to_first = Distances(ReverseGraph(platform), marks, platform.gpu(first));
  for (std::size_t d = 1; d < platform.num_devices(); ++d) {
    const std::size_t vertex = platform.gpu(DeviceId(d)).index();
    if (from_first[vertex] == kUnreached) return std::pair(first, DeviceId(d));
  }
  for (std::size_t d = 1; d < platform.num_devices(); ++d) {
    const std::size_t vertex = platform.gpu(DeviceId(d)).index();
    if (to_first[vertex] == kUnreached) return std::pair(DeviceId(d), first);
  }
  return std::nullopt;
}

}  // namespace switchyard
