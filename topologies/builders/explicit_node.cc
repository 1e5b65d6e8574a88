#include "topologies/builders/explicit_node.h"

#include <fmt/format.h>

#include <array>
#include <cmath>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "topologies/builders/node_part.h"

namespace switchyard {
namespace {

struct KindName {
  std::string_view text;
  VertexKind kind;
  bool numbered;  // always; the others only from 1 on
};
// As Platform::VertexName writes them.
constexpr std::array<KindName, 7> kKinds = {{{"gpu", VertexKind::kGpu, true},
                                             {"nvswitch", VertexKind::kNvSwitch, false},
                                             {"pcie", VertexKind::kPcieSwitch, true},
                                             {"nic", VertexKind::kNic, true},
                                             {"host", VertexKind::kHostBridge, false},
                                             {"dram", VertexKind::kHostMemory, false},
                                             {"ssd", VertexKind::kSsd, false}}};

using Place = std::pair<VertexKind, std::uint32_t>;

Place PlaceOf(const Vertex& vertex) { return {vertex.kind, vertex.index}; }

// Everything that the links name, and what is wrong with them.
class LinkList {
 public:
  explicit LinkList(const NodeSpec& node) : node_(node) {
    for (std::size_t i = 0; i < node.links.size(); ++i) Check(i);
    if (!errors_.empty()) return;
    for (std::uint32_t gpu = 0; gpu < node.gpus; ++gpu) {
      if (places_.count({VertexKind::kGpu, gpu}) == 0) Missing(fmt::format("gpu{}", gpu));
    }
    if (places_.count({VertexKind::kHostMemory, 0}) == 0) Missing("dram");
    CheckConnected();
  }

  [[nodiscard]] const Diagnostics& errors() const { return errors_; }
  [[nodiscard]] const std::set<Place>& places() const { return places_; }

 private:
  void Check(std::size_t i) {
    const NamedLinkSpec& link = node_.links[i];
    const std::string field = fmt::format("node.links[{}]", i);
    const auto a = End(link.a, field + ".a");
    const auto b = End(link.b, field + ".b");
    if (!std::isfinite(link.link.bandwidth.value) || link.link.bandwidth.value <= 0) {
      AddSpecError(errors_, field + ".bandwidth", "must be above 0");
    }
    if (!std::isfinite(link.link.latency.value) || link.link.latency.value < 0) {
      AddSpecError(errors_, field + ".latency", "must not be negative");
    }
    if (!a || !b) return;
    if (*a == *b) AddSpecError(errors_, field, fmt::format("joins {} with itself", link.a));
    if (!joined_.insert(std::minmax(*a, *b)).second) {
      AddSpecError(errors_, field, fmt::format("a second link from {} to {}", link.a, link.b));
    }
    places_.insert({*a, *b});
    neighbours_[*a].push_back(*b);
    neighbours_[*b].push_back(*a);
  }

  std::optional<Place> End(const std::string& name, const std::string& field) {
    const std::optional<Vertex> vertex = ParseNodeVertex(name);
    if (!vertex) {
      AddSpecError(errors_, field,
                   fmt::format("'{}'; must be gpu, nvswitch, pcie, nic, host, dram or ssd with a "
                               "number, e.g. gpu0 or nvswitch",
                               name));
      return std::nullopt;
    }
    if (vertex->kind == VertexKind::kGpu && vertex->index >= node_.gpus) {
      AddSpecError(errors_, field, fmt::format("'{}', but the node has {} GPUs", name, node_.gpus));
    }
    return PlaceOf(*vertex);
  }

  void Missing(const std::string& name) {
    AddSpecError(errors_, "node.links", fmt::format("no link names {}", name));
  }

  void CheckConnected() {
    std::vector<Place> pending = {{VertexKind::kGpu, 0}};
    std::set<Place> reached = {pending[0]};
    while (!pending.empty()) {
      const Place at = pending.back();
      pending.pop_back();
      for (const Place& next : neighbours_[at]) {
        if (reached.insert(next).second) pending.push_back(next);
      }
    }
    if (!errors_.empty() || reached.size() == places_.size()) return;
    AddSpecError(errors_, "node.links",
                 fmt::format("{} of its {} vertices are not connected with gpu0",
                             places_.size() - reached.size(), places_.size()));
  }

  const NodeSpec& node_;
  std::set<Place> places_;
  std::set<std::pair<Place, Place>> joined_;
  std::map<Place, std::vector<Place>> neighbours_;
  Diagnostics errors_;
};

}  // namespace

std::optional<Vertex> ParseNodeVertex(std::string_view name) {
  constexpr std::size_t kMaxDigits = 6;
  const std::size_t digits = name.size() - (name.find_last_not_of("0123456789") + 1);
  const std::string_view number = name.substr(name.size() - digits);
  if (digits > kMaxDigits || (digits > 1 && number[0] == '0')) return std::nullopt;
  std::uint32_t index = 0;
  for (const char c : number) index = index * 10 + static_cast<std::uint32_t>(c - '0');
  for (const KindName& kind : kKinds) {
    if (kind.text != name.substr(0, name.size() - digits)) continue;
    if (kind.numbered && digits == 0) return std::nullopt;
    return Vertex{kind.kind, 0, index};
  }
  return std::nullopt;
}

Result<std::vector<VertexId>> AddExplicitNode(Platform& platform, const NodeSpec& node,
                                              std::uint32_t number) {
  const LinkList list(node);
  if (!list.errors().empty()) return list.errors();
  std::map<Place, VertexId> vertices;
  std::vector<VertexId> nics;
  for (const Place& place : list.places()) {
    const VertexId vertex = platform.AddVertex({place.first, number, place.second});
    vertices[place] = vertex;
    if (place.first == VertexKind::kNic) nics.push_back(vertex);
  }
  for (const NamedLinkSpec& link : node.links) {
    platform.AddDuplexLink(vertices.at(PlaceOf(*ParseNodeVertex(link.a))),
                           vertices.at(PlaceOf(*ParseNodeVertex(link.b))), link.tier,
                           link.link.bandwidth, link.link.latency);
  }
  return nics;
}

}  // namespace switchyard
