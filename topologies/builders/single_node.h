// One server (node_part.h), without a network around it. Its NICs, if the spec has any, lead
// nowhere.
#pragma once

#include <string_view>

#include "topologies/builder.h"

namespace switchyard {

class SingleNodeBuilder final : public TopologyBuilder {
 public:
  [[nodiscard]] std::string_view name() const override { return "single_node"; }
  [[nodiscard]] Diagnostics Check(const ClusterSpec& spec) const override;
  [[nodiscard]] Platform Build(const ClusterSpec& spec) const override;
};

}  // namespace switchyard
