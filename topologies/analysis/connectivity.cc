#include "topologies/analysis/connectivity.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/biconnected_components.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <boost/graph/strong_components.hpp>
#include <limits>
#include <utility>

#include "topologies/boost_graph.h"

namespace switchyard {
namespace {

constexpr std::size_t kNone = std::numeric_limits<std::size_t>::max();

// Memories and SSDs send nothing on: a memory that two sockets share joins no GPUs.
bool IsMemory(const Platform& platform, VertexId v) {
  const VertexKind kind = platform.vertex(v).kind;
  return kind == VertexKind::kHostMemory || kind == VertexKind::kSsd;
}

bool Forwards(const Platform& platform, const Link& link) {
  return !IsMemory(platform, link.from) && !IsMemory(platform, link.to);
}

struct ForwardingLinks {
  const Platform* platform = nullptr;
  const LinkGraph* graph = nullptr;
  bool operator()(const LinkGraph::edge_descriptor& edge) const {
    return Forwards(*platform, platform->link((*graph)[edge].link));
  }
};

struct Attachment {
  std::size_t block = kNone;  // biconnected component
};
using UndirectedGraph = boost::adjacency_list<boost::vecS, boost::vecS, boost::undirectedS,
                                              boost::no_property, Attachment>;

// The block-cut forest: vertices of the platform (0..n-1) and blocks (n..) as nodes, a vertex
// joined to every block it is in. Removing a tree node leaves its neighbours' sides apart.
class BlockForest {
 public:
  explicit BlockForest(const Platform& platform);

  [[nodiscard]] std::size_t num_blocks() const { return parent_.size() - num_vertices_; }
  // The vertices of a block.
  [[nodiscard]] const std::vector<std::size_t>& Members(std::size_t block) const {
    return neighbours_[num_vertices_ + block];
  }
  // How many of the parts that are left without this node hold GPUs.
  [[nodiscard]] int SidesWithGpus(std::size_t node) const;
  [[nodiscard]] int SidesOfBlock(std::size_t block) const {
    return SidesWithGpus(num_vertices_ + block);
  }

 private:
  void Join(std::size_t vertex, std::size_t block);
  void CountGpus(const Platform& platform);

  std::size_t num_vertices_;
  std::vector<std::vector<std::size_t>> neighbours_;
  std::vector<std::size_t> parent_;     // kNone for roots
  std::vector<std::size_t> gpus_;       // in the subtree
  std::vector<std::size_t> tree_gpus_;  // in the whole tree of the node
};

void BlockForest::Join(std::size_t vertex, std::size_t block) {
  std::vector<std::size_t>& members = neighbours_[num_vertices_ + block];
  std::vector<std::size_t>& blocks = neighbours_[vertex];
  // A vertex is in few blocks or a block has few vertices: look in the shorter list.
  const bool known = members.size() < blocks.size()
                         ? std::count(members.begin(), members.end(), vertex) > 0
                         : std::count(blocks.begin(), blocks.end(), num_vertices_ + block) > 0;
  if (known) return;
  members.push_back(vertex);
  blocks.push_back(num_vertices_ + block);
}

BlockForest::BlockForest(const Platform& platform) : num_vertices_(platform.vertices().size()) {
  UndirectedGraph graph(num_vertices_);
  for (const Link& link : platform.links()) {
    if (!Forwards(platform, link)) continue;
    boost::add_edge(link.from.index(), link.to.index(), graph);
  }
  const std::size_t blocks =
      boost::biconnected_components(graph, boost::get(&Attachment::block, graph));
  neighbours_.resize(num_vertices_ + blocks);
  parent_.assign(neighbours_.size(), kNone);
  const auto [begin, end] = boost::edges(graph);
  for (auto edge = begin; edge != end; ++edge) {
    // The second link of a duplex pair is parallel to the first and stays without a block.
    if (graph[*edge].block >= blocks) continue;
    Join(boost::source(*edge, graph), graph[*edge].block);
    Join(boost::target(*edge, graph), graph[*edge].block);
  }
  CountGpus(platform);
}

void BlockForest::CountGpus(const Platform& platform) {
  gpus_.assign(neighbours_.size(), 0);
  tree_gpus_.assign(neighbours_.size(), 0);
  for (const VertexId gpu : platform.OfKind(VertexKind::kGpu)) gpus_[gpu.index()] = 1;
  std::vector<bool> seen(neighbours_.size(), false);
  for (std::size_t root = 0; root < num_vertices_; ++root) {
    if (seen[root]) continue;
    std::vector<std::size_t> order = {root};  // parents before children
    seen[root] = true;
    for (std::size_t i = 0; i < order.size(); ++i) {
      for (const std::size_t next : neighbours_[order[i]]) {
        if (seen[next]) continue;
        seen[next] = true;
        parent_[next] = order[i];
        order.push_back(next);
      }
    }
    for (std::size_t i = order.size(); i-- > 1;) gpus_[parent_[order[i]]] += gpus_[order[i]];
    for (const std::size_t node : order) tree_gpus_[node] = gpus_[root];
  }
}

int BlockForest::SidesWithGpus(std::size_t node) const {
  int sides = tree_gpus_[node] > gpus_[node] ? 1 : 0;
  for (const std::size_t next : neighbours_[node]) {
    if (next != parent_[node] && gpus_[next] > 0) ++sides;
  }
  return sides;
}

// What can fail on its own and is not itself a GPU.
bool IsOneDevice(VertexKind kind) {
  return kind != VertexKind::kGpu && kind != VertexKind::kNvSwitch &&
         kind != VertexKind::kSpineSwitch;
}

}  // namespace

std::uint64_t CountUnreachablePairs(const Platform& platform) {
  const LinkGraph graph = ForwardGraph(platform);
  std::vector<std::size_t> component(platform.vertices().size());
  const auto component_map =
      boost::make_iterator_property_map(component.begin(), boost::get(boost::vertex_index, graph));
  const boost::filtered_graph<LinkGraph, ForwardingLinks> forwarding(
      graph, ForwardingLinks{&platform, &graph});
  const std::size_t count = boost::strong_components(forwarding, component_map);
  std::vector<std::uint64_t> gpus(count, 0);
  for (const VertexId gpu : platform.OfKind(VertexKind::kGpu)) ++gpus[component[gpu.index()]];
  const std::uint64_t all = platform.num_devices();
  std::uint64_t unreachable = all * all;
  for (const std::uint64_t n : gpus) unreachable -= n * n;
  return unreachable;
}

FailurePoints FindFailurePoints(const Platform& platform) {
  const BlockForest forest(platform);
  FailurePoints points;
  for (std::size_t v = 0; v < platform.vertices().size(); ++v) {
    if (!IsOneDevice(platform.vertices()[v].kind)) continue;
    if (forest.SidesWithGpus(v) > 1) points.vertices.push_back(VertexId(v));
  }
  for (std::size_t b = 0; b < forest.num_blocks(); ++b) {
    const std::vector<std::size_t>& members = forest.Members(b);
    if (members.size() != 2 || forest.SidesOfBlock(b) < 2) continue;  // not a bridge between GPUs
    const auto there = platform.FindLink(VertexId(members[0]), VertexId(members[1]));
    const auto back = platform.FindLink(VertexId(members[1]), VertexId(members[0]));
    points.links.push_back(there && back ? std::min(*there, *back) : there ? *there : *back);
  }
  std::sort(points.links.begin(), points.links.end());
  return points;
}

}  // namespace switchyard
