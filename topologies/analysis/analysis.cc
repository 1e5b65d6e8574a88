#include "topologies/analysis/analysis.h"

#include <span>
#include <utility>

#include "topologies/analysis/max_flow.h"

namespace switchyard {
namespace {

// Links that count between GPUs: those the paths use and, as paths may spread there, the fabric's.
// Empty when not every pair was looked at.
std::vector<bool> Usable(const Platform& platform, const PairSurvey& survey) {
  std::vector<bool> usable;
  const auto in_fabric = [&](VertexId v) { return platform.vertex(v).node == kNoNode; };
  for (std::size_t l = 0; l < survey.pairs_per_link.size(); ++l) {
    const Link& link = platform.links()[l];
    usable.push_back(survey.pairs_per_link[l] > 0 || in_fabric(link.from) || in_fabric(link.to));
  }
  return usable;
}

std::optional<Bisection> Bisect(const Platform& platform, const std::vector<bool>& usable) {
  if (platform.num_devices() < 2) return std::nullopt;
  const std::span<const VertexId> gpus = platform.OfKind(VertexKind::kGpu);
  const std::size_t half = DevicesInFirstHalf(platform);
  const MaxFlow flow = FindMaxFlow(platform, gpus.first(half), gpus.subspan(half), usable);
  Bisection bisection{flow.bandwidth, {}};
  for (const LinkId l : flow.cut) {
    const Link& link = platform.link(l);
    bisection.cut[static_cast<std::size_t>(link.tier)] += link.capacity;
  }
  return bisection;
}

std::vector<PairSummary> Summarize(const Platform& platform, const PairSurvey& survey) {
  std::vector<PairSummary> summaries;
  for (const PairClass& pairs : survey.classes) {
    const VertexId from = platform.gpu(pairs.from);
    const VertexId to = platform.gpu(pairs.to);
    summaries.push_back({pairs, std::nullopt});
    if (summaries.size() > kMaxFlowClasses) continue;
    summaries.back().max_flow = FindMaxFlow(platform, {&from, 1}, {&to, 1}).bandwidth;
  }
  return summaries;
}

}  // namespace

TopologyAnalysis Analyze(const Platform& platform, const PathSelector& paths) {
  TopologyAnalysis analysis;
  analysis.path_selector = paths.name();
  analysis.num_gpus = platform.num_devices();
  analysis.num_nics = platform.OfKind(VertexKind::kNic).size();
  analysis.num_nodes = platform.num_nodes();
  analysis.unreachable_pairs = CountUnreachablePairs(platform);
  analysis.failure_points = FindFailurePoints(platform);
  analysis.oversubscription = FindOversubscription(platform);
  if (analysis.unreachable_pairs > 0) return analysis;
  PairSurvey survey = SurveyPairs(platform, paths);
  analysis.pairs = Summarize(platform, survey);
  const std::vector<bool> usable = Usable(platform, survey);
  analysis.bisection = Bisect(platform, usable);
  analysis.all_to_all = UniformAllToAll(platform, survey);
  analysis.all_to_all_cut = FindAllToAllCut(platform, usable);
  analysis.gpu_pair_bandwidth = std::move(survey.bandwidth);
  return analysis;
}

}  // namespace switchyard
