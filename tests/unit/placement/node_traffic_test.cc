// Nodes that tokens visit, counted by hand.
#include <gtest/gtest.h>

#include "sim/placement/evaluate.h"

namespace switchyard::testing {
namespace {

// 4 experts, 2 ranks of 2 slots in nodes of 1.
constexpr PlacementShape kTwoNodes{4, 2, 1, 2, 1};

TEST(NodeTraffic, CountsDistinctNodesAndThoseThatAreNotTheSenders) {
  const Placement placement(2, 2, 4, {0, 1, 2, 3});
  const LayerRoutes routes{4, 2, 4, {0, 1, 0, 2, 2, 3, 0, 1}, {}};
  const NodeTraffic traffic = CountNodeTraffic(placement, kTwoNodes, routes);
  // Nodes of the tokens: {0}, {0, 1}, {1}, {0}; the senders are ranks 0, 0, 1, 1.
  EXPECT_DOUBLE_EQ(traffic.nodes_per_token, 5.0 / 4);
  EXPECT_DOUBLE_EQ(traffic.remote_copies_per_token, 2.0 / 4);  // token 1 to node 1, 3 to node 0
  EXPECT_DOUBLE_EQ(traffic.node_balancedness, 4.0 / 5);        // 5 and 3 choices
}

TEST(NodeTraffic, AReplicatedExpertIsServedWhereTheTokenIsAnyway) {
  // 3 ranks in nodes of 1; expert 0 on all of them.
  const PlacementShape shape{4, 3, 1, 2, 1};
  const Placement placement(3, 2, 4, {0, 1, 0, 2, 0, 3});
  // Token 0, sender 0: expert 0 at home. Token 1, sender 1: expert 3 on node 2, 0 at home.
  // Token 2, sender 2: both at home.
  const LayerRoutes routes{3, 2, 4, {0, kNoExpert, 0, 3, 3, 0}, {}};
  const NodeTraffic traffic = CountNodeTraffic(placement, shape, routes);
  EXPECT_DOUBLE_EQ(traffic.nodes_per_token, 4.0 / 3);
  EXPECT_DOUBLE_EQ(traffic.remote_copies_per_token, 1.0 / 3);
}

TEST(NodeTraffic, OfNodesThatAreVisitedAnywayBeforeTheSendersTurn) {
  // Expert 0 on ranks 1 and 2, the sender is rank 0; expert 3 takes the token to rank 2.
  const PlacementShape shape{4, 3, 1, 2, 1};
  const Placement placement(3, 2, 4, {1, kNoExpert, 0, 2, 0, 3});
  const NodeTraffic anyway = CountNodeTraffic(placement, shape, {1, 2, 4, {0, 3}, {}});
  EXPECT_DOUBLE_EQ(anyway.remote_copies_per_token, 1);
  const NodeTraffic turn = CountNodeTraffic(placement, shape, {1, 2, 4, {0, 1}, {}});
  EXPECT_DOUBLE_EQ(turn.nodes_per_token, 2);
  EXPECT_DOUBLE_EQ(turn.remote_copies_per_token, 1);
}

TEST(NodeTraffic, NoTokensNoTraffic) {
  const Placement placement(2, 2, 4, {0, 1, 2, 3});
  const NodeTraffic traffic = CountNodeTraffic(placement, kTwoNodes, {0, 2, 4, {}, {}});
  EXPECT_EQ(traffic.nodes_per_token, 0);
  EXPECT_EQ(traffic.node_balancedness, 1);
}

}  // namespace
}  // namespace switchyard::testing
