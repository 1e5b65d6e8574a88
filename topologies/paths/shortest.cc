#include "topologies/paths/shortest.h"

#include <algorithm>
#include <boost/graph/breadth_first_search.hpp>
#include <boost/graph/filtered_graph.hpp>
#include <mutex>
#include <optional>

#include "sim/base/check.h"
#include "topologies/boost_graph.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kUnreached = 0xffffffff;

bool MayForward(VertexKind kind) {
  switch (kind) {
    case VertexKind::kGpu:
    case VertexKind::kHostMemory:
    case VertexKind::kSsd:
      return false;
    default:
      return true;
  }
}

// Keeps the links into the destination and into vertices that forward.
struct ForwardingLinks {
  const Platform* platform = nullptr;
  const LinkGraph* graph = nullptr;
  VertexId destination;

  bool operator()(const LinkGraph::edge_descriptor& edge) const {
    const VertexId to = platform->link((*graph)[edge].link).to;
    return to == destination || MayForward(platform->vertex(to).kind);
  }
};

}  // namespace

// Keeps `next links` of recently asked destinations: destination d in slot d % slots, so that a
// sweep over at most `slots` destinations with neighbouring numbers evicts nothing.
class ShortestPaths::Search {
 public:
  Search(const Platform& platform, std::size_t cache_bytes)
      : platform_(platform), graph_(ReverseGraph(platform)) {
    const std::size_t row_bytes =
        std::max<std::size_t>(platform.vertices().size(), 1) * sizeof(std::uint32_t);
    slots_.resize(std::clamp<std::size_t>(cache_bytes / row_bytes, 1,
                                          std::max<std::size_t>(platform.vertices().size(), 1)));
  }

  void AppendPath(VertexId from, VertexId to, std::vector<LinkId>& links) {
    const std::lock_guard<std::mutex> lock(mutex_);
    Slot& slot = slots_[to.index() % slots_.size()];
    if (slot.next_link.empty() || slot.destination != to) Fill(to, slot);
    if (const auto out = ThroughOwnNic(from, to);
        out && LeavesNode(slot.next_link[out->nic.index()])) {
      links.insert(links.end(), {out->to_switch, out->to_nic});
      from = out->nic;
    }
    while (from != to) {
      const std::uint32_t next = slot.next_link[from.index()];
      SWITCHYARD_CHECK(next != kUnreached, "no path from " + platform_.VertexName(from) + " to " +
                                               platform_.VertexName(to));
      links.push_back(LinkId(next));
      from = platform_.link(links.back()).to;
    }
  }

  [[nodiscard]] std::size_t num_cached() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return static_cast<std::size_t>(std::count_if(
        slots_.begin(), slots_.end(), [](const Slot& slot) { return !slot.next_link.empty(); }));
  }

 private:
  struct Slot {
    VertexId destination;
    std::vector<std::uint32_t> next_link;  // by vertex: the first link towards the destination
  };

  struct OwnNic {
    VertexId nic;
    LinkId to_switch;
    LinkId to_nic;
  };

  [[nodiscard]] std::optional<OwnNic> ThroughOwnNic(VertexId from, VertexId to) const {
    const Vertex& gpu = platform_.vertex(from);
    if (gpu.kind != VertexKind::kGpu || platform_.vertex(to).node == gpu.node) return std::nullopt;
    const std::optional<VertexId> nic = platform_.Find(VertexKind::kNic, gpu.node, gpu.index);
    if (!nic) return std::nullopt;
    for (const LinkId up : platform_.out_links(from)) {
      if (platform_.link(up).tier != LinkTier::kPcie) continue;
      const auto down = platform_.FindLink(platform_.link(up).to, *nic);
      if (down) return OwnNic{*nic, up, *down};
    }
    return std::nullopt;
  }

  [[nodiscard]] bool LeavesNode(std::uint32_t link) const {
    return link != kUnreached && platform_.link(LinkId(link)).tier == LinkTier::kNic;
  }

  void Fill(VertexId destination, Slot& slot) {
    distance_.assign(platform_.vertices().size(), kUnreached);
    distance_[destination.index()] = 0;
    const boost::filtered_graph<LinkGraph, ForwardingLinks> forwarding(
        graph_, ForwardingLinks{&platform_, &graph_, destination});
    boost::breadth_first_search(forwarding, destination.index(),
                                boost::visitor(boost::make_bfs_visitor(boost::record_distances(
                                    distance_.data(), boost::on_tree_edge()))));
    slot.destination = destination;
    slot.next_link.assign(platform_.vertices().size(), kUnreached);
    // Downwards, so that the lowest link id is written last.
    for (std::size_t i = platform_.links().size(); i-- > 0;) {
      const Link& link = platform_.links()[i];
      const bool forwards = link.to == destination || MayForward(platform_.vertex(link.to).kind);
      if (!forwards || distance_[link.to.index()] == kUnreached) continue;
      if (distance_[link.to.index()] + 1 == distance_[link.from.index()]) {
        slot.next_link[link.from.index()] = static_cast<std::uint32_t>(i);
      }
    }
  }

  const Platform& platform_;
  const LinkGraph graph_;
  std::mutex mutex_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> distance_;  // links to the destination of the search in progress
};

ShortestPaths::ShortestPaths(const Platform& platform, std::size_t cache_bytes)
    : search_(std::make_unique<Search>(platform, cache_bytes)) {}

ShortestPaths::~ShortestPaths() = default;

void ShortestPaths::AppendPath(VertexId from, VertexId to, std::uint64_t /*flow_key*/,
                               std::vector<LinkId>& links) const {
  search_->AppendPath(from, to, links);
}

std::size_t ShortestPaths::num_cached() const { return search_->num_cached(); }

}  // namespace switchyard
