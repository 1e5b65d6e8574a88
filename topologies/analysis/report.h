// An analysed platform as text for a terminal, as JSON, and the graph itself for other tools.
#pragma once

#include <string>

#include "topologies/analysis/analysis.h"
#include "topologies/platform.h"

namespace switchyard {

// The tree of each kind of node, the fabric, and the figures of the analysis, for people:
//
//   n000 .. n001: 2 nodes alike
//   ├─ nvswitch: 8 GPUs at 370 GB/s
//   └─ host bridge
//      ├─ pcie0 55 GB/s
//      │  ├─ gpu0 55 GB/s
[[nodiscard]] std::string ToText(const Platform& platform, const TopologyAnalysis& analysis);

// One object, keys in a fixed order, ended by '\n'. Bandwidths in B/s, times in s. Above
// kMaxMatrixGpus there is no gpu_pair_bandwidth, and failure points are listed up to
// kMaxListedFailurePoints.
inline constexpr std::size_t kMaxListedFailurePoints = 64;
[[nodiscard]] std::string ToJson(const Platform& platform, const TopologyAnalysis& analysis);

// Vertices with name and kind, links with tier, capacity (B/s) and latency (s).
[[nodiscard]] std::string ToDot(const Platform& platform);      // Graphviz
[[nodiscard]] std::string ToGraphml(const Platform& platform);  // GraphML, for NetworkX, Gephi, yEd

}  // namespace switchyard
