// Are the rates max-min fair, and are the right flows and links taken together?
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <span>
#include <vector>

#include "sim/base/rng.h"
#include "sim/engine/flow/grouping.h"
#include "sim/engine/flow/max_min.h"
#include "sim/engine/flow/weighted_fill.h"

namespace switchyard::testing {
namespace {

using Paths = std::vector<std::vector<std::uint32_t>>;

Sharing MakeSharing(const std::vector<double>& capacity, const Paths& paths) {
  Sharing s;
  s.capacity = capacity;
  s.num_open = static_cast<std::uint32_t>(paths.size());
  s.gone.assign(paths.size(), 0);
  s.open_flows.assign(capacity.size(), 0);
  s.flow_begin = {0};
  for (const auto& path : paths) {
    for (const std::uint32_t l : path) ++s.open_flows[l];
    s.flow_links.insert(s.flow_links.end(), path.begin(), path.end());
    s.flow_begin.push_back(static_cast<std::uint32_t>(s.flow_links.size()));
  }
  s.link_begin = {0};
  for (std::uint32_t l = 0; l < capacity.size(); ++l) {
    for (std::uint32_t f = 0; f < paths.size(); ++f) {
      if (std::count(paths[f].begin(), paths[f].end(), l) > 0) s.link_flows.push_back(f);
    }
    s.link_begin.push_back(static_cast<std::uint32_t>(s.link_flows.size()));
  }
  return s;
}

TEST(MaxMinFill, TheRestGoesToWhoCanUseIt) {
  // Links of 10 and 4; flows over the first, over both, over the second. The second fills first, at
  // 4 / 2 = 2 each; the first leaves 10 - 2 = 8 to its other flow.
  const Sharing sharing = MakeSharing({10.0, 4.0}, {{0}, {0, 1}, {1}});
  MaxMinFill fill;
  std::vector<double> rate(3);
  fill.Solve(sharing, rate);
  EXPECT_EQ(rate, (std::vector<double>{8.0, 2.0, 2.0}));
  EXPECT_EQ(fill.unused(0), 0.0);
  EXPECT_EQ(fill.unused(1), 0.0);
}

TEST(MaxMinFill, FlowsThatHaveGoneTakeNothing) {
  Sharing sharing = MakeSharing({10.0}, {{0}, {0}, {0}});
  sharing.gone[1] = 1;
  sharing.num_open = sharing.open_flows[0] = 2;
  MaxMinFill fill;
  std::vector<double> rate(3);
  fill.Solve(sharing, rate);
  EXPECT_EQ(rate, (std::vector<double>{5.0, 0.0, 5.0})) << "10 / 2 each";
}

Paths RandomPaths(std::uint32_t links, std::uint32_t flows, Rng& rng) {
  Paths paths(flows);
  for (auto& path : paths) {
    const std::uint64_t length = 1 + rng.Below(5);
    while (path.size() < length) {
      const auto link = static_cast<std::uint32_t>(rng.Below(links));
      if (std::count(path.begin(), path.end(), link) == 0) path.push_back(link);
    }
  }
  return paths;
}

// The definition (Bertsekas, Gallager, section 6.5.2): no link carries more than its capacity, and
// every flow crosses a full link on which no flow is faster.
void ExpectMaxMin(const std::vector<double>& capacity, const Paths& paths,
                  const std::vector<double>& rate) {
  constexpr double kSlack = 1e-9;  // relative: sums of up to 200 rates
  std::vector<double> used(capacity.size());
  std::vector<double> fastest(capacity.size());
  for (std::size_t f = 0; f < paths.size(); ++f) {
    for (const std::uint32_t l : paths[f]) {
      used[l] += rate[f];
      fastest[l] = std::max(fastest[l], rate[f]);
    }
  }
  for (std::size_t l = 0; l < capacity.size(); ++l) EXPECT_LE(used[l], capacity[l] * (1 + kSlack));
  for (std::size_t f = 0; f < paths.size(); ++f) {
    EXPECT_TRUE(std::any_of(paths[f].begin(), paths[f].end(),
                            [&](std::uint32_t l) {
                              return used[l] >= capacity[l] * (1 - kSlack) &&
                                     rate[f] >= fastest[l] * (1 - kSlack);
                            }))
        << "flow " << f << " could go faster";
  }
}

TEST(MaxMinFill, RandomProblemsMeetTheDefinition) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed, Stream("max_min"));
    std::vector<double> capacity(2 + rng.Below(30));
    for (double& c : capacity) c = std::exp(4 * rng.Uniform());
    const auto links = static_cast<std::uint32_t>(std::max<std::size_t>(5, capacity.size()));
    capacity.resize(links, 1.0);
    const Paths paths = RandomPaths(links, static_cast<std::uint32_t>(1 + rng.Below(200)), rng);
    MaxMinFill fill;
    std::vector<double> rate(paths.size());
    fill.Solve(MakeSharing(capacity, paths), rate);
    ExpectMaxMin(capacity, paths, rate);
  }
}

