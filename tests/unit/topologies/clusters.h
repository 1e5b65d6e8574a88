// Small clusters with round numbers, so that tests can show their arithmetic.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "topologies/builder.h"
#include "topologies/paths/path_selector.h"
#include "topologies/vertex_name.h"

namespace switchyard::testing {

inline constexpr BytesPerSecond kNvLink = 400_GBps;
inline constexpr BytesPerSecond kPcie = 60_GBps;
inline constexpr BytesPerSecond kNic = 50_GBps;
inline constexpr BytesPerSecond kDram = 500_GBps;
inline constexpr BytesPerSecond kSsd = 30_GBps;

// One server of 8 GPUs with NVLink, one GPU and one NIC per PCIe switch, SSDs.
inline ClusterSpec OneNode() {
  ClusterSpec spec;
  spec.name = "test";
  spec.nodes = 1;
  spec.node.gpus = 8;
  spec.node.nvlink = LinkSpec{kNvLink, 1.5_us};
  spec.node.pcie = {kPcie, 0.25_us};
  spec.node.gpus_per_pcie_switch = 1;
  spec.node.nic = LinkSpec{kNic, 1_us};
  spec.node.host_memory = {kDram, 0.5_us};
  spec.node.ssd = LinkSpec{kSsd, 80_us};
  return spec;
}

// `nodes` such servers in units of `nodes_per_unit`.
inline ClusterSpec Rails(std::uint32_t nodes, std::uint32_t nodes_per_unit,
                         double oversubscription = 1.0) {
  ClusterSpec spec = OneNode();
  spec.nodes = nodes;
  spec.fabric = RailOptimizedSpec{nodes_per_unit, oversubscription, 1_us};
  return spec;
}

// Servers without NVLink or SSDs, two GPUs and their NICs per PCIe switch.
inline ClusterSpec PcieOnly(std::uint32_t nodes) {
  ClusterSpec spec = Rails(nodes, 32);
  spec.node.nvlink.reset();
  spec.node.ssd.reset();
  spec.node.gpus_per_pcie_switch = 2;
  return spec;
}

inline Platform Build(const ClusterSpec& spec) {
  Result<Platform> platform = BuildPlatform(spec);
  return std::move(platform).value();
}

inline std::vector<LinkId> Path(const PathSelector& paths, VertexId from, VertexId to,
                                std::uint64_t flow_key = 0) {
  std::vector<LinkId> links;
  paths.AppendPath(from, to, flow_key, links);
  return links;
}

// Every message that Build gives, one a line.
inline std::string Errors(const ClusterSpec& spec) {
  const Result<Platform> platform = BuildPlatform(spec);
  return platform.ok() ? "" : ToString(platform.errors());
}

inline std::size_t Count(const Platform& platform, VertexKind kind) {
  return platform.OfKind(kind).size();
}

inline std::size_t Count(const Platform& platform, LinkTier tier) {
  std::size_t count = 0;
  for (const Link& link : platform.links()) count += link.tier == tier;
  return count;
}

// The vertex of that name.
inline VertexId At(const Platform& platform, std::string_view name) {
  const Vertex vertex = ParseVertexName(name).value();
  return platform.Find(vertex.kind, vertex.node, vertex.index).value();
}

// "n000.gpu0 n000.nvswitch n000.gpu1": the vertices along a path.
inline std::string Walk(const Platform& platform, VertexId from, const std::vector<LinkId>& links) {
  std::string walk = platform.VertexName(from);
  for (const LinkId l : links) walk.append(" ").append(platform.VertexName(platform.link(l).to));
  return walk;
}

// Empty when `links` is a connected walk from `from` to `to` that visits no vertex twice;
// otherwise what is wrong.
inline std::string WalkError(const Platform& platform, VertexId from, VertexId to,
                             const std::vector<LinkId>& links) {
  std::vector<VertexId> visited = {from};
  for (const LinkId l : links) {
    if (platform.link(l).from != visited.back()) return "broken at " + platform.LinkName(l);
    for (const VertexId v : visited) {
      if (platform.link(l).to == v) return "visits " + platform.VertexName(v) + " twice";
    }
    visited.push_back(platform.link(l).to);
  }
  return visited.back() == to ? "" : "ends at " + platform.VertexName(visited.back());
}

// GPUs, host memories and SSDs: where flows begin and end.
inline std::vector<VertexId> Endpoints(const Platform& platform) {
  std::vector<VertexId> ends;
  for (const VertexKind kind : {VertexKind::kGpu, VertexKind::kHostMemory, VertexKind::kSsd}) {
    const auto of_kind = platform.OfKind(kind);
    ends.insert(ends.end(), of_kind.begin(), of_kind.end());
  }
  return ends;
}

}  // namespace switchyard::testing
