#include "topologies/analysis/tree.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include "topologies/analysis/format.h"

namespace switchyard {
namespace {

// Lines for each part; what does not fit is counted.
constexpr std::size_t kMaxNodeKinds = 3;
constexpr std::size_t kMaxNodeLines = 24;  // of all kinds together
constexpr std::size_t kMaxSwitchKinds = 6;

// Alike vertices at one place of the tree, and what hangs below them.
struct Branch {
  std::string name;                    // "gpu"
  std::vector<std::uint32_t> numbers;  // ascending after Fold
  bool numbered = false;
  std::string link;  // "55 GB/s, 0.3 us"
  std::vector<Branch> below;
};

std::string Label(const Branch& branch) {
  return branch.name + (branch.numbered ? Runs(branch.numbers) : "");
}

// What must be equal for two branches to be drawn as one; numbers do not matter.
std::string Shape(const Branch& branch) {
  std::string shape = branch.name + "(" + branch.link;
  for (const Branch& child : branch.below) shape += Shape(child);
  return shape + ")";
}

// Branches alike become one, with the numbers and the children of all. The order of first
// appearance stays.
std::vector<Branch> Fold(std::vector<Branch> branches) {
  std::vector<Branch> folded;
  std::map<std::string, std::size_t> known;
  for (Branch& branch : branches) {
    const auto [at, is_new] = known.emplace(Shape(branch), folded.size());
    if (is_new) {
      folded.push_back(std::move(branch));
      continue;
    }
    Branch& same = folded[at->second];
    same.numbered = true;
    same.numbers.insert(same.numbers.end(), branch.numbers.begin(), branch.numbers.end());
    std::move(branch.below.begin(), branch.below.end(), std::back_inserter(same.below));
  }
  for (Branch& branch : folded) {
    std::sort(branch.numbers.begin(), branch.numbers.end());
    branch.below = Fold(std::move(branch.below));
  }
  return folded;
}

// `parents`: how many vertices the branches hang on together.
void Draw(const std::vector<Branch>& branches, const std::string& indent, std::size_t parents,
          std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < branches.size(); ++i) {
    const Branch& branch = branches[i];
    const bool last = i + 1 == branches.size();
    const std::size_t each = branch.numbers.size() / parents;
    std::string line = indent + (last ? "└─ " : "├─ ");
    if (each > 1) line += fmt::format("{}x ", each);
    line += Label(branch);
    if (!branch.link.empty()) line += "  " + branch.link;
    lines.push_back(std::move(line));
    Draw(branch.below, indent + (last ? "   " : "│  "), branch.numbers.size(), lines);
  }
}

// The tree of one node: PCIe, memory and SSDs below its host bridges, and the other links in it.
class NodeTree {
 public:
  NodeTree(const Platform& platform, const std::vector<VertexId>& vertices)
      : platform_(platform), vertices_(vertices) {
    for (const VertexId v : vertices_) {
      if (platform_.vertex(v).kind == VertexKind::kHostBridge) order_.push_back(v);
    }
    for (const VertexId host : order_) parent_[host] = std::nullopt;
    Grow();
  }

  [[nodiscard]] std::vector<std::string> Lines() const {
    std::vector<Branch> top;
    for (const std::string& text : OtherLinks()) top.push_back({text, {0}, false, "", {}});
    std::vector<Branch> hosts;
    for (const VertexId v : vertices_) {
      if (platform_.vertex(v).kind == VertexKind::kHostBridge) hosts.push_back(At(v));
    }
    hosts = Fold(std::move(hosts));
    std::move(hosts.begin(), hosts.end(), std::back_inserter(top));
    std::vector<std::string> lines;
    Draw(top, "", 1, lines);
    return lines;
  }

 private:
  [[nodiscard]] bool Inside(const Link& link) const {
    return platform_.vertex(link.from).node == platform_.vertex(link.to).node;
  }

  // A memory of several host bridges is below none of them.
  [[nodiscard]] bool IsShared(VertexId v) const {
    return platform_.vertex(v).kind == VertexKind::kHostMemory && platform_.out_links(v).size() > 1;
  }

  // Breadth first from the host bridges, not over NVLink.
  void Grow() {
    for (std::size_t i = 0; i < order_.size(); ++i) {
      for (const LinkId l : platform_.out_links(order_[i])) {
        const Link& link = platform_.link(l);
        const bool climbs = Inside(link) && link.tier != LinkTier::kNvLink;
        if (!climbs || IsShared(link.to) || !parent_.emplace(link.to, l).second) continue;
        order_.push_back(link.to);
        below_[link.from].push_back(l);
      }
    }
  }

  [[nodiscard]] Branch At(VertexId v) const {
    const Vertex& vertex = platform_.vertex(v);
    Branch branch{KindName(platform_, v), {vertex.index}, IsNumbered(v), "", {}};
    const auto parent = parent_.find(v);
    if (parent != parent_.end() && parent->second) {
      branch.link = RateAndLatency(platform_.link(*parent->second));
    }
    for (const LinkId l : platform_.out_links(v)) {
      if (Inside(platform_.link(l))) continue;
      branch.link += fmt::format(" (network {})", RateAndLatency(platform_.link(l)));
      break;
    }
    const auto below = below_.find(v);
    if (below == below_.end()) return branch;
    for (const LinkId l : below->second) branch.below.push_back(At(platform_.link(l).to));
    return branch;
  }

  [[nodiscard]] bool IsNumbered(VertexId v) const {
    const std::string name = platform_.VertexName(v);
    return name.back() >= '0' && name.back() <= '9';
  }

