// From published hardware numbers to a Platform. One file per topology in builders/, one line each
// in builders/registry.cc.
//
//   Result<Platform> platform = BuildPlatform(spec);
//   if (!platform.ok()) return platform.errors();   // "cluster.node.nic: 2 nodes need NICs ..."
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "sim/base/result.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// A cluster with more GPUs than this is refused before memory is taken (about 200 MB at the limit).
inline constexpr std::uint32_t kMaxDevices = 1u << 18;
// And one whose fabric has more switches or routers.
inline constexpr std::uint32_t kMaxSwitches = 32768;
// Links inside the nodes, both directions as one.
inline constexpr std::uint64_t kMaxNodeLinks = std::uint64_t{1} << 22;
inline constexpr std::size_t kMaxNodeGroups = 256;
// Of nodes or fabrics written out link by link, whose GPUs are checked pair by pair.
inline constexpr std::uint32_t kMaxWrittenOutDevices = 16384;

// Contract: pure; the same spec gives the same vertices and links in the same order. Every GPU
// reaches every other GPU, and its own host memory if the spec has one. A spec the topology cannot
// express is an error, never adjusted.
class TopologyBuilder {
 public:
  virtual ~TopologyBuilder() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // All that is wrong with the spec, each at its field; empty: Build may be called.
  [[nodiscard]] virtual Diagnostics Check(const ClusterSpec& spec) const = 0;
  [[nodiscard]] virtual Platform Build(const ClusterSpec& spec) const = 0;
};

// Every builder, for lists of what there is.
[[nodiscard]] std::span<const TopologyBuilder* const> TopologyBuilders();

// A single node, or nodes in the fabric that the spec describes, checked before and after.
[[nodiscard]] Result<Platform> BuildPlatform(const ClusterSpec& spec);

// What BuildPlatform would find wrong. Builds the platform only where links are written out.
[[nodiscard]] Diagnostics CheckClusterSpec(const ClusterSpec& spec);

}  // namespace switchyard
