// Is our EPLB the published one? Its own example, and a slow derivation from its description.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include "sim/base/rng.h"
#include "sim/placement/policy.h"
#include "tests/unit/placement/cases.h"

namespace switchyard::testing {
namespace {

std::vector<int> SlotsOf(const Placement& placement) {
  const auto slots = placement.expert_of_slot();
  return {slots.begin(), slots.end()};
}

// README of github.com/deepseek-ai/EPLB: 12 experts in 4 groups, 8 GPUs in 2 nodes, 16 replicas.
TEST(Eplb, GivesThePublishedExample) {
  const PlacementShape shape{12, 8, 4, 2, 4};
  const auto policy = MakePlacementPolicy(PlacementKind::kEplbHierarchical);
  const std::vector<double> first = {90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86};
  const std::vector<double> second = {20, 107, 104, 64, 19, 197, 187, 157, 172, 86, 16, 27};
  EXPECT_EQ(SlotsOf(policy->Place(ProblemOf(shape, first))),
            (std::vector<int>{5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1}));
  EXPECT_EQ(SlotsOf(policy->Place(ProblemOf(shape, second))),
            (std::vector<int>{7, 10, 6, 8, 6, 11, 8, 9, 2, 4, 5, 1, 5, 0, 3, 1}));
}

// Bin of each item by the definition: of the items not yet placed the heaviest, to the lightest of
// the bins with room; every choice a search over everything.
std::vector<std::size_t> SlowPacking(const std::vector<float>& weights, std::size_t bins) {
  const std::size_t items = weights.size();
  std::vector<std::size_t> bin_of(items, bins);
  if (items == bins) {
    std::iota(bin_of.begin(), bin_of.end(), std::size_t{0});
    return bin_of;
  }
  std::vector<float> sum(bins);
  std::vector<std::size_t> held(bins);
  for (std::size_t step = 0; step < items; ++step) {
    std::size_t item = items;
    for (std::size_t i = 0; i < items; ++i) {
      if (bin_of[i] == bins && (item == items || weights[i] > weights[item])) item = i;
    }
    std::size_t bin = bins;
    for (std::size_t b = 0; b < bins; ++b) {
      if (held[b] < items / bins && (bin == bins || sum[b] < sum[bin])) bin = b;
    }
    bin_of[item] = bin;
    sum[bin] += weights[item];
    ++held[bin];
  }
  return bin_of;
}

// Load of each rank of a node (or of everything) after replication and packing.
std::vector<float> SlowNode(const std::vector<float>& loads, std::size_t slots, std::size_t ranks) {
  std::vector<int> count(loads.size(), 1);
  std::vector<std::size_t> expert(loads.size());
  std::iota(expert.begin(), expert.end(), std::size_t{0});
  const auto per_replica = [&](std::size_t e) { return loads[e] / static_cast<float>(count[e]); };
  while (expert.size() < slots) {
    std::size_t best = 0;
    for (std::size_t e = 1; e < loads.size(); ++e) {
      if (per_replica(e) > per_replica(best)) best = e;
    }
    ++count[best];
    expert.push_back(best);
  }
  std::vector<float> weights(slots);
  for (std::size_t i = 0; i < slots; ++i) weights[i] = per_replica(expert[i]);
  const std::vector<std::size_t> rank_of = SlowPacking(weights, ranks);
  std::vector<float> sums(ranks);
  for (std::size_t i = 0; i < slots; ++i) sums[rank_of[i]] += weights[i];
  return sums;
}

float Max(const std::vector<float>& values) {
  return *std::max_element(values.begin(), values.end());
}

float SlowHierarchical(const PlacementShape& shape, const std::vector<float>& loads) {
  const std::size_t group_size = shape.experts / shape.expert_groups;
  std::vector<float> groups(shape.expert_groups);
  for (std::size_t e = 0; e < loads.size(); ++e) groups[e / group_size] += loads[e];
  const std::vector<std::size_t> node_of = SlowPacking(groups, shape.nodes());
  float largest = 0;
  for (std::size_t node = 0; node < shape.nodes(); ++node) {
    std::vector<float> own;
    for (std::size_t e = 0; e < loads.size(); ++e) {
      if (node_of[e / group_size] == node) own.push_back(loads[e]);
    }
    const auto sums = SlowNode(own, shape.slots() / shape.nodes(), shape.ranks_per_node);
    largest = std::max(largest, Max(sums));
  }
  return largest;
}

float MaxLoad(const Placement& placement, const std::vector<float>& loads) {
  std::vector<float> sums(placement.ranks());
  for (std::uint32_t slot = 0; slot < placement.num_slots(); ++slot) {
    const ExpertIndex e = placement.expert_of_slot()[slot];
    sums[placement.RankOf(slot)] += loads[e] / static_cast<float>(placement.SlotsOf(e).size());
  }
  return Max(sums);
}

// The bound is the rounding of sums of at most 40 single-precision loads taken in another order:
// 40 x 2^-24, 2.4e-6.
constexpr float kRounding = 2.5e-6f;

TEST(Eplb, EqualsASlowDerivationOn100RandomCases) {
  Rng rng(1, Stream("eplb_test"));
  for (int round = 0; round < 100; ++round) {
    const auto nodes = static_cast<std::uint32_t>(1 + rng.Below(4));
    const auto ranks_per_node = static_cast<std::uint32_t>(1 + rng.Below(4));
    const auto groups = nodes * static_cast<std::uint32_t>(1 + rng.Below(3));
    const auto experts = groups * static_cast<std::uint32_t>(1 + rng.Below(8));
    const std::uint32_t ranks = nodes * ranks_per_node;
    const auto slots = (experts + ranks - 1) / ranks + static_cast<std::uint32_t>(rng.Below(3));
    const PlacementShape shape{experts, ranks, ranks_per_node, slots, groups};
    std::vector<double> loads;
    for (std::uint32_t e = 0; e < experts; ++e) {
      loads.push_back(std::floor(1000.0 * std::exp(1.2 * rng.Normal())));
    }
    const std::vector<float> weights(loads.begin(), loads.end());
    const auto problem = ProblemOf(shape, loads);
    const float global = Max(SlowNode(weights, shape.slots(), shape.ranks));
    const auto own = MakePlacementPolicy(PlacementKind::kEplb)->Place(problem);
    EXPECT_NEAR(MaxLoad(own, weights), global, kRounding * global) << "round " << round;
    const float hierarchical = SlowHierarchical(shape, weights);
    const auto nested = MakePlacementPolicy(PlacementKind::kEplbHierarchical)->Place(problem);
    EXPECT_NEAR(MaxLoad(nested, weights), hierarchical, kRounding * hierarchical)
        << "round " << round;
    EXPECT_TRUE(Verify(own, experts).empty());
    EXPECT_TRUE(Verify(nested, experts).empty());
  }
}

TEST(Eplb, HierarchicalIsGlobalWhenNodesDoNotDivideGroups) {
  const PlacementShape shape{12, 6, 2, 3, 4};  // 4 groups, 3 nodes
  const auto problem = ProblemOf(shape, {9, 3, 7, 1, 8, 2, 6, 4, 5, 9, 2, 1});
  EXPECT_EQ(SlotsOf(MakePlacementPolicy(PlacementKind::kEplbHierarchical)->Place(problem)),
            SlotsOf(MakePlacementPolicy(PlacementKind::kEplb)->Place(problem)));
}

// 4 experts of loads 8, 6, 4, 2 and 2 redundant slots: 8 and 6 are doubled. Replicas in order of
// load, of equals the lower index: 0:4, 2:4, 0:4, 1:3, 1:3, 3:2 (replica indices 0, 2, 4, 1, 5, 3).
// Two ranks forth and back: rank 0 gets the 1st, 4th and 5th, rank 1 the 2nd, 3rd and 6th.
TEST(Snake, DealsForthAndBack) {
  const auto problem = ProblemOf({4, 2, 1, 3, 1}, {8, 6, 4, 2});
  EXPECT_EQ(SlotsOf(MakePlacementPolicy(PlacementKind::kSnake)->Place(problem)),
            (std::vector<int>{0, 1, 1, 2, 0, 3}));
}

// 5 experts on 3 ranks with 3 slots: 0 1 2 | 3 4 . and then 0, 1, 2, 3 again: slot 5 (expert 0)
// belongs to rank 2, which does not hold it; slot 6 (expert 1) to rank 0, slot 7 (2) to rank 1,
// slot 8 (3) to rank 2.
TEST(RoundRobin, TakesRanksInTurn) {
  const auto problem = ProblemOf({5, 3, 1, 3, 1}, {1, 1, 1, 1, 1});
  EXPECT_EQ(SlotsOf(MakePlacementPolicy(PlacementKind::kRoundRobin)->Place(problem)),
            (std::vector<int>{0, 3, 1, 1, 4, 2, 2, 0, 3}));
}

// Experts a multiple of ranks: the repeat of an expert would come to the rank that holds it, and
// goes to the next instead. 4 experts, 2 ranks, 3 slots: 0 2 | 1 3, then expert 0 to rank 1.
TEST(RoundRobin, AvoidsTheSameRankTwice) {
  const auto problem = ProblemOf({4, 2, 1, 3, 1}, {1, 1, 1, 1});
  const auto placement = MakePlacementPolicy(PlacementKind::kRoundRobin)->Place(problem);
  EXPECT_EQ(SlotsOf(placement), (std::vector<int>{0, 2, 1, 1, 3, 0}));
  EXPECT_EQ(WastedSlots(placement), 0u);
}

}  // namespace
}  // namespace switchyard::testing
