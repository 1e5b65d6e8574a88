// The platform as a Boost.Graph graph, for algorithms that need one. Include it in .cc files only:
// Boost.Graph's headers are large.
//
//   const LinkGraph graph = ForwardGraph(platform);
//   boost::breadth_first_search(graph, gpu.index(), ...);
//   graph[edge].link                                      // the LinkId of an edge
//
// Vertex numbers are VertexIds. A LinkGraph is immutable (compressed sparse rows); its edges leave
// a vertex in the order of the platform's links.
#pragma once

#include <boost/graph/compressed_sparse_row_graph.hpp>
#include <cstddef>
#include <utility>
#include <vector>

#include "topologies/platform.h"

namespace switchyard {

struct LinkEdge {
  LinkId link;
};

using LinkGraph =
    boost::compressed_sparse_row_graph<boost::directedS, boost::no_property, LinkEdge>;

// Each link as an edge in its own direction (`reversed`: against it).
[[nodiscard]] inline LinkGraph MakeLinkGraph(const Platform& platform, bool reversed) {
  std::vector<std::pair<std::size_t, std::size_t>> ends;
  std::vector<LinkEdge> edges;
  ends.reserve(platform.links().size());
  edges.reserve(platform.links().size());
  for (std::size_t i = 0; i < platform.links().size(); ++i) {
    const Link& link = platform.links()[i];
    const auto [from, to] =
        reversed ? std::pair(link.to, link.from) : std::pair(link.from, link.to);
    ends.emplace_back(from.index(), to.index());
    edges.push_back({LinkId(i)});
  }
  return LinkGraph(boost::edges_are_unsorted_multi_pass, ends.begin(), ends.end(), edges.begin(),
                   platform.vertices().size());
}

[[nodiscard]] inline LinkGraph ForwardGraph(const Platform& platform) {
  return MakeLinkGraph(platform, false);
}
[[nodiscard]] inline LinkGraph ReverseGraph(const Platform& platform) {
  return MakeLinkGraph(platform, true);
}

}  // namespace switchyard