  // "gpu - nvswitch: 8 nvlink links of 370 GB/s, 1.665 us"
  [[nodiscard]] std::vector<std::string> OtherLinks() const {
    using Alike = std::tuple<std::string, std::string, LinkTier, std::string>;
    std::map<Alike, int> counts;
    std::vector<Alike> order;
    for (const VertexId v : vertices_) {
      for (const LinkId l : platform_.out_links(v)) {
        const Link& link = platform_.link(l);
        if (!Inside(link) || IsInTree(l)) continue;
        std::string a = KindName(platform_, v);
        std::string b = KindName(platform_, link.to);
        if (b < a) std::swap(a, b);
        const Alike alike{a, b, link.tier, RateAndLatency(link)};
        if (++counts[alike] == 1) order.push_back(alike);
      }
    }
    std::vector<std::string> texts;
    for (const Alike& alike : order) {
      const auto& [a, b, tier, rate] = alike;
      const int links = (counts[alike] + 1) / 2;  // counted from both ends
      texts.push_back(fmt::format("{} - {}: {} {} {} of {}", a, b, links, ToString(tier),
                                  links == 1 ? "link" : "links", rate));
    }
    return texts;
  }

  // In either direction.
  [[nodiscard]] bool IsInTree(LinkId l) const {
    const Link& link = platform_.link(l);
    const auto joins = [this](VertexId child, VertexId parent) {
      const auto up = parent_.find(child);
      return up != parent_.end() && up->second && platform_.link(*up->second).from == parent;
    };
    return joins(link.to, link.from) || joins(link.from, link.to);
  }

  const Platform& platform_;
  const std::vector<VertexId>& vertices_;
  std::vector<VertexId> order_;
  std::map<VertexId, std::optional<LinkId>> parent_;  // the link from the parent; of hosts none
  std::map<VertexId, std::vector<LinkId>> below_;
};

std::string Cut(const std::vector<std::string>& lines, std::size_t most) {
  std::string text;
  const bool fits = lines.size() <= most;
  const std::size_t shown = fits ? lines.size() : most - 1;
  for (std::size_t i = 0; i < shown; ++i) text += lines[i] + "\n";
  if (!fits) text += fmt::format("   ... {} more lines\n", lines.size() - shown);
  return text;
}

std::string Nodes(const Platform& platform) {
  std::map<std::uint32_t, std::vector<VertexId>> vertices;
  for (std::size_t v = 0; v < platform.vertices().size(); ++v) {
    const std::uint32_t node = platform.vertices()[v].node;
    if (node != kNoNode) vertices[node].emplace_back(v);
  }
  std::map<std::vector<std::string>, std::vector<std::uint32_t>> alike;
  std::vector<std::vector<std::string>> order;
  for (const auto& [node, inside] : vertices) {
    const std::vector<std::string> lines = NodeTree(platform, inside).Lines();
    std::vector<std::uint32_t>& nodes = alike[lines];
    if (nodes.empty()) order.push_back(lines);
    nodes.push_back(node);
  }
  std::string out;
  const std::size_t kinds = std::min(order.size(), kMaxNodeKinds);
  for (std::size_t i = 0; i < kinds; ++i) {
    const std::vector<std::uint32_t>& nodes = alike[order[i]];
    out += nodes.size() == 1 ? fmt::format("node {}\n", nodes[0])
                             : fmt::format("nodes {}: {} alike\n", Runs(nodes), nodes.size());
    out += Cut(order[i], kMaxNodeLines / kinds);
  }
  if (order.size() > kMaxNodeKinds) {
    out += fmt::format("... {} more kinds of nodes\n", order.size() - kMaxNodeKinds);
  }
  return out;
}

// Switches of the fabric with the same neighbours.
std::string Fabric(const Platform& platform) {
  std::vector<Branch> switches;
  for (std::size_t i = 0; i < platform.vertices().size(); ++i) {
    const VertexId v(i);
    if (platform.vertex(v).node != kNoNode) continue;
    std::map<std::pair<std::string, std::string>, int> neighbours;
    for (const LinkId l : platform.out_links(v)) {
      const Link& link = platform.link(l);
      ++neighbours[{KindName(platform, link.to), RateAndLatency(link)}];
    }
    std::string text;
    for (const auto& [neighbour, count] : neighbours) {
      text += fmt::format("{}{}x {} {}", text.empty() ? "to " : "; ", count, neighbour.first,
                          neighbour.second);
    }
    switches.push_back({KindName(platform, v), {platform.vertex(v).index}, false, text, {}});
  }
  if (switches.empty()) return "";
  switches = Fold(std::move(switches));
  const std::size_t kinds = switches.size();
  if (kinds > kMaxSwitchKinds) switches.resize(kMaxSwitchKinds);
  std::vector<std::string> lines;
  Draw(switches, "", 1, lines);
  std::string out = "fabric\n";
  for (const std::string& line : lines) out += line + "\n";
  if (kinds > kMaxSwitchKinds) {
    out += fmt::format("   ... {} more kinds of switches\n", kinds - kMaxSwitchKinds);
  }
  return out;
}

}  // namespace

std::string Runs(const std::vector<std::uint32_t>& ascending) {
  constexpr int kMaxRuns = 4;
  std::string text;
  int runs = 0;
  for (std::size_t i = 0; i < ascending.size();) {
    std::size_t end = i + 1;
    while (end < ascending.size() && ascending[end] == ascending[end - 1] + 1) ++end;
    if (++runs > kMaxRuns) return text + ",...";
    text += fmt::format("{}{}", text.empty() ? "" : ",", ascending[i]);
    if (end - i > 1) text += fmt::format("-{}", ascending[end - 1]);
    i = end;
  }
  return text;
}

std::string DrawTree(const Platform& platform) { return Nodes(platform) + Fabric(platform); }

}  // namespace switchyard
