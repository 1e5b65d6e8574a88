#include "topologies/analysis/max_flow.h"

#include <algorithm>
#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/push_relabel_max_flow.hpp>
#include <cmath>
#include <cstdint>

namespace switchyard {
namespace {

using Traits = boost::adjacency_list_traits<boost::vecS, boost::vecS, boost::directedS>;

struct Arc {
  std::int64_t capacity = 0;
  std::int64_t residual = 0;
  Traits::edge_descriptor reverse;
};

using FlowGraph =
    boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, boost::no_property, Arc>;

void AddArc(FlowGraph& graph, std::size_t from, std::size_t to, std::int64_t capacity) {
  const auto forward = boost::add_edge(from, to, graph).first;
  const auto backward = boost::add_edge(to, from, graph).first;
  graph[forward] = {capacity, 0, backward};
  graph[backward] = {0, 0, forward};
}

bool IsMemory(VertexKind kind) {
  return kind == VertexKind::kHostMemory || kind == VertexKind::kSsd;
}

std::int64_t WholeBytes(BytesPerSecond capacity) { return std::llround(capacity.value); }

// Vertices that the source still reaches once the flow is at its most.
std::vector<bool> SourceSide(const FlowGraph& graph, std::size_t source) {
  std::vector<bool> reached(boost::num_vertices(graph), false);
  std::vector<std::size_t> pending = {source};
  reached[source] = true;
  while (!pending.empty()) {
    const std::size_t at = pending.back();
    pending.pop_back();
    const auto [begin, end] = boost::out_edges(at, graph);
    for (auto arc = begin; arc != end; ++arc) {
      const std::size_t to = boost::target(*arc, graph);
      if (graph[*arc].residual <= 0 || reached[to]) continue;
      reached[to] = true;
      pending.push_back(to);
    }
  }
  return reached;
}

// Links that carry something: usable, and not out of a memory that sends nothing itself.
std::vector<bool> Counting(const Platform& platform, std::span<const VertexId> sources,
                           const std::vector<bool>& usable) {
  std::vector<bool> counts(platform.links().size());
  for (std::size_t l = 0; l < counts.size(); ++l) {
    const VertexId from = platform.links()[l].from;
    const bool sends = !IsMemory(platform.vertex(from).kind) ||
                       std::find(sources.begin(), sources.end(), from) != sources.end();
    counts[l] = sends && (usable.empty() || usable[l]);
  }
  return counts;
}

}  // namespace

MaxFlow FindMaxFlow(const Platform& platform, std::span<const VertexId> sources,
                    std::span<const VertexId> sinks, const std::vector<bool>& usable) {
  const std::size_t source = platform.vertices().size();
  const std::size_t sink = source + 1;
  FlowGraph graph(sink + 1);
  // A byte more than its links carry bounds no source and no sink; sums of these stay far below
  // 2^63, which those of a bound for all of them would not.
  std::vector<std::int64_t> leaving(platform.vertices().size(), 1);
  std::vector<std::int64_t> entering(platform.vertices().size(), 1);
  const std::vector<bool> counts = Counting(platform, sources, usable);
  for (std::size_t l = 0; l < platform.links().size(); ++l) {
    if (!counts[l]) continue;
    const Link& link = platform.links()[l];
    AddArc(graph, link.from.index(), link.to.index(), WholeBytes(link.capacity));
    leaving[link.from.index()] += WholeBytes(link.capacity);
    entering[link.to.index()] += WholeBytes(link.capacity);
  }
  for (const VertexId v : sources) AddArc(graph, source, v.index(), leaving[v.index()]);
  for (const VertexId v : sinks) AddArc(graph, v.index(), sink, entering[v.index()]);

  const std::int64_t flow = boost::push_relabel_max_flow(
      graph, source, sink, boost::get(&Arc::capacity, graph), boost::get(&Arc::residual, graph),
      boost::get(&Arc::reverse, graph), boost::get(boost::vertex_index, graph));
  MaxFlow result{BytesPerSecond{static_cast<double>(flow)}, {}};
  const std::vector<bool> reached = SourceSide(graph, source);
  for (std::size_t l = 0; l < platform.links().size(); ++l) {
    const Link& link = platform.links()[l];
    if (counts[l] && reached[link.from.index()] && !reached[link.to.index()]) {
      result.cut.push_back(LinkId(l));
    }
  }
  return result;
}

}  // namespace switchyard
