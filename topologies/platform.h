// The cluster as a directed graph: what bytes can travel over.
//
// Vertices are GPUs, switches, NICs, memories; every link is one direction of an attachment with
// its own capacity. GPU d of the cluster is vertex gpu(d); devices are numbered node by node. Built
// once by a TopologyBuilder (builder.h), immutable afterwards. Graph algorithms run on its
// Boost.Graph view (boost_graph.h); the engine only needs links and paths.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/ids.h"
#include "sim/base/units.h"

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
  kSpineSwitch
};
[[nodiscard]] std::string_view ToString(VertexKind kind);

// What kind of link, for reports and for per-tier parameters.
enum class LinkTier : std::uint8_t { kNvLink, kPcie, kNic, kLeafSpine, kHostMemory, kSsd };
[[nodiscard]] std::string_view ToString(LinkTier tier);

struct Vertex {
  VertexKind kind = VertexKind::kGpu;
  std::uint32_t node = 0;   // of GPUs, NICs and everything inside a node; kNoNode for the fabric
  std::uint32_t index = 0;  // within its kind and node (GPU 5 of the node, leaf of rail 3)
  std::string name;         // "n003.gpu5"
};
inline constexpr std::uint32_t kNoNode = 0xffffffff;

struct Link {
  VertexId from;
  VertexId to;
  LinkTier tier = LinkTier::kNvLink;
  BytesPerSecond capacity;
  Seconds latency;
  std::string name;  // "n003.gpu5>n003.nvswitch"
};

class Platform {
 public:
  // Build-time interface. Capacity must be > 0 and latency >= 0 (checked).
  VertexId AddVertex(Vertex vertex);
  LinkId AddLink(VertexId from, VertexId to, LinkTier tier, BytesPerSecond capacity,
                 Seconds latency);
  // Both directions.
  void AddDuplexLink(VertexId a, VertexId b, LinkTier tier, BytesPerSecond capacity,
                     Seconds latency);

  [[nodiscard]] std::span<const Vertex> vertices() const { return vertices_; }
  [[nodiscard]] std::span<const Link> links() const { return links_; }
  [[nodiscard]] const Vertex& vertex(VertexId v) const { return vertices_[v.index()]; }
  [[nodiscard]] const Link& link(LinkId l) const { return links_[l.index()]; }
  // Links that leave a vertex, in the order they were added.
  [[nodiscard]] std::span<const LinkId> out_links(VertexId v) const { return out_[v.index()]; }

  [[nodiscard]] std::size_t num_devices() const { return gpus_.size(); }
  [[nodiscard]] VertexId gpu(DeviceId d) const { return gpus_[d.index()]; }
  [[nodiscard]] NodeId node_of(DeviceId d) const {
    return NodeId(vertices_[gpus_[d.index()].index()].node);
  }
  [[nodiscard]] std::size_t num_nodes() const { return host_memories_.size(); }
  [[nodiscard]] VertexId host_memory(NodeId n) const { return host_memories_[n.index()]; }

 private:
  std::vector<Vertex> vertices_;
  std::vector<Link> links_;
  std::vector<std::vector<LinkId>> out_;
  std::vector<VertexId> gpus_;           // by device
  std::vector<VertexId> host_memories_;  // by node
};

}  // namespace switchyard
