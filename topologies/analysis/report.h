// An analysed platform as text for a terminal, as JSON, and the graph itself for other tools.
#pragma once

#include <string>
#include <vector>

#include "topologies/analysis/analysis.h"
#include "topologies/platform.h"

namespace switchyard {

// `topology show`: the cluster as a tree (tree.h), bandwidth between GPUs and bisection. At most
// about 45 lines.
[[nodiscard]] std::string ToText(const Platform& platform, const TopologyAnalysis& analysis);

// `topology check`: every figure of the analysis, without the tree.
[[nodiscard]] std::string ToCheckText(const Platform& platform, const TopologyAnalysis& analysis);

// One object, keys in a fixed order, ended by '\n'. Bandwidths in B/s, times in s. Above
// kMaxMatrixGpus there is no gpu_pair_bandwidth, and failure points are listed up to
// kMaxListedFailurePoints. `assumptions` of an import are listed when there are any.
inline constexpr std::size_t kMaxListedFailurePoints = 64;
[[nodiscard]] std::string ToJson(const Platform& platform, const TopologyAnalysis& analysis,
                                 const std::vector<std::string>& assumptions = {});

// Vertices with name and kind, links with tier, capacity (B/s) and latency (s).
[[nodiscard]] std::string ToDot(const Platform& platform);      // Graphviz
[[nodiscard]] std::string ToGraphml(const Platform& platform);  // GraphML, for NetworkX, Gephi, yEd

}  // namespace switchyard
