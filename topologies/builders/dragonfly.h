// A dragonfly (Kim, Dally, Scott, Abts, ISCA 2008): groups of routers that are all joined to each
// other, and every two groups joined by links_per_group_pair global links, spread evenly over the
// routers of each group.
//
//   group g: routers g * a .. g * a + a - 1, all to all over local links, p NICs on each
//   The global ports of a group, (groups - 1) * links_per_group_pair of them, go round the other
//   groups in order g + 1, g + 2, ...; port q sits on router q * a / ports of the group. Two or
//   more links between the same routers are one of their joint bandwidth.
//
// Paths are minimal ones (local, global, local); detours over a third group are not taken. NICs
// fill the routers in order, node by node. Every router is built, also where no NIC is left for it.
#pragma once

#include <string_view>

#include "topologies/builder.h"

namespace switchyard {

class DragonflyBuilder final : public TopologyBuilder {
 public:
  [[nodiscard]] std::string_view name() const override { return "dragonfly"; }
  [[nodiscard]] Diagnostics Check(const ClusterSpec& spec) const override;
  [[nodiscard]] Platform Build(const ClusterSpec& spec) const override;
};

}  // namespace switchyard
