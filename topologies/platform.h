// The cluster as a directed graph: what bytes can travel over.
//
//   Result<Platform> platform = BuildPlatform(spec);              // builder.h
//   VertexId gpu = platform.value().gpu(DeviceId{3});
//   platform.value().VertexName(gpu);                             // "n000.gpu3"
//
// Vertices are GPUs, switches, NICs, memories; every link is one direction of an attachment with
// its own capacity. GPU d of the cluster is vertex gpu(d); devices are numbered node by node. Built
// once by a TopologyBuilder (builder.h), immutable afterwards. Names are computed, not stored.
// Graph algorithms run on its Boost.Graph view (boost_graph.h); the engine only needs links and
// paths.
//
// Reading order: this header, builder.h, paths/path_selector.h, analysis/analysis.h.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"
#include "topologies/link_tier.h"

namespace switchyard {

enum class VertexKind : std::uint8_t {
  kGpu,
  kNvSwitch,
  kPcieSwitch,
  kNic,
  kHostBridge,
  kHostMemory,
  kSsd,
  kLeafSwitch,
  kSpineSwitch,
  kEdgeSwitch,
  kAggregationSwitch,
  kCoreSwitch,
  kRouter,  // of a dragonfly or a torus
  kSwitch   // of an explicit fabric
};
inline constexpr std::size_t kNumVertexKinds = 14;
[[nodiscard]] std::string_view ToString(VertexKind kind);  // "pcie_switch"

inline constexpr std::uint32_t kNoNode = 0xffffffff;

struct Vertex {
  VertexKind kind = VertexKind::kGpu;
  std::uint32_t node = 0;   // of GPUs, NICs and everything inside a node; kNoNode for the fabric
  std::uint32_t index = 0;  // within its kind and node: GPU 5 of the node, NIC 5 of it; a leaf's is
                            // unit * rails + rail, the other fabrics' are in builders/*.h
};

struct Link {
  VertexId from;
  VertexId to;
  LinkTier tier = LinkTier::kNvLink;
  BytesPerSecond capacity;
  Seconds latency;
};

class Platform {
 public:
  // Build-time interface. The vertices of one kind are added in order of (node, index), no two
  // alike; no two links join the same vertices in the same direction; capacity is > 0 and latency
  // >= 0 (all checked).
  VertexId AddVertex(Vertex vertex);
  LinkId AddLink(VertexId from, VertexId to, LinkTier tier, BytesPerSecond capacity,
                 Seconds latency);
  // Both directions; the link from `a` comes first.
  void AddDuplexLink(VertexId a, VertexId b, LinkTier tier, BytesPerSecond capacity,
                     Seconds latency);

  [[nodiscard]] std::span<const Vertex> vertices() const { return vertices_; }
  [[nodiscard]] std::span<const Link> links() const { return links_; }
  [[nodiscard]] const Vertex& vertex(VertexId v) const { return vertices_[v.index()]; }
  [[nodiscard]] const Link& link(LinkId l) const { return links_[l.index()]; }
  // Links that leave a vertex, in the order they were added.
  [[nodiscard]] std::span<const LinkId> out_links(VertexId v) const { return out_[v.index()]; }

  // All vertices of a kind, in order of (node, index).
  [[nodiscard]] std::span<const VertexId> OfKind(VertexKind kind) const {
    return by_kind_[static_cast<std::size_t>(kind)];
  }
  // Constant time when all nodes have as many of the kind, else logarithmic.
  [[nodiscard]] std::optional<VertexId> Find(VertexKind kind, std::uint32_t node,
                                             std::uint32_t index) const;
  // How many of the kind the node has; cost as Find.
  [[nodiscard]] std::uint32_t CountInNode(VertexKind kind, std::uint32_t node) const;
  [[nodiscard]] std::optional<LinkId> FindLink(VertexId from, VertexId to) const;

  [[nodiscard]] std::size_t num_devices() const { return OfKind(VertexKind::kGpu).size(); }
  [[nodiscard]] VertexId gpu(DeviceId d) const { return OfKind(VertexKind::kGpu)[d.index()]; }
  [[nodiscard]] NodeId node_of(DeviceId d) const { return NodeId(vertex(gpu(d)).node); }
  // One more than the highest node of a vertex.
  [[nodiscard]] std::size_t num_nodes() const { return num_nodes_; }
  // Of one socket of the node. Checked: a node whose links are written out may have none (Find).
  [[nodiscard]] VertexId host_memory(NodeId n, std::uint32_t socket = 0) const;

  // "n003.gpu5", "n003.nvswitch", "leaf12": kind and place (vertex_name.h). Unique.
  [[nodiscard]] std::string VertexName(VertexId v) const;
  // "n003.gpu5>n003.nvswitch". Unique.
  [[nodiscard]] std::string LinkName(LinkId l) const;

 private:
  LinkId AppendLink(const Link& link);

  std::vector<Vertex> vertices_;
  std::vector<Link> links_;
  std::vector<std::vector<LinkId>> out_;
  std::array<std::vector<VertexId>, kNumVertexKinds> by_kind_;
  std::size_t num_nodes_ = 0;
};

}  // namespace switchyard
