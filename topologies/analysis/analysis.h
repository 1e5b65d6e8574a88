// What `topology show` and `topology check` say about a platform.
//
//   const TopologyAnalysis analysis = Analyze(platform, *paths);
//   std::cout << ToText(platform, analysis);              // report.h
//
// The parts: pair_survey.h (paths between GPUs), max_flow.h (bisection), all_to_all.h,
// oversubscription.h, connectivity.h (failures).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "topologies/analysis/all_to_all.h"
#include "topologies/analysis/connectivity.h"
#include "topologies/analysis/oversubscription.h"
#include "topologies/analysis/pair_survey.h"
#include "topologies/paths/path_selector.h"
#include "topologies/platform.h"

namespace switchyard {

// A pair class with what its first pair could reach over all ways at once, other GPUs forwarding;
// known for the first kMaxFlowClasses.
inline constexpr std::size_t kMaxFlowClasses = 8;
struct PairSummary {
  PairClass pairs;
  std::optional<BytesPerSecond> max_flow;
};

// The most that one half of the GPUs can send to the other half at once: the first half of the
// nodes to the rest, or of the GPUs where there is one node. A max-flow over the links that the
// path selector uses between GPUs and all links of the fabric (above kMaxSurveyedGpus over all
// links); a link in a node that it never uses, such as PCIe between GPUs with NVLink, does not
// count.
struct Bisection {
  BytesPerSecond bandwidth;
  std::array<BytesPerSecond, kNumLinkTiers> cut;  // the part of each tier; they sum to it
};

struct TopologyAnalysis {
  std::string path_selector;
  std::size_t num_gpus = 0;
  std::size_t num_nics = 0;
  std::size_t num_nodes = 0;
  std::uint64_t unreachable_pairs = 0;
  FailurePoints failure_points;
  std::vector<Oversubscription> oversubscription;
  // What follows is known only when every GPU reaches every other.
  std::vector<PairSummary> pairs;
  std::vector<BytesPerSecond> gpu_pair_bandwidth;  // as PairSurvey::bandwidth
  std::optional<Bisection> bisection;              // more than one GPU
  std::optional<AllToAllBound> all_to_all;         // with the selector's paths
  std::optional<AllToAllCut> all_to_all_cut;       // with any
};

[[nodiscard]] TopologyAnalysis Analyze(const Platform& platform, const PathSelector& paths);

}  // namespace switchyard
