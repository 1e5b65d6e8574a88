#include "topologies/builders/explicit_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "sim/base/check.h"
#include "topologies/builders/spec_check.h"
#include "topologies/vertex_name.h"

namespace switchyard {
namespace {

using Place = std::pair<VertexKind, std::uint32_t>;

std::optional<Place> PlaceOf(const std::string& name) {
  const std::optional<Vertex> vertex = ParseLocalName(name, 0);
  if (!vertex) return std::nullopt;
  return Place{vertex->kind, vertex->index};
}

// Every vertex named, by kind and number.
std::map<Place, std::size_t> Number(const NodeSpec& spec) {
  std::map<Place, std::size_t> number;
  for (const NamedLinkSpec& link : spec.links) {
    for (const std::string& name : {link.a, link.b}) {
      if (const auto place = PlaceOf(name)) number.emplace(*place, 0);
    }
  }
  std::size_t next = 0;
  for (auto& [place, n] : number) n = next++;
  return number;
}

void CheckEnd(const std::string& name, const std::string& field, std::uint32_t gpus,
              Diagnostics& errors) {
  const auto place = PlaceOf(name);
  if (!place) {
    AddSpecError(errors, field,
                 fmt::format("'{}' is no part of a node; parts are gpu0, nvswitch, pcie0, nic0, "
                             "host, dram, ssd, with other numbers where there are several",
                             name));
  } else if (place->first == VertexKind::kGpu && place->second >= gpus) {
    AddSpecError(errors, field,
                 fmt::format("'{}'; the node's GPUs are gpu0 .. gpu{}", name, gpus - 1));
  } else if (place->second >= kMaxExplicitLinks) {
    AddSpecError(errors, field, fmt::format("'{}'; numbers go up to {}", name, kMaxExplicitLinks));
  }
}

// Names that are there must be numbered from 0 on without gaps; GPUs all be there.
void CheckNumbers(const NodeSpec& spec, const std::string& field, Diagnostics& errors) {
  std::map<VertexKind, std::uint32_t> expected = {{VertexKind::kGpu, 0}};
  const auto missing = [&](VertexKind kind, std::uint32_t index) {
    AddSpecError(errors, field, fmt::format("no link joins {}", NameOf({kind, kNoNode, index})));
  };
  for (const auto& [place, n] : Number(spec)) {
    std::uint32_t& next = expected[place.first];
    if (place.second != next) return missing(place.first, next);
    ++next;
  }
  const std::uint32_t gpus = expected[VertexKind::kGpu];
  if (gpus < spec.gpus) missing(VertexKind::kGpu, gpus);
}

void CheckConnected(const NodeSpec& spec, const std::string& field, Diagnostics& errors) {
  const std::map<Place, std::size_t> number = Number(spec);
  std::vector<std::size_t> parent(number.size());
  std::iota(parent.begin(), parent.end(), 0);
  const auto root = [&parent](std::size_t v) {
    while (parent[v] != v) v = parent[v] = parent[parent[v]];
    return v;
  };
  for (const NamedLinkSpec& link : spec.links) {
    parent[root(number.at(*PlaceOf(link.a)))] = root(number.at(*PlaceOf(link.b)));
  }
  for (const auto& [place, n] : number) {
    if (root(n) == root(0)) continue;
    AddSpecError(errors, field,
                 fmt::format("nothing joins {} to {}", NameOf({place.first, kNoNode, place.second}),
                             NameOf({VertexKind::kGpu, kNoNode, 0})));
    return;
  }
}

}  // namespace

LinkTier UsualTier(VertexKind a, VertexKind b) {
  const auto either = [&](VertexKind kind) { return a == kind || b == kind; };
  if (either(VertexKind::kHostMemory)) return LinkTier::kHostMemory;
  if (either(VertexKind::kSsd)) return LinkTier::kSsd;
  const bool gpus = a == VertexKind::kGpu && b == VertexKind::kGpu;
  if (either(VertexKind::kNvSwitch) || gpus) return LinkTier::kNvLink;
  const bool hosts = a == VertexKind::kHostBridge && b == VertexKind::kHostBridge;
  return hosts ? LinkTier::kSocket : LinkTier::kPcie;
}

void CheckExplicitNode(const NodeSpec& spec, const std::string& prefix, Diagnostics& errors) {
  const std::string field = prefix + "links";
  if (spec.nic) CheckLinkSpec(*spec.nic, prefix + "nic", errors);
  if (spec.links.size() > kMaxExplicitLinks) {
    AddSpecError(
        errors, field,
        fmt::format("{} links; a node has at most {}", spec.links.size(), kMaxExplicitLinks));
    return;
  }
  const std::size_t before = errors.size();
  std::set<std::pair<Place, Place>> seen;
  for (std::size_t i = 0; i < spec.links.size(); ++i) {
    const NamedLinkSpec& link = spec.links[i];
    const std::string at = fmt::format("{}[{}]", field, i);
    CheckEnd(link.a, at + ".a", spec.gpus, errors);
    CheckEnd(link.b, at + ".b", spec.gpus, errors);
    CheckLinkSpec(link.link, at, errors);
    const auto a = PlaceOf(link.a);
    const auto b = PlaceOf(link.b);
    if (!a || !b) continue;
    if (a == b) AddSpecError(errors, at, fmt::format("joins {} to itself", link.a));
    if (!seen.insert(std::minmax(*a, *b)).second) {
      AddSpecError(errors, at,
                   fmt::format("{} and {} are joined twice; give the sum of their "
                               "bandwidths in one link",
                               link.a, link.b));
    }
  }
  if (errors.size() != before) return;
  CheckNumbers(spec, field, errors);
  CheckConnected(spec, field, errors);
}

std::uint32_t CountExplicitNics(const NodeSpec& spec) {
  std::uint32_t nics = 0;
  for (const NamedLinkSpec& link : spec.links) {
    for (const std::string& name : {link.a, link.b}) {
      const auto place = PlaceOf(name);
      if (place && place->first == VertexKind::kNic) nics = std::max(nics, place->second + 1);
    }
  }
  return nics;
}

std::vector<VertexId> AddExplicitNode(Platform& platform, const NodeSpec& spec,
                                      std::uint32_t node) {
  std::map<Place, VertexId> vertices;
  std::vector<VertexId> nics;
  for (const auto& [place, n] : Number(spec)) {
    const VertexId v = platform.AddVertex({place.first, node, place.second});
    vertices[place] = v;
    if (place.first == VertexKind::kNic) nics.push_back(v);
  }
  // NVLink first, as in the other nodes: the lower link id wins where paths are equally short.
  for (const bool nvlink : {true, false}) {
    for (const NamedLinkSpec& link : spec.links) {
      if ((link.tier == LinkTier::kNvLink) != nvlink) continue;
      platform.AddDuplexLink(vertices.at(*PlaceOf(link.a)), vertices.at(*PlaceOf(link.b)),
                             link.tier, link.link.bandwidth, link.link.latency);
    }
  }
  return nics;
}

}  // namespace switchyard
