// From published hardware numbers to a Platform. One file per topology in builders/, one line each
// in registry.cc.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

// Contract: pure; the same spec gives the same vertices and links in the same order. Every GPU
// reaches every other GPU and its host memory. A spec the topology cannot express is an error,
// never adjusted.
class TopologyBuilder {
 public:
  virtual ~TopologyBuilder() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Result<Platform> Build(const ClusterSpec& spec) const = 0;
};

// A single node, or nodes under a rail-optimised leaf/spine fabric: whichever the spec describes.
[[nodiscard]] Result<Platform> BuildPlatform(const ClusterSpec& spec);

}  // namespace switchyard
