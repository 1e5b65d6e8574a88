// The equally short ways from one vertex to another, and the walk along one of them: shortest, ecmp
// and adaptive differ only in which they choose where there is a choice.
//
// Between two GPUs of a node, the first of these that exists:
//   1. the fabric, when both are chips of it (a torus)
//   2. NVLink, direct or through NVSwitches
//   3. NVLink through one other GPU, the one with the widest links (NCCL's PATH_NVB: the pairs of a
//      DGX-1V without a cable between them; src/graph/paths.cc)
//   4. PCIe switches and host bridges
//   5. NVLink through several GPUs
//   6. as between nodes
// Between nodes: from a GPU's own NICs (NIC g * nics / gpus of GPU g, as NCCL and DeepEP bind them)
// through the fabric to the receiver's own NICs; from and to memories the NICs with the fewest
// links in all, and so for a GPU whose own NICs are cut off. Fewest links within each part of the
// way.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "topologies/paths/hop_tables.h"
#include "topologies/platform.h"

namespace switchyard {

// Decides at each vertex where several links lead on equally well, or, at the start, among whole
// routes (other NICs, other GPUs between).
class WayChooser {
 public:
  virtual ~WayChooser() = default;
  // An index into `ways`, which has at least two.
  virtual std::size_t Choose(VertexId at, std::span<const NextLink> ways) = 0;
};

class EqualCostWays {
 public:
  static constexpr std::size_t kCacheBytes = std::size_t{256} << 20;

  EqualCostWays(const Platform& platform, std::span<const LinkId> dead, std::size_t cache_bytes)
      : platform_(platform), tables_(platform, dead, cache_bytes) {}

  [[nodiscard]] bool Reaches(VertexId from, VertexId to);
  // How many ways there are, saturated at HopTables::kMostPaths; 1 when the ends are equal.
  [[nodiscard]] std::uint32_t CountWays(VertexId from, VertexId to);
  void Append(VertexId from, VertexId to, WayChooser& chooser, std::vector<LinkId>& links);

  [[nodiscard]] std::size_t num_cached() const { return tables_.num_cached(); }

 private:
  struct Segment {
    VertexId from;
    VertexId to;
    HopScope scope = HopScope::kNode;
  };
  struct Route {
    std::array<Segment, 3> segments;
    std::size_t num_segments = 0;
  };

  [[nodiscard]] static Route Outside(VertexId from, VertexId out, VertexId in, VertexId to);
  // Fills routes_.
  void FindRoutes(VertexId from, VertexId to);
  bool FindRoutesInNode(VertexId from, VertexId to);
  void FindRelays(VertexId from, VertexId to);
  void FindRoutesOutside(VertexId from, VertexId to);
  void FindNearestGateways(VertexId from, VertexId to);
  bool AddIfReached(Segment only);
  void OwnGateways(VertexId v, std::vector<VertexId>& gateways) const;
  [[nodiscard]] std::uint32_t RouteHops(const Route& route);
  [[nodiscard]] std::uint32_t RoutePaths(const Route& route, std::size_t first_segment);
  void WalkSegment(const Segment& segment, std::uint32_t paths_after, WayChooser& chooser,
                   std::vector<LinkId>& links);

  const Platform& platform_;
  HopTables tables_;
  // Kept between calls only for their memory.
  std::vector<Route> routes_;
  std::vector<VertexId> from_gateways_;
  std::vector<VertexId> to_gateways_;
  std::vector<NextLink> ways_;
};

}  // namespace switchyard
