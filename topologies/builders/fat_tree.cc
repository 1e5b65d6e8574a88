#include "topologies/builders/fat_tree.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "topologies/builders/node_part.h"
#include "topologies/builders/spec_check.h"

namespace switchyard {
namespace {

const FatTreeSpec& FabricOf(const ClusterSpec& spec) { return std::get<FatTreeSpec>(*spec.fabric); }

// Numbers of switches; 64 bits, so that an absurd spec is refused and not wrapped around.
struct Shape {
  std::uint64_t half = 0;
  std::uint64_t up = 0;
  std::uint64_t down = 0;
  std::uint64_t edges = 0;
  std::uint64_t pods = 0;
  std::uint64_t cores = 0;

  [[nodiscard]] std::uint64_t aggregations() const { return edges > 1 ? pods * up : 0; }
};

double DownPorts(const FatTreeSpec& fabric) {
  return std::floor(fabric.radix / (1 + fabric.oversubscription)) * fabric.oversubscription;
}

Shape ShapeOf(const ClusterSpec& spec) {
  const FatTreeSpec& fabric = FabricOf(spec);
  Shape shape;
  shape.half = fabric.radix / 2;
  shape.up = static_cast<std::uint64_t>(fabric.radix / (1 + fabric.oversubscription));
  shape.down = static_cast<std::uint64_t>(std::lround(DownPorts(fabric)));
  shape.edges = (CountAllNics(spec) + shape.down - 1) / shape.down;
  shape.pods = (shape.edges + shape.half - 1) / shape.half;
  shape.cores = shape.pods > 1 ? shape.up * shape.half : 0;
  return shape;
}

void CheckShape(const ClusterSpec& spec, Diagnostics& errors) {
  const FatTreeSpec& fabric = FabricOf(spec);
  const std::string field = "fabric.fat_tree.";
  const double up = std::floor(fabric.radix / (1 + fabric.oversubscription));
  const double down = DownPorts(fabric);
  constexpr double kRounding = 1e-6;
  if (up < 1 || std::abs(down - std::round(down)) > kRounding) {
    AddSpecError(errors, field + "oversubscription",
                 fmt::format("{} splits the {} ports of an edge switch into {} up and {} down; "
                             "both must be whole",
                             fabric.oversubscription, fabric.radix, up, down));
    return;
  }
  const Shape shape = ShapeOf(spec);
  if (shape.pods > fabric.radix) {
    AddSpecError(
        errors, field + "radix",
        fmt::format("{} NICs do not fit: switches of radix {} take at most {}", CountAllNics(spec),
                    fabric.radix, std::uint64_t{fabric.radix} * shape.half * shape.down));
  } else if (shape.edges + shape.aggregations() + shape.cores > kMaxSwitches) {
    AddSpecError(errors, field + "radix",
                 fmt::format("makes {} switches; at most {} can be simulated",
                             shape.edges + shape.aggregations() + shape.cores, kMaxSwitches));
  }
}

std::vector<VertexId> AddSwitches(Platform& platform, VertexKind kind, std::uint64_t count) {
  std::vector<VertexId> switches;
  for (std::uint32_t i = 0; i < count; ++i) {
    switches.push_back(platform.AddVertex({kind, kNoNode, i}));
  }
  return switches;
}

}  // namespace

Diagnostics FatTreeBuilder::Check(const ClusterSpec& spec) const {
  Diagnostics errors = CheckNodesWithNics(spec);
  const FatTreeSpec& fabric = FabricOf(spec);
  if (fabric.radix < 2 || fabric.radix % 2 != 0) {
    AddSpecError(
        errors, "fabric.fat_tree.radix",
        fmt::format("{}; must be even, half of the ports of a switch go up", fabric.radix));
  }
  CheckOversubscription(fabric.oversubscription, "fabric.fat_tree.oversubscription", errors);
  CheckLatency(fabric.switch_latency, "fabric.fat_tree.switch_latency", errors);
  if (errors.empty()) CheckShape(spec, errors);
  return errors;
}

Platform FatTreeBuilder::Build(const ClusterSpec& spec) const {
  Platform platform;
  const std::vector<NicEnd> nics = AddNodes(platform, spec);
  const Shape shape = ShapeOf(spec);
  const auto edges = AddSwitches(platform, VertexKind::kEdgeSwitch, shape.edges);
  const auto aggregations =
      AddSwitches(platform, VertexKind::kAggregationSwitch, shape.aggregations());
  const auto cores = AddSwitches(platform, VertexKind::kCoreSwitch, shape.cores);
  const BytesPerSecond bandwidth = spec.node.nic->bandwidth;
  const Seconds latency = FabricOf(spec).switch_latency / 2;
  for (std::size_t i = 0; i < nics.size(); ++i) {
    platform.AddDuplexLink(nics[i].nic, edges[i / shape.down], LinkTier::kNic,
                           nics[i].link.bandwidth, nics[i].link.latency);
  }
  for (std::size_t e = 0; e < edges.size() && !aggregations.empty(); ++e) {
    for (std::size_t j = 0; j < shape.up; ++j) {
      platform.AddDuplexLink(edges[e], aggregations[e / shape.half * shape.up + j],
                             LinkTier::kEdgeAggregation, bandwidth, latency);
    }
  }
  for (std::size_t a = 0; a < aggregations.size() && !cores.empty(); ++a) {
    for (std::size_t c = 0; c < shape.half; ++c) {
      platform.AddDuplexLink(aggregations[a], cores[a % shape.up * shape.half + c],
                             LinkTier::kAggregationCore, bandwidth, latency);
    }
  }
  return platform;
}

}  // namespace switchyard
