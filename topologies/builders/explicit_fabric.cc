#include "topologies/builders/explicit_fabric.h"

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "topologies/builders/node_part.h"
#include "topologies/builders/spec_check.h"
#include "topologies/vertex_name.h"

namespace switchyard {
namespace {

using Edge = ExplicitFabricSpec::Edge;
using Place = std::tuple<VertexKind, std::uint32_t, std::uint32_t>;

constexpr std::size_t kMaxEdges = std::size_t{1} << 20;

const ExplicitFabricSpec& FabricOf(const ClusterSpec& spec) {
  return std::get<ExplicitFabricSpec>(*spec.fabric);
}

Place PlaceOf(const Vertex& v) { return {v.kind, v.node, v.index}; }

// What is wrong with an end that can be read; empty when nothing is.
std::string WhatIsWrong(const Vertex& end, const ClusterSpec& spec) {
  const std::uint32_t switches = FabricOf(spec).switches;
  if (end.kind == VertexKind::kSwitch) {
    if (end.index < switches) return {};
    return switches == 0 ? "there are no switches (fabric.explicit.switches)"
                         : fmt::format("switches are switch0 .. switch{}", switches - 1);
  }
  if (end.kind != VertexKind::kNic && end.kind != VertexKind::kGpu) {
    return "a fabric joins switches, NICs and GPUs";
  }
  if (end.node >= spec.nodes) return fmt::format("nodes are n000 .. n{:03}", spec.nodes - 1);
  const NodeSpec& node = spec.node_spec(end.node);
  const bool nic = end.kind == VertexKind::kNic;
  const std::uint32_t count = nic ? CountNics(node) : node.gpus;
  if (end.index < count) return {};
  const std::string_view part = nic ? "nic" : "gpu";
  return count == 0 ? fmt::format("the node has no {}", part)
                    : fmt::format("the node has {}0 .. {}{}", part, part, count - 1);
}

std::optional<Vertex> CheckEnd(const std::string& name, const std::string& field,
                               const ClusterSpec& spec, Diagnostics& errors) {
  const std::optional<Vertex> end = ParseVertexName(name);
  const std::string wrong =
      end ? WhatIsWrong(*end, spec) : "ends are switch0, n000.nic0 or n000.gpu0";
  if (wrong.empty()) return end;
  AddSpecError(errors, field, fmt::format("'{}'; {}", name, wrong));
  return std::nullopt;
}

void CheckEdges(const ClusterSpec& spec, Diagnostics& errors) {
  std::set<std::pair<Place, Place>> seen;
  const std::vector<Edge>& edges = FabricOf(spec).links;
  for (std::size_t i = 0; i < edges.size(); ++i) {
    const std::string field = fmt::format("fabric.explicit.links[{}]", i);
    CheckLinkSpec(edges[i].link, field, errors);
    const auto a = CheckEnd(edges[i].a, field + ".a", spec, errors);
    const auto b = CheckEnd(edges[i].b, field + ".b", spec, errors);
    if (!a || !b) continue;
    if (a->node != kNoNode && a->node == b->node) {
      AddSpecError(errors, field,
                   fmt::format("{} and {} are of one node; links inside a node are "
                               "node.links",
                               edges[i].a, edges[i].b));
    }
    if (PlaceOf(*a) == PlaceOf(*b)) {
      AddSpecError(errors, field, fmt::format("joins {} to itself", edges[i].a));
    }
    if (!seen.insert(std::minmax(PlaceOf(*a), PlaceOf(*b))).second) {
      AddSpecError(errors, field,
                   fmt::format("{} and {} are joined twice; give the sum of their "
                               "bandwidths in one link",
                               edges[i].a, edges[i].b));
    }
  }
}

}  // namespace

Diagnostics ExplicitFabricBuilder::Check(const ClusterSpec& spec) const {
  Diagnostics errors = CheckNodes(spec);
  const ExplicitFabricSpec& fabric = FabricOf(spec);
  if (fabric.switches > kMaxSwitches) {
    AddSpecError(errors, "fabric.explicit.switches",
                 fmt::format("{}; at most {} can be simulated", fabric.switches, kMaxSwitches));
  }
  if (fabric.links.empty()) {
    AddSpecError(errors, "fabric.explicit.links", "none; nothing joins the nodes");
  } else if (fabric.links.size() > kMaxEdges) {
    AddSpecError(errors, "fabric.explicit.links",
                 fmt::format("{}; at most {} can be simulated", fabric.links.size(), kMaxEdges));
  } else if (errors.empty()) {
    CheckEdges(spec, errors);
  }
  return errors;
}

Platform ExplicitFabricBuilder::Build(const ClusterSpec& spec) const {
  Platform platform;
  AddNodes(platform, spec);
  const ExplicitFabricSpec& fabric = FabricOf(spec);
  for (std::uint32_t s = 0; s < fabric.switches; ++s) {
    platform.AddVertex({VertexKind::kSwitch, kNoNode, s});
  }
  for (const Edge& edge : fabric.links) {
    const Vertex a = ParseVertexName(edge.a).value();
    const Vertex b = ParseVertexName(edge.b).value();
    const bool nic = a.kind == VertexKind::kNic || b.kind == VertexKind::kNic;
    platform.AddDuplexLink(
        *platform.Find(a.kind, a.node, a.index), *platform.Find(b.kind, b.node, b.index),
        nic ? LinkTier::kNic : LinkTier::kSwitch, edge.link.bandwidth, edge.link.latency);
  }
  return platform;
}

}  // namespace switchyard
