// The terminal reports: the tree with the main figures, and the check.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "topologies/analysis/format.h"
#include "topologies/analysis/report.h"
#include "topologies/analysis/tree.h"

namespace switchyard {
namespace {

constexpr std::size_t kMaxPairLines = 5;

std::string Counts(const TopologyAnalysis& analysis) {
  const auto several = [](std::size_t count, const char* what) {
    return fmt::format("{} {}{}", count, what, count == 1 ? "" : "s");
  };
  return several(analysis.num_gpus, "GPU") + ", " + several(analysis.num_nics, "NIC") + ", " +
         several(analysis.num_nodes, "node") + "\n";
}

std::string Unreachable(const TopologyAnalysis& analysis) {
  if (analysis.unreachable_pairs == 0) return "";
  return fmt::format("unreachable: {} ordered pairs of GPUs\n", analysis.unreachable_pairs);
}

std::string Pairs(const Platform& platform, const TopologyAnalysis& analysis) {
  if (analysis.pairs.empty()) return "";
  std::string out = fmt::format("pairs of GPUs ({} paths):\n", analysis.path_selector);
  for (std::size_t i = 0; i < std::min(analysis.pairs.size(), kMaxPairLines); ++i) {
    const PairSummary& summary = analysis.pairs[i];
    const PairClass& pairs = summary.pairs;
    out += fmt::format("  {} to {} ({} alike): {} over {} links, {}",
                       platform.VertexName(platform.gpu(pairs.from)),
                       platform.VertexName(platform.gpu(pairs.to)), pairs.pairs,
                       Gigabytes(pairs.bandwidth), pairs.links, Micros(pairs.latency));
    if (summary.max_flow) out += fmt::format("; max-flow {}", Gigabytes(*summary.max_flow));
    out += "\n";
  }
  if (analysis.pairs.size() > kMaxPairLines) {
    out += fmt::format("  ... {} more kinds of pairs\n", analysis.pairs.size() - kMaxPairLines);
  }
  return out;
}

std::string Failures(const Platform& platform, const FailurePoints& points) {
  constexpr std::size_t kMaxShown = 6;
  std::vector<std::string> names;
  for (const VertexId v : points.vertices) names.push_back(platform.VertexName(v));
  for (const LinkId l : points.links) names.push_back(platform.LinkName(l));
  if (names.empty()) return "single points of failure: none\n";
  const std::size_t shown = std::min(names.size(), kMaxShown);
  const auto end = names.begin() + static_cast<std::ptrdiff_t>(shown);
  const std::string out = fmt::format("single points of failure: {} ({}", names.size(),
                                      fmt::join(names.begin(), end, ", "));
  return out + (shown < names.size() ? ", ...)\n" : ")\n");
}

std::string Cut(const Bisection& bisection) {
  std::string parts;
  for (std::size_t tier = 0; tier < kNumLinkTiers; ++tier) {
    if (bisection.cut[tier].value <= 0) continue;
    if (!parts.empty()) parts += ", ";
    parts.append(ToString(static_cast<LinkTier>(tier)));
    parts.append(" ").append(Gigabytes(bisection.cut[tier]));
  }
  return parts;
}

std::string Halves(const TopologyAnalysis& analysis) {
  if (!analysis.bisection) return "";
  return fmt::format("bisection: {} ({})\n", Gigabytes(analysis.bisection->bandwidth),
                     Cut(*analysis.bisection));
}

std::string AllToAll(const Platform& platform, const TopologyAnalysis& analysis) {
  const double peers = static_cast<double>(analysis.num_gpus) - 1;
  const auto line = [&](Seconds per_byte) {
    constexpr double kMega = 1e6;
    return fmt::format("at most {} per GPU, {} for 1 MB to each",
                       Gigabytes({peers / per_byte.value}), Duration(per_byte * kMega));
  };
  std::string out;
  if (analysis.all_to_all) {
    out += fmt::format("uniform all-to-all: {} (these paths; limited by {})\n",
                       line(analysis.all_to_all->per_byte),
                       platform.LinkName(analysis.all_to_all->bottleneck));
  }
  if (analysis.all_to_all_cut) {
    const AllToAllCut& cut = *analysis.all_to_all_cut;
    out += fmt::format("uniform all-to-all: {} (any paths; {} GPUs from {} send {})\n",
                       line(cut.per_byte), cut.gpus, platform.VertexName(platform.gpu(cut.first)),
                       Gigabytes(cut.max_flow));
  }
  return out;
}

std::string Layers(const Platform& platform, const TopologyAnalysis& analysis) {
  std::string out;
  for (const Oversubscription& layer : analysis.oversubscription) {
    out += fmt::format("oversubscription {} to {}{}: {:.4g} at {} ({})\n", ToString(layer.from),
                       layer.sideways ? "other " : "", ToString(layer.to), layer.ratio,
                       platform.VertexName(layer.at), ToString(layer.tier));
  }
  return out;
}

}  // namespace

std::string ToText(const Platform& platform, const TopologyAnalysis& analysis) {
  return Counts(analysis) + DrawTree(platform) + Unreachable(analysis) + Pairs(platform, analysis) +
         Halves(analysis);
}

std::string ToCheckText(const Platform& platform, const TopologyAnalysis& analysis) {
  return Counts(analysis) + Unreachable(analysis) + Pairs(platform, analysis) + Halves(analysis) +
         AllToAll(platform, analysis) + Layers(platform, analysis) +
         Failures(platform, analysis.failure_points);
}

}  // namespace switchyard
