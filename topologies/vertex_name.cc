#include "topologies/vertex_name.h"

#include <fmt/format.h>

#include <array>
#include <cstddef>

namespace switchyard {
namespace {

// The short form used in names; whether a node or fabric has several of it as a rule; whether it
// belongs to the fabric.
struct KindName {
  std::string_view text;
  std::string_view short_form;
  bool numbered;
  bool fabric;
};

constexpr std::array<KindName, kNumVertexKinds> kKinds = {{
    {"gpu", "gpu", true, false},
    {"nv_switch", "nvswitch", false, false},
    {"pcie_switch", "pcie", true, false},
    {"nic", "nic", true, false},
    {"host_bridge", "host", false, false},
    {"host_memory", "dram", false, false},
    {"ssd", "ssd", false, false},
    {"leaf_switch", "leaf", true, true},
    {"spine_switch", "spine", false, true},
    {"edge_switch", "edge", true, true},
    {"aggregation_switch", "agg", true, true},
    {"core_switch", "core", true, true},
    {"router", "router", true, true},
    {"switch", "switch", true, true},
}};

constexpr std::array<std::string_view, kNumLinkTiers> kTiers = {"nvlink",
                                                                "pcie",
                                                                "nic",
                                                                "leaf_spine",
                                                                "host_memory",
                                                                "ssd",
                                                                "socket",
                                                                "edge_aggregation",
                                                                "aggregation_core",
                                                                "local",
                                                                "global",
                                                                "torus",
                                                                "switch"};

const KindName& NamesOf(VertexKind kind) { return kKinds[static_cast<std::size_t>(kind)]; }

// Digits only, at most six.
std::optional<std::uint32_t> ParseNumber(std::string_view digits) {
  constexpr std::size_t kMaxDigits = 6;
  constexpr std::uint32_t kBase = 10;
  if (digits.empty() || digits.size() > kMaxDigits) return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * kBase + static_cast<std::uint32_t>(c - '0');
  }
  return number;
}

std::optional<Vertex> ParseKind(std::string_view name, bool fabric) {
  const std::string_view letters = name.substr(0, name.find_first_of("0123456789"));
  const std::string_view digits = name.substr(letters.size());
  for (std::size_t kind = 0; kind < kKinds.size(); ++kind) {
    if (kKinds[kind].short_form != letters || kKinds[kind].fabric != fabric) continue;
    if (digits.empty() && kKinds[kind].numbered) return std::nullopt;
    const auto number = digits.empty() ? std::optional<std::uint32_t>(0) : ParseNumber(digits);
    if (!number) return std::nullopt;
    return Vertex{static_cast<VertexKind>(kind), kNoNode, *number};
  }
  return std::nullopt;
}

}  // namespace

std::string_view ToString(VertexKind kind) { return NamesOf(kind).text; }

std::string_view ToString(LinkTier tier) { return kTiers[static_cast<std::size_t>(tier)]; }

bool IsFabric(LinkTier tier) {
  switch (tier) {
    case LinkTier::kLeafSpine:
    case LinkTier::kEdgeAggregation:
    case LinkTier::kAggregationCore:
    case LinkTier::kLocal:
    case LinkTier::kGlobal:
    case LinkTier::kTorus:
    case LinkTier::kSwitch:
      return true;
    default:
      return false;
  }
}

std::string NameOf(const Vertex& vertex) {
  const KindName& kind = NamesOf(vertex.kind);
  std::string name = vertex.node == kNoNode ? "" : fmt::format("n{:03}.", vertex.node);
  name += kind.short_form;
  if (kind.numbered || vertex.index > 0) name += std::to_string(vertex.index);
  return name;
}

std::optional<Vertex> ParseLocalName(std::string_view name, std::uint32_t node) {
  std::optional<Vertex> vertex = ParseKind(name, false);
  if (vertex) vertex->node = node;
  return vertex;
}

std::optional<Vertex> ParseVertexName(std::string_view name) {
  const std::size_t dot = name.find('.');
  if (dot == std::string_view::npos) return ParseKind(name, true);
  if (!name.starts_with('n')) return std::nullopt;
  const std::optional<std::uint32_t> node = ParseNumber(name.substr(1, dot - 1));
  if (!node) return std::nullopt;
  return ParseLocalName(name.substr(dot + 1), *node);
}

}  // namespace switchyard
