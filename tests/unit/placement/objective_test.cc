// Each term of the objective by hand, and the routes of tokens that they are counted from.
#include "sim/placement/objective.h"

#include <gtest/gtest.h>

#include "sim/base/rng.h"
#include "sim/placement/split/token_routes.h"
#include "sim/placement/split/token_split.h"

namespace switchyard::testing {
namespace {

// 4 experts, 4 ranks in 2 nodes, 1 slot each.
constexpr PlacementShape kShape{4, 4, 2, 1, 1};
const Placement kInOrder(4, 1, 4, {0, 1, 2, 3});

// Senders 0, 1, 2, 3. Experts are on ranks of the same number.
const LayerRoutes kRoutes{4, 2, 4, {0, 1, 2, 3, 3, 0, 1, 0}, {}};

TEST(Objective, ComputeIsTheSlowestRanksTilesAndActiveExperts) {
  // Tokens of experts 0..3: 3, 2, 1, 2. In tiles of 2 rows: 4, 2, 2, 2. Rank 0: 4 * 1 ms + 10 ms.
  ObjectiveCosts costs;
  costs.seconds_per_token = 1e-3;
  costs.seconds_per_active_expert = 10e-3;
  costs.gemm_tile_rows = 2;
  const ObjectiveTerms terms =
      Evaluate(kInOrder, {kShape, TokenSplit::kUniform, {&kRoutes, 1}}, costs);
  EXPECT_DOUBLE_EQ(terms.compute_s, 14e-3);
  EXPECT_DOUBLE_EQ(terms.total_s, 14e-3);
  EXPECT_EQ(terms.inter_node_s + terms.intra_node_s + terms.migration_s, 0);
}

TEST(Objective, CopiesCrossNodesOncePerNodeAndAreForwardedInside) {
  // Token 0 from rank 0: ranks 0, 1. Between nodes nothing; inside: 0 -> 1.
  // Token 1 from rank 1: ranks 2, 3. One copy node 0 -> 1, enters at rank 3; inside: 3 -> 2.
  // Token 2 from rank 2: ranks 3, 0. Inside 2 -> 3; one copy node 1 -> 0, enters at rank 0.
  // Token 3 from rank 3: ranks 1, 0. One copy node 1 -> 0, enters at rank 1; inside: 1 -> 0.
  // Node 1 sends two copies, node 0 receives two: 2 * (7 + 13) bytes at 10 B/s. Inside one copy at
  // most from or to one rank: 20 bytes at 40 B/s.
  ObjectiveCosts costs;
  costs.dispatch_bytes = 7;
  costs.combine_bytes = 13;
  costs.node_bandwidth = 10;
  costs.rank_bandwidth = 40;
  costs.inter_node_weight = 3;
  const ObjectiveTerms terms =
      Evaluate(kInOrder, {kShape, TokenSplit::kUniform, {&kRoutes, 1}}, costs);
  EXPECT_DOUBLE_EQ(terms.inter_node_s, 4);
  EXPECT_DOUBLE_EQ(terms.intra_node_s, 0.5);
  EXPECT_DOUBLE_EQ(terms.total_s, 3 * 4 + 0.5);
}

TEST(Objective, MigrationIsSpreadOverTheStepsBetweenReplans) {
  // Experts 2 and 3 change places: 2 slots of 100 bytes at 50 B/s, spread over 8 steps.
  const Placement swapped(4, 1, 4, {0, 1, 3, 2});
  ObjectiveCosts costs;
  costs.expert_bytes = 100;
  costs.migration_bandwidth = 50;
  costs.steps_between_replans = 8;
  EXPECT_DOUBLE_EQ(Evaluate(swapped, {kShape, {}, {}, &kInOrder}, costs).migration_s, 0.5);
  EXPECT_DOUBLE_EQ(Evaluate(swapped, {kShape, {}, {}, &swapped}, costs).migration_s, 0);
  EXPECT_DOUBLE_EQ(Evaluate(swapped, {kShape, {}, {}}, costs).total_s, 0);
}

TEST(Objective, IsTheMeanOverWindows) {
  ObjectiveCosts costs;
  costs.seconds_per_token = 1;
  const std::vector<LayerRoutes> windows = {kRoutes, {4, 1, 4, {1, 1, 1, 1}, {}}};
  // Rank 0 has 3 tokens in the first, rank 1 has 4 in the second.
  EXPECT_DOUBLE_EQ(Evaluate(kInOrder, {kShape, TokenSplit::kUniform, windows}, costs).compute_s,
                   3.5);
}

TEST(TokenRoutes, LocalFirstTakesRankThenNodeThenTurn) {
  // Expert 0 on ranks 0 and 3, expert 1 on 1, 2 on 2. Senders 0, 1, 2, 3 choose expert 0.
  const Placement placement(4, 1, 3, {0, 1, 2, 0});
  const LayerRoutes routes{4, 1, 3, {0, 0, 0, 0}, {}};
  EXPECT_EQ(RouteTokens(placement, {3, 4, 2, 1, 1}, routes, TokenSplit::kLocalFirst),
            (std::vector<std::uint32_t>{0, 0, 3, 3}));
  // Nodes of one rank: ranks 1 and 2 have no replica near and take turns: 1 % 2 and 2 % 2.
  EXPECT_EQ(RouteTokens(placement, {3, 4, 1, 1, 1}, routes, TokenSplit::kLocalFirst),
            (std::vector<std::uint32_t>{0, 3, 0, 3}));
}

TEST(TokenRoutes, ServeWhatTheSplitGivesEachSlot) {
  Rng rng(1, Stream("objective_test"));
  const PlacementShape shape{6, 4, 2, 2, 1};
  const Placement placement(4, 2, 6, {0, 1, 2, 0, 3, 4, 5, 1});
  LayerRoutes routes{101, 2, 6, {}, {}};
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    const auto first = static_cast<ExpertIndex>(rng.Below(6));
    routes.expert.push_back(first);
    routes.expert.push_back(t % 9 == 0 ? kNoExpert : static_cast<ExpertIndex>((first + 1) % 6));
  }
  std::vector<std::int64_t> counts;
  for (const double count : CountChoices(routes)) counts.push_back(static_cast<int>(count));
  for (const TokenSplit split : {TokenSplit::kUniform, TokenSplit::kLp}) {
    std::vector<std::int64_t> served(placement.num_slots());
    const std::vector<std::uint32_t> slots = RouteTokens(placement, shape, routes, split);
    for (std::size_t i = 0; i < slots.size(); ++i) {
      ASSERT_EQ(slots[i] == kNoSlot, routes.expert[i] == kNoExpert);
      if (slots[i] == kNoSlot) continue;
      EXPECT_EQ(placement.expert_of_slot()[slots[i]], routes.expert[i]);
      ++served[slots[i]];
    }
    EXPECT_EQ(served, SplitTokens(placement, counts, split));
  }
}

}  // namespace
}  // namespace switchyard::testing
