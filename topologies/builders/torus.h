// Chips in a 2-D or 3-D torus, as TPU pods: each chip has a router, linked to the routers before
// and after it in every dimension, round the ends (Jouppi et al., "TPU v4", ISCA 2023). No NICs are
// needed, and one node may be a torus by itself.
//
// Chip d of the cluster has coordinates x = d % X, y = d / X % Y, z = d / (X * Y). In a dimension
// of two both links of a chip lead to the same neighbour: they are one link of twice the bandwidth.
// A dimension of one has none. A chip's link to its router has the bandwidth of all its router's
// links together and no latency: traffic for others does not pass the chip.
#pragma once

#include <string_view>

#include "topologies/builder.h"

namespace switchyard {

class TorusBuilder final : public TopologyBuilder {
 public:
  [[nodiscard]] std::string_view name() const override { return "torus"; }
  [[nodiscard]] Diagnostics Check(const ClusterSpec& spec) const override;
  [[nodiscard]] Platform Build(const ClusterSpec& spec) const override;
};

}  // namespace switchyard
