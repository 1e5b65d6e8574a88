// The split of tokens over replicas: against an LP solver, by hand, and by what must hold of any.
#include "sim/placement/split/token_split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/base/check.h"
#include "sim/base/rng.h"
#include "tests/unit/placement/split_lp.h"

namespace switchyard::testing {
namespace {

struct Case {
  Placement placement;
  std::vector<double> loads;
};

// Every expert once, the other slots as they come (also twice on a rank, also empty).
Case RandomCase(Rng& rng) {
  const auto ranks = static_cast<std::uint32_t>(1 + rng.Below(12));
  const auto slots_per_rank = static_cast<std::uint32_t>(1 + rng.Below(5));
  const std::uint32_t slots = ranks * slots_per_rank;
  const auto experts = static_cast<std::uint32_t>(1 + rng.Below(slots));
  std::vector<ExpertIndex> of_slot(slots);
  for (std::uint32_t s = 0; s < slots; ++s) {
    const bool empty = s >= experts && rng.Below(8) == 0;
    of_slot[s] = static_cast<ExpertIndex>(s < experts ? s : rng.Below(experts));
    if (empty) of_slot[s] = kNoExpert;
  }
  for (std::uint32_t s = slots; s > 1; --s) std::swap(of_slot[s - 1], of_slot[rng.Below(s)]);
  Case c{Placement(ranks, slots_per_rank, experts, std::move(of_slot)), {}};
  for (std::uint32_t e = 0; e < experts; ++e) {
    c.loads.push_back(rng.Below(6) == 0 ? 0 : std::floor(1000 * std::exp(rng.Normal())));
  }
  return c;
}

double LeastMax(const Placement& placement, std::span<const double> loads) {
  ReplicaFlow<double> flow;
  flow.Reset(placement);
  return flow.Solve(loads);
}

double LargestOf(const std::vector<double>& values) {
  return *std::max_element(values.begin(), values.end());
}

TEST(ReplicaFlow, SharesTheLoadByHand) {
  // Rank 0: experts 0, 1. Rank 1: 1, 2. Rank 2: 2, 3. Loads 8, 4, 4, 1. A = {0}: 8 / 1 = 8; all
  // ranks: 17 / 3; {0, 1}: 12 / 2. The largest is 8: expert 1 goes wholly to rank 1.
  const Placement placement(3, 2, 4, {0, 1, 1, 2, 2, 3});
  const std::vector<double> loads = {8, 4, 4, 1};
  ReplicaFlow<double> flow;
  flow.Reset(placement);
  EXPECT_DOUBLE_EQ(flow.Solve(loads), 8);
  EXPECT_DOUBLE_EQ(flow.served()[1], 0);
  EXPECT_EQ(std::vector<int>(flow.bottleneck().begin(), flow.bottleneck().end()),
            (std::vector<int>{1, 0, 0}));
  // Loads 5, 4, 4, 1: all ranks give 14 / 3 = 4.67, {0}: 5, {0, 1}: 9 / 2. With expert 0 at 4:
  // 13 / 3, no set has more.
  EXPECT_DOUBLE_EQ(flow.Solve(std::vector<double>{5, 4, 4, 1}), 5);
  EXPECT_DOUBLE_EQ(flow.Solve(std::vector<double>{4, 4, 4, 1}), 13.0 / 3);
}

TEST(ReplicaFlow, EqualsTheLpOnRandomPlacements) {
  Rng rng(1, Stream("split_test"));
  for (int i = 0; i < 400; ++i) {
    const Case c = RandomCase(rng);
    const double lp = LeastMaxLoadByLp(c.placement, c.loads);
    // Clp's feasibility tolerance is 1e-7 of rows with loads up to some 1e4.
    EXPECT_NEAR(LeastMax(c.placement, c.loads), lp, 1e-6 * std::max(lp, 1.0)) << "case " << i;
  }
}

TEST(ReplicaFlow, ServesAllLoadAndNamesTheSetThatProvesTheLeast) {
  Rng rng(2, Stream("split_test"));
  ReplicaFlow<double> flow;  // one object for all cases: nothing may stay behind
  for (int i = 0; i < 400; ++i) {
    const Case c = RandomCase(rng);
    flow.Reset(c.placement);
    const double least = flow.Solve(c.loads);
    const double tolerance = 1e-9 * std::accumulate(c.loads.begin(), c.loads.end(), 1.0);
    double inside = 0;  // load of experts all of whose replicas are in the set
    for (std::uint32_t e = 0; e < c.loads.size(); ++e) {
      double served = 0;
      bool all_inside = true;
      for (const std::uint32_t s : c.placement.SlotsOf(e)) {
        EXPECT_GE(flow.served()[s], 0);
        served += flow.served()[s];
        all_inside = all_inside && flow.bottleneck()[c.placement.RankOf(s)] != 0;
      }
      EXPECT_NEAR(served, c.loads[e], tolerance);
      inside += all_inside ? c.loads[e] : 0;
    }
    const auto set_size = std::count(flow.bottleneck().begin(), flow.bottleneck().end(), 1);
    ASSERT_GT(set_size, 0);
    EXPECT_NEAR(inside / static_cast<double>(set_size), least, tolerance) << "case " << i;
    const auto& loads = flow.rank_loads();
    EXPECT_LE(*std::max_element(loads.begin(), loads.end()), least + tolerance);
  }
}

TEST(ReplicaFlow, IsNoWorseThanAnEvenSplitAndOneMoreReplicaNeverHurts) {
  Rng rng(3, Stream("split_test"));
  for (int i = 0; i < 300; ++i) {
    const Case c = RandomCase(rng);
    const double least = LeastMax(c.placement, c.loads);
    const double even = LargestOf(RankLoads(c.placement, c.loads, TokenSplit::kUniform));
    EXPECT_LE(least, even * (1 + 1e-9));
    // One more slot on each rank, one of them filled.
    const std::uint32_t per_rank = c.placement.slots_per_rank();
    std::vector<ExpertIndex> wider;
    for (std::uint32_t s = 0; s < c.placement.num_slots(); ++s) {
      wider.push_back(c.placement.expert_of_slot()[s]);
      if ((s + 1) % per_rank == 0) wider.push_back(kNoExpert);
    }
    const std::uint64_t rank = rng.Below(c.placement.ranks());
    wider[(rank + 1) * (per_rank + 1) - 1] = static_cast<ExpertIndex>(rng.Below(c.loads.size()));
    const Placement more(c.placement.ranks(), per_rank + 1, c.placement.num_experts(), wider);
    EXPECT_LE(LeastMax(more, c.loads), least * (1 + 1e-9));
  }
}

TEST(ReplicaFlow, DoesNotDependOnTheOrderOfRanks) {
  Rng rng(4, Stream("split_test"));
  for (int i = 0; i < 200; ++i) {
    const Case c = RandomCase(rng);
    const std::uint32_t per_rank = c.placement.slots_per_rank();
    std::vector<ExpertIndex> reversed(c.placement.num_slots());
    for (std::uint32_t s = 0; s < c.placement.num_slots(); ++s) {
      const std::uint32_t rank = c.placement.ranks() - 1 - c.placement.RankOf(s);
      reversed[rank * per_rank + s % per_rank] = c.placement.expert_of_slot()[s];
    }
    const Placement other(c.placement.ranks(), per_rank, c.placement.num_experts(), reversed);
    const double least = LeastMax(c.placement, c.loads);
    EXPECT_NEAR(LeastMax(other, c.loads), least, 1e-9 * std::max(1.0, least));
  }
}

TEST(TokenSplit, WholeTokensReachTheLpRoundedUp) {
  Rng rng(5, Stream("split_test"));
  for (int i = 0; i < 400; ++i) {
    const Case c = RandomCase(rng);
    std::vector<std::int64_t> counts;
    for (const double load : c.loads) counts.push_back(static_cast<std::int64_t>(load));
    const double lp = LeastMax(c.placement, c.loads);
    for (const TokenSplit split : {TokenSplit::kUniform, TokenSplit::kLp}) {
      const std::vector<std::int64_t> served = SplitTokens(c.placement, counts, split);
      std::vector<std::int64_t> ranks(c.placement.ranks());
      std::vector<std::int64_t> experts(counts.size());
      for (std::uint32_t s = 0; s < served.size(); ++s) {
        EXPECT_GE(served[s], 0);
        ranks[c.placement.RankOf(s)] += served[s];
        const ExpertIndex e = c.placement.expert_of_slot()[s];
        if (e != kNoExpert) experts[e] += served[s];
      }
      EXPECT_EQ(experts, counts) << "no token is lost or served twice";
      if (split == TokenSplit::kUniform) continue;
      // A flow of integer capacities: the least whole T is the LP's rounded up.
      const std::int64_t largest = *std::max_element(ranks.begin(), ranks.end());
      EXPECT_EQ(largest, static_cast<std::int64_t>(std::ceil(lp - 1e-6))) << "case " << i;
    }
  }
}

TEST(TokenSplit, EvenRestsGoToReplicasInTurn) {
  // 7 tokens over 3 replicas: 2 each and 1 over; expert 1's turn begins at its replica 1.
  const Placement placement(3, 2, 2, {0, 1, 0, 1, 0, 1});
  EXPECT_EQ(SplitTokens(placement, std::vector<std::int64_t>{7, 7}, TokenSplit::kUniform),
            (std::vector<std::int64_t>{3, 2, 2, 3, 2, 2}));
}

TEST(Evaluate, BalancednessIsMeanOverMax) {
  // Rank 0: 0, 1; rank 1: 0, 2. Loads 4, 4, 2: even split 2 + 4 = 6 and 2 + 2 = 4: 5 / 6. The LP
  // moves one token: 5 and 5.
  const Placement placement(2, 2, 3, {0, 1, 0, 2});
  const std::vector<double> loads = {4, 4, 2};
  EXPECT_EQ(RankLoads(placement, loads, TokenSplit::kUniform), (std::vector<double>{6, 4}));
  EXPECT_DOUBLE_EQ(Balancedness(placement, loads, TokenSplit::kUniform), 5.0 / 6);
  EXPECT_DOUBLE_EQ(Balancedness(placement, loads, TokenSplit::kLp), 1);
  WindowLoads windows(3);
  windows.Add(loads);
  windows.Add(std::vector<double>{0, 0, 0});  // nothing is balanced
  windows.Add(std::vector<double>{0, 8, 0});  // rank 0 alone: 4 / 8
  EXPECT_DOUBLE_EQ(MeanBalancedness(placement, windows, TokenSplit::kUniform),
                   (5.0 / 6 + 1 + 0.5) / 3);
  EXPECT_THROW(static_cast<void>(RankLoads(placement, loads, TokenSplit::kLocalFirst)),
               std::logic_error);
}

}  // namespace
}  // namespace switchyard::testing