TEST(WeightedFill, SharesInProportionToWeights) {
  // 12 on one link, weights 1 and 3, then another flow of weight 2 that its own link holds to 4.
  const Sharing sharing = MakeSharing({12.0, 4.0}, {{0}, {0}, {0, 1}});
  WeightedFill fill;
  std::vector<double> rate(3);
  fill.Solve(sharing, {1.0, 3.0, 2.0}, rate);
  EXPECT_DOUBLE_EQ(rate[2], 4.0) << "12 x 2 / 6 = 4 = what its own link holds";
  EXPECT_DOUBLE_EQ(rate[0], 2.0) << "(12 - 4) x 1 / 4";
  EXPECT_DOUBLE_EQ(rate[1], 6.0) << "(12 - 4) x 3 / 4";
}

TEST(WeightedFill, EqualWeightsAreMaxMin) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    Rng rng(seed, Stream("weighted_fill"));
    std::vector<double> capacity(12);
    for (double& c : capacity) c = std::exp(4 * rng.Uniform());
    const Paths paths = RandomPaths(12, static_cast<std::uint32_t>(1 + rng.Below(60)), rng);
    WeightedFill fill;
    std::vector<double> rate(paths.size());
    fill.Solve(MakeSharing(capacity, paths), std::vector<double>(paths.size(), 0.25), rate);
    ExpectMaxMin(capacity, paths, rate);
  }
}

// Flows over the given paths, as transfer 0 of a table.
struct Given {
  explicit Given(const Paths& paths) : flows(paths.size()) {
    for (Flow& flow : flows) flow.bytes = {1.0};
    for (std::uint32_t f = 0; f < paths.size(); ++f) {
      for (const std::uint32_t l : paths[f]) links.emplace_back(l);
      path_begin.push_back(static_cast<std::uint32_t>(links.size()));
      tags.push_back({0, f});
    }
    table.Open(0, {flows, links, path_begin});
  }
  std::vector<Flow> flows;
  std::vector<LinkId> links;
  std::vector<std::uint32_t> path_begin = {0};
  std::vector<FlowTag> tags;
  FlowTable table;
};

std::vector<std::uint32_t> FlowsOf(std::span<const FlowTag> tags) {
  std::vector<std::uint32_t> flows;
  for (const FlowTag tag : tags) flows.push_back(tag.flow);
  return flows;
}

TEST(Grouping, FlowsThatShareLinksThroughOthersAreOneGroup) {
  const Given given({{0, 1}, {4}, {2, 3}, {5, 4}, {1, 2}});
  Grouping grouping(6);
  grouping.Split(given.table, given.tags);
  ASSERT_EQ(grouping.num_groups(), 2u);
  EXPECT_EQ(FlowsOf(grouping.group(0)), (std::vector<std::uint32_t>{0, 2, 4})) << "0-1, 1-2, 2-3";
  EXPECT_EQ(FlowsOf(grouping.group(1)), (std::vector<std::uint32_t>{1, 3}));
}

TEST(LinkSet, OfAChainTheNarrowestLinkIsLeft) {
  // 0 > 1 > 2 carry the same flows; 2 is narrowest. 3 carries one of them and another: not covered.
  const Given given({{0, 1, 2}, {0, 1, 2, 3}, {3}});
  const std::vector<double> capacity = {9.0, 8.0, 7.0, 6.0};
  LinkSet links(capacity);
  links.Build(given.table, given.tags);
  std::vector<std::uint32_t> relevant;
  for (const LinkSet::Entry& entry : links.links()) {
    if (entry.index != LinkSet::kIrrelevant) relevant.push_back(entry.link);
  }
  EXPECT_EQ(relevant, (std::vector<std::uint32_t>{2, 3}));
}

TEST(LinkSet, OfEqualLinksOneIsLeft) {
  const Given given({{2, 0, 1}, {1, 2, 0}});
  const std::vector<double> capacity = {5.0, 5.0, 5.0};
  LinkSet links(capacity);
  links.Build(given.table, given.tags);
  EXPECT_EQ(std::count_if(links.links().begin(), links.links().end(),
                          [](const auto& entry) { return entry.index != LinkSet::kIrrelevant; }),
            1);
}

TEST(LinkSet, LeavingOutCoveredLinksChangesNoRate) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Rng rng(seed, Stream("link_set"));
    constexpr std::uint32_t kLinks = 12;
    std::vector<double> capacity(kLinks);
    for (double& c : capacity) c = 1.0 + static_cast<double>(rng.Below(4));
    const Paths paths = RandomPaths(kLinks, static_cast<std::uint32_t>(1 + rng.Below(12)), rng);
    const Given given(paths);
    LinkSet links(capacity);
    links.Build(given.table, given.tags);
    Paths reduced(paths.size());
    std::vector<double> kept;
    for (const LinkSet::Entry& entry : links.links()) {
      if (entry.index != LinkSet::kIrrelevant) kept.push_back(capacity[entry.link]);
    }
    for (std::size_t f = 0; f < paths.size(); ++f) {
      for (const std::uint32_t l : links.path(f)) {
        const std::uint32_t index = links.links()[l].index;
        if (index != LinkSet::kIrrelevant) reduced[f].push_back(index);
      }
    }
    MaxMinFill fill;
    std::vector<double> rate(paths.size());
    fill.Solve(MakeSharing(kept, reduced), rate);
    ExpectMaxMin(capacity, paths, rate);
  }
}

}  // namespace
}  // namespace switchyard::testing
