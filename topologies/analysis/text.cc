// The terminal report: trees of the nodes, the fabric, and the figures.
#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include "topologies/analysis/report.h"

namespace switchyard {
namespace {

std::string Gigabytes(BytesPerSecond rate) { return fmt::format("{:.6g} GB/s", rate.value / 1e9); }
std::string Micros(Seconds time) { return fmt::format("{:.4g} us", time.value * 1e6); }

// "gpu5" of "n003.gpu5": nodes alike then look alike.
std::string ShortName(const Platform& platform, VertexId v) {
  const std::string name = platform.VertexName(v);
  return name.substr(name.find('.') + 1);
}

std::string Attached(const Platform& platform, LinkId l) {
  return ShortName(platform, platform.link(l).to) + " " + Gigabytes(platform.link(l).capacity);
}

// One line of a tree and what hangs below it.
struct Branch {
  std::string text;
  std::vector<Branch> below;
};

void Draw(const std::vector<Branch>& branches, const std::string& indent, std::string& out) {
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const bool last = i + 1 == branches.size();
    out.append(indent).append(last ? "└─ " : "├─ ").append(branches[i].text).append("\n");
    Draw(branches[i].below, indent + (last ? "   " : "│  "), out);
  }
}

// What hangs on `v` further from the host bridge.
std::vector<Branch> Below(const Platform& platform, VertexId v) {
  std::vector<Branch> branches;
  for (const LinkId l : platform.out_links(v)) {
    const VertexId child = platform.link(l).to;
    const VertexKind kind = platform.vertex(child).kind;
    if (kind == VertexKind::kHostBridge) continue;  // further up, or another socket
    if (kind == VertexKind::kPcieSwitch) {
      if (platform.vertex(v).kind == VertexKind::kHostBridge) {
        branches.push_back({Attached(platform, l), Below(platform, child)});
      }
      continue;
    }
    std::string text = Attached(platform, l);
    for (const LinkId out : platform.out_links(child)) {
      if (platform.link(out).tier == LinkTier::kNic) {
        text += fmt::format(" (network {})", Gigabytes(platform.link(out).capacity));
      }
    }
    branches.push_back({text, {}});
  }
  return branches;
}

std::string NodeTree(const Platform& platform, std::uint32_t node) {
  std::vector<Branch> branches;
  if (const auto plane = platform.Find(VertexKind::kNvSwitch, node, 0)) {
    const auto links = platform.out_links(*plane);
    std::string text = fmt::format("nvswitch: {} GPUs", links.size());
    if (!links.empty()) text += " at " + Gigabytes(platform.link(links[0]).capacity);
    branches.push_back({text, {}});
  }
  for (std::uint32_t socket = 0;; ++socket) {
    const auto host = platform.Find(VertexKind::kHostBridge, node, socket);
    if (!host) break;
    const std::string number = socket > 0 ? " " + std::to_string(socket) : "";
    branches.push_back({"host bridge" + number, Below(platform, *host)});
  }
  std::string out;
  Draw(branches, "", out);
  return out;
}

// Runs of neighbouring nodes with the same tree, each drawn once.
std::string Nodes(const Platform& platform) {
  std::string out;
  const auto nodes = static_cast<std::uint32_t>(platform.num_nodes());
  for (std::uint32_t first = 0, end = 0; first < nodes; first = end) {
    const std::string tree = NodeTree(platform, first);
    for (end = first + 1; end < nodes && NodeTree(platform, end) == tree;) ++end;
    out += end - first == 1
               ? fmt::format("n{:03}\n", first)
               : fmt::format("n{:03} .. n{:03}: {} nodes alike\n", first, end - 1, end - first);
    out += tree;
  }
  return out;
}

std::string Fabric(const Platform& platform) {
  const auto leaves = platform.OfKind(VertexKind::kLeafSwitch);
  if (leaves.empty()) return "";
  std::string out = fmt::format("fabric: {} leaf switches", leaves.size());
  for (const LinkId l : platform.out_links(leaves[0])) {
    if (platform.link(l).tier == LinkTier::kLeafSpine) {
      out += fmt::format(", each {} to the spine", Gigabytes(platform.link(l).capacity));
    }
  }
  return out + "\n";
}

std::string Pairs(const Platform& platform, const TopologyAnalysis& analysis) {
  std::string out;
  for (const PairSummary& summary : analysis.pairs) {
    const PairClass& pairs = summary.pairs;
    out += fmt::format("  {} to {} ({} alike): {} over {} links, {}; max-flow {}\n",
                       platform.VertexName(platform.gpu(pairs.from)),
                       platform.VertexName(platform.gpu(pairs.to)), pairs.pairs,
                       Gigabytes(pairs.bandwidth), pairs.links, Micros(pairs.latency),
                       Gigabytes(summary.max_flow));
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

std::string Figures(const Platform& platform, const TopologyAnalysis& analysis) {
  std::string out;
  if (analysis.unreachable_pairs > 0) {
    out += fmt::format("unreachable: {} ordered pairs of GPUs\n", analysis.unreachable_pairs);
  }
  if (!analysis.pairs.empty()) {
    out += fmt::format("pairs of GPUs ({} paths):\n", analysis.path_selector);
    out += Pairs(platform, analysis);
  }
  if (analysis.bisection) {
    out += fmt::format("bisection: {} ({})\n", Gigabytes(analysis.bisection->bandwidth),
                       Cut(*analysis.bisection));
  }
  if (analysis.all_to_all) {
    const double peers = static_cast<double>(analysis.num_gpus - 1);
    out += fmt::format("uniform all-to-all: at most {} per GPU, limited by {}\n",
                       Gigabytes({peers / analysis.all_to_all->per_byte.value}),
                       platform.LinkName(analysis.all_to_all->bottleneck));
  }
  for (const Oversubscription& tier : analysis.oversubscription) {
    out += fmt::format("oversubscription towards {}: {:.4g} at {}\n", ToString(tier.tier),
                       tier.ratio, platform.VertexName(tier.at));
  }
  return out + Failures(platform, analysis.failure_points);
}

}  // namespace

std::string ToText(const Platform& platform, const TopologyAnalysis& analysis) {
  return fmt::format("{} GPUs, {} NICs, {} {}\n", analysis.num_gpus, analysis.num_nics,
                     analysis.num_nodes, analysis.num_nodes == 1 ? "node" : "nodes") +
         Nodes(platform) + Fabric(platform) + Figures(platform, analysis);
}

}  // namespace switchyard
