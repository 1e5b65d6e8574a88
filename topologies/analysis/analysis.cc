#include "topologies/analysis/analysis.h"

#include <span>
#include <utility>

#include "topologies/analysis/max_flow.h"

namespace switchyard {
namespace {

// The first half of the nodes, or of one node's GPUs; GPUs are numbered node by node.
std::size_t DevicesInFirstHalf(const Platform& platform) {
  if (platform.num_nodes() < 2) return platform.num_devices() / 2;
  std::size_t devices = 0;
  while (platform.node_of(DeviceId(devices)).index() < platform.num_nodes() / 2) ++devices;
  return devices;
}

std::optional<Bisection> Bisect(const Platform& platform, const PairSurvey& survey) {
  if (platform.num_devices() < 2) return std::nullopt;
  const std::span<const VertexId> gpus = platform.OfKind(VertexKind::kGpu);
  const std::size_t half = DevicesInFirstHalf(platform);
  std::vector<bool> used;
  for (const std::uint64_t pairs : survey.pairs_per_link) used.push_back(pairs > 0);
  const MaxFlow flow = FindMaxFlow(platform, gpus.first(half), gpus.subspan(half), used);
  Bisection bisection{flow.bandwidth, {}};
  for (const LinkId l : flow.cut) {
    const Link& link = platform.link(l);
    bisection.cut[static_cast<std::size_t>(link.tier)] += link.capacity;
  }
  return bisection;
}

struct Stage {
  VertexKind below;
  VertexKind at;
  VertexKind above;
  LinkTier up;
};
constexpr std::array<Stage, 2> kStages = {{
    {VertexKind::kGpu, VertexKind::kPcieSwitch, VertexKind::kHostBridge, LinkTier::kPcie},
    {VertexKind::kNic, VertexKind::kLeafSwitch, VertexKind::kSpineSwitch, LinkTier::kLeafSpine},
}};

std::optional<Oversubscription> Narrowest(const Platform& platform, const Stage& stage) {
  std::optional<Oversubscription> narrowest;
  for (const VertexId v : platform.OfKind(stage.at)) {
    BytesPerSecond up;
    BytesPerSecond down;
    for (const LinkId l : platform.out_links(v)) {
      const VertexKind other = platform.vertex(platform.link(l).to).kind;
      if (other == stage.above) up += platform.link(l).capacity;
      if (other == stage.below) down += platform.link(l).capacity;
    }
    if (up.value <= 0) continue;
    const double ratio = down / up;
    if (!narrowest || ratio > narrowest->ratio) narrowest = Oversubscription{stage.up, ratio, v};
  }
  return narrowest;
}

std::vector<PairSummary> Summarize(const Platform& platform, const PairSurvey& survey) {
  std::vector<PairSummary> summaries;
  for (const PairClass& pairs : survey.classes) {
    const VertexId from = platform.gpu(pairs.from);
    const VertexId to = platform.gpu(pairs.to);
    summaries.push_back({pairs, FindMaxFlow(platform, {&from, 1}, {&to, 1}).bandwidth});
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
  for (const Stage& stage : kStages) {
    const auto narrowest = Narrowest(platform, stage);
    if (narrowest) analysis.oversubscription.push_back(*narrowest);
  }
  if (analysis.unreachable_pairs > 0) return analysis;
  PairSurvey survey = SurveyPairs(platform, paths);
  analysis.pairs = Summarize(platform, survey);
  analysis.bisection = Bisect(platform, survey);
  analysis.all_to_all = UniformAllToAll(platform, survey);
  analysis.gpu_pair_bandwidth = std::move(survey.bandwidth);
  return analysis;
}

}  // namespace switchyard
