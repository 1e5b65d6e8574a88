// From published hardware numbers to a Platform. One file per topology in builders/, one line each
// in builders/registry.cc.
//
//   Result<Platform> platform = BuildPlatform(spec);
//   if (!platform.ok()) return platform.errors();   // "cluster.node.nic: 2 nodes need NICs ..."
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sim/base/result.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// A cluster with more GPUs than this is refused before memory is taken (about 200 MB at the limit).
inline constexpr std::uint32_t kMaxDevices = 1u << 18;

// Contract: pure; the same spec gives the same vertices and links in the same order. Every GPU
// reaches every other GPU and its host memory. A spec the topology cannot express is an error,
// never adjusted.
class TopologyBuilder {
 public:
  virtual ~TopologyBuilder() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Result<Platform> Build(const ClusterSpec& spec) const = 0;
};

// Every builder, for lists of what there is.
[[nodiscard]] std::span<const TopologyBuilder* const> TopologyBuilders();

// A single node, or nodes under a rail-optimised leaf/spine fabric: whichever the spec describes.
[[nodiscard]] Result<Platform> BuildPlatform(const ClusterSpec& spec);

}  // namespace switchyard
