// A three-level fat tree of equal switches (Al-Fares, Loukissas, Vahdat, SIGCOMM 2008), each of its
// switches a vertex, so that flows hashed onto the same link collide.
//
//            core0 .. core3                   An edge switch of radix k has `down` ports to NICs
//            and
//          /   |      |   \                   `up` to the aggregation switches of its pod, where
//      agg0  agg1    agg2  agg3                 up   = floor(k / (1 + oversubscription)),
//       |  \/  |      |  \/  |                  down = up * oversubscription
//       |  /\  |      |  /\  |                (k / 2 each without oversubscription). A pod has
//     edge0  edge1  edge2  edge3              k / 2 edge and `up` aggregation switches; aggregation
//     /\     /\     /\     /\                 switch j of every pod goes to the cores
//    nics                                     j * k / 2 .. (j + 1) * k / 2 - 1.
//
// NICs fill the edge switches in order, node by node. Only the pods needed are built, at most k,
// and no cores for one pod, no aggregation for one edge switch. Every link has the bandwidth of a
// NIC and, between switches, half of switch_latency.
#pragma once

#include <string_view>

#include "topologies/builder.h"

namespace switchyard {

class FatTreeBuilder final : public TopologyBuilder {
 public:
  [[nodiscard]] std::string_view name() const override { return "fat_tree"; }
  [[nodiscard]] Diagnostics Check(const ClusterSpec& spec) const override;
  [[nodiscard]] Platform Build(const ClusterSpec& spec) const override;
};

}  // namespace switchyard
