// How many links it is from anywhere to a destination, and over which links on: what shortest, ecmp
// and adaptive share. Breadth-first search backwards from the destination, within a scope: a path
// across the cluster is put together from one inside the sender's node, one through the fabric and
// one inside the receiver's (equal_cost.h), so that no table covers the inside of other nodes and
// no path crosses them.
//
//   HopTables tables(platform, dead, kCacheBytes);
//   tables.Hops(to, HopScope::kNvLink, from);                    // kUnreached, or a number of
//   links tables.AppendNext(to, HopScope::kNvLink, at, next);          // links that are one hop
//   nearer
//
// A table has three bytes per vertex of its scope: of one node, or of the fabric. The latest are
// kept, up to the bytes given. Not thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "topologies/platform.h"

namespace switchyard {

enum class HopScope : std::uint8_t {
  kNvLink,       // inside the destination's node, over NVLink and through NVSwitches only
  kNode,         // inside the destination's node, through everything but GPUs and memories
  kNvLinkChain,  // inside the destination's node, over NVLink and through GPUs
  kFabric  // from outside the destination's node, through switches and routers, to a vertex of
           // that node which has links to the outside
};

struct NextLink {
  LinkId link;
  std::uint32_t paths = 1;  // equally short ways on from its end, saturated at kMostPaths
};

class HopTables {
 public:
  static constexpr std::uint32_t kUnreached = 0xffff;
  static constexpr std::uint32_t kMostPaths = 64;

  HopTables(const Platform& platform, std::span<const LinkId> dead, std::size_t cache_bytes);

  // kUnreached when there is no way in the scope, or `from` is outside of it.
  [[nodiscard]] std::uint32_t Hops(VertexId to, HopScope scope, VertexId from);
  // Of equally short ways, saturated at kMostPaths. `from` must be reached.
  [[nodiscard]] std::uint32_t Paths(VertexId to, HopScope scope, VertexId from);
  // The links that begin the equally short ways, in order of their ids. `from` must be reached.
  void AppendNext(VertexId to, HopScope scope, VertexId from, std::vector<NextLink>& next);

  [[nodiscard]] bool alive(LinkId l) const { return !dead_[l.index()]; }
  // Vertices of the node with links to the outside, in order.
  [[nodiscard]] std::span<const VertexId> Gateways(std::uint32_t node) const;
  [[nodiscard]] bool IsGateway(VertexId v) const { return is_gateway_[v.index()]; }

  // Tables kept. For tests of the bound.
  [[nodiscard]] std::size_t num_cached() const;

 private:
  struct Table {
    VertexId to;
    HopScope scope = HopScope::kNode;
    std::vector<std::uint16_t> hops;  // by index within the region; empty: nothing cached
    std::vector<std::uint8_t> paths;
  };
  // Rows of links, one after the other: row v is [begin[v], begin[v + 1]).
  struct Rows {
    std::vector<std::uint32_t> begin;
    std::vector<LinkId> links;
    [[nodiscard]] std::span<const LinkId> of(VertexId v) const {
      return std::span(links).subspan(begin[v.index()], begin[v.index() + 1] - begin[v.index()]);
    }
  };

  [[nodiscard]] std::size_t RegionOf(VertexId v) const;
  [[nodiscard]] std::size_t RegionOfTable(VertexId to, HopScope scope) const;
  [[nodiscard]] bool MayCross(HopScope scope, LinkId l) const;
  template <class End, class Keep>
  [[nodiscard]] Rows MakeRows(End end, Keep keep) const;
  void FindRegionsAndGateways();
  const Table& Get(VertexId to, HopScope scope);
  void Fill(Table& table) const;
  void Relax(Table& table, VertexId v, std::vector<VertexId>& queue) const;

  const Platform& platform_;
  std::vector<bool> dead_;                   // by link
  std::vector<std::uint32_t> local_;         // by vertex: index within its region
  std::vector<std::uint32_t> region_sizes_;  // by node, then the fabric
  std::vector<bool> is_gateway_;
  std::vector<VertexId> gateways_;            // node by node
  std::vector<std::uint32_t> gateway_begin_;  // by node
  Rows out_;                                  // live links within a region, by their start
  Rows in_;                                   // all live links, by their end
  std::vector<Table> slots_;
};

}  // namespace switchyard
