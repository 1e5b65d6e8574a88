// A fabric written out link by link: switches by number, and NICs or GPUs of nodes by name
// ("n000.nic0"). Two NICs may also be joined directly, as in pairs or triangles of workstations; no
// path passes through a node that it neither begins nor ends in.
#pragma once

#include <string_view>

#include "topologies/builder.h"

namespace switchyard {

class ExplicitFabricBuilder final : public TopologyBuilder {
 public:
  [[nodiscard]] std::string_view name() const override { return "explicit"; }
  [[nodiscard]] Diagnostics Check(const ClusterSpec& spec) const override;
  [[nodiscard]] Platform Build(const ClusterSpec& spec) const override;
};

}  // namespace switchyard
