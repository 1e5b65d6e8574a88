// Servers under a rail-optimised leaf/spine fabric: the NICs of rail r of every node of a scalable
// unit plug into the unit's leaf switch r, so that GPUs of equal local index are one switch apart
// (NVIDIA DGX SuperPOD reference architecture). NIC i of a node is on rail i % rails; there are as
// many rails as NICs in a node unless the spec says fewer (an NVL72 rack as one node has 72 NICs on
// 4 rails).
//
//   n000.nic0  n001.nic0 ...   n000.nic1  n001.nic1 ...
//        \        /                 \        /
//         leaf0 (unit 0, rail 0)     leaf1 (unit 0, rail 1)      leaf = unit * rails + rail
//              \_____________ spine _____/
//
// All spine switches are one vertex, and a leaf's uplinks one fat link to it, of capacity
//   nodes_per_unit * NICs per node and rail * nic bandwidth / oversubscription.
// With every flow spread evenly over the spines (adaptive routing or packet spraying), max-min
// rates are the same as with the spines apart; for collisions of statically hashed flows there is
// fat_tree.h. Each of the two leaf-spine links of a path has half of spine_latency. A leaf's uplink
// is that of a full unit also when fewer nodes hang on it. There is a spine whenever there is more
// than one leaf: between units, and between rails for traffic that is not forwarded over NVLink.
#pragma once

#include <string_view>

#include "topologies/builder.h"

namespace switchyard {

class RailOptimizedBuilder final : public TopologyBuilder {
 public:
  [[nodiscard]] std::string_view name() const override { return "rail_optimized"; }
  [[nodiscard]] Diagnostics Check(const ClusterSpec& spec) const override;
  [[nodiscard]] Platform Build(const ClusterSpec& spec) const override;
};

}  // namespace switchyard
