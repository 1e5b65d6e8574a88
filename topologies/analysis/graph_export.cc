// DOT and GraphML through Boost.Graph's own writers.
#include <boost/graph/graphml.hpp>
#include <boost/graph/graphviz.hpp>
#include <boost/property_map/function_property_map.hpp>
#include <ostream>
#include <sstream>

#include "topologies/analysis/report.h"
#include "topologies/boost_graph.h"

namespace switchyard {
namespace {

using VertexKey = LinkGraph::vertex_descriptor;
using EdgeKey = LinkGraph::edge_descriptor;

}  // namespace

std::string ToDot(const Platform& platform) {
  const LinkGraph graph = ForwardGraph(platform);
  std::ostringstream out;
  out.precision(17);
  boost::write_graphviz(
      out, graph,
      [&](std::ostream& to, VertexKey v) {
        to << "[label=\"" << platform.VertexName(VertexId(v)) << "\", kind=\""
           << ToString(platform.vertex(VertexId(v)).kind) << "\"]";
      },
      [&](std::ostream& to, const EdgeKey& e) {
        const Link& link = platform.link(graph[e].link);
        to << "[tier=\"" << ToString(link.tier) << "\", capacity=" << link.capacity.value
           << ", latency=" << link.latency.value << "]";
      });
  return out.str();
}

std::string ToGraphml(const Platform& platform) {
  const LinkGraph graph = ForwardGraph(platform);
  const auto of_vertex = [](auto get) { return boost::make_function_property_map<VertexKey>(get); };
  const auto of_edge = [](auto get) { return boost::make_function_property_map<EdgeKey>(get); };
  const auto link = [&](const EdgeKey& e) -> const Link& { return platform.link(graph[e].link); };
  boost::dynamic_properties properties;
  properties.property("name",
                      of_vertex([&](VertexKey v) { return platform.VertexName(VertexId(v)); }));
  properties.property("kind", of_vertex([&](VertexKey v) {
                        return std::string(ToString(platform.vertex(VertexId(v)).kind));
                      }));
  properties.property(
      "tier", of_edge([&](const EdgeKey& e) { return std::string(ToString(link(e).tier)); }));
  properties.property("capacity",
                      of_edge([&](const EdgeKey& e) { return link(e).capacity.value; }));
  properties.property("latency", of_edge([&](const EdgeKey& e) { return link(e).latency.value; }));
  std::ostringstream out;
  boost::write_graphml(out, graph, properties);
  return out.str();
}

}  // namespace switchyard
