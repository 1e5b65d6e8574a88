// How many ranks and nodes does a token reach? The traffic forms against combinatorics, for 256
// experts and top-8.
//
// A set of 8 distinct experts drawn uniformly misses the n experts of a given rank (or node) with
// probability C(256-n, 8) / C(256, 8), so it reaches D * (1 - that) of D of them. DeepEP's test
// programs report bandwidth over this number.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <set>

#include "sim/plan/moe_plan.h"
#include "tests/unit/plan/scenarios.h"

namespace switchyard::testing {
namespace {

constexpr std::uint32_t kExperts = 256;
constexpr std::uint32_t kTopK = 8;

double ExpectedDistinct(std::uint32_t destinations) {
  const std::uint32_t own = kExperts / destinations;
  double miss = 1;
  for (std::uint32_t i = 0; i < kTopK; ++i) miss *= double(kExperts - own - i) / (kExperts - i);
  return destinations * (1 - miss);
}

Scenario Uniform(std::uint32_t nodes) {
  Scenario s = SmallScenario();
  s.model.num_layers = 1;
  s.model.dense_layers = {};
  s.model.moe = MoeSpec{kExperts, kTopK, 64, 0, 1, 1, ScoreFunction::kSoftmax};
  s.cluster.nodes = nodes;
  s.cluster.node.gpus = 8;
  s.parallelism.expert = nodes * 8;
  s.workload.tokens_per_device = 32768 / s.parallelism.expert;
  s.communication.all_to_all = AllToAllForm::kRankDedup;
  return s;
}

MoeLayerPlan PlanOf(const Scenario& scenario) {
  Result<MoePlan> plan = PlanExperts(scenario);
  EXPECT_TRUE(plan.ok());
  return plan.value().layers.front();
}

// Copies to other ranks, plus those that stay: a token reaches its own rank as often as any other.
TEST(Destinations, RanksOfUniformTop8) {
  const std::pair<std::uint32_t, double> published[] = {
      {1, 5.295}, {2, 6.52}, {4, 7.27}, {8, 7.68}};
  for (const auto& [nodes, value] : published) {
    const Scenario s = Uniform(nodes);
    const std::uint32_t ranks = nodes * 8;
    double copies = 0;
    for (const Copies& c : PlanOf(s).copies) copies += c.count;
    const double measured = copies / 32768 * ranks / (ranks - 1);
    EXPECT_NEAR(ExpectedDistinct(ranks), value, 0.005) << ranks << " ranks, closed form";
    // 32,768 tokens, spread of one token's count below 1: four standard errors are 4 / sqrt(32768)
    // = 0.022.
    EXPECT_NEAR(measured, value, 0.027) << ranks << " ranks, simulated";
  }
}

// With node_dedup, hop 0 between nodes carries one copy per remote node.
TEST(Destinations, NodesOfUniformTop8) {
  for (const auto& [nodes, value] : {std::pair(2u, 1.993), std::pair(4u, 3.614)}) {
    Scenario s = Uniform(nodes);
    s.communication.all_to_all = AllToAllForm::kNodeDedup;
    double copies = 0;
    for (const Copies& c : PlanOf(s).copies) {
      if (c.from / 8 != c.to / 8) copies += c.count;
    }
    const double measured = copies / 32768 * nodes / (nodes - 1);
    EXPECT_NEAR(ExpectedDistinct(nodes), value, 0.0005) << nodes << " nodes, closed form";
    EXPECT_NEAR(measured, value, 0.022) << nodes << " nodes, simulated";
  }
}

// With 8 groups (one node each) of which a token may use 4, it reaches at most 4 nodes: 3.629 of
// them for choices that are uniform inside the best 4 groups, 4 * (1 - C(96,8) / C(128,8)) by the
// same argument over 128 experts in 4 groups of 32.
TEST(Destinations, GroupLimitedTop8) {
  double miss = 1;
  for (std::uint32_t i = 0; i < kTopK; ++i) miss *= double(128 - 32 - i) / (128 - i);
  EXPECT_NEAR(4 * (1 - miss), 3.629, 0.0005);
  Scenario s = Uniform(8);
  s.model.moe->num_groups = 8;
  s.model.moe->topk_groups = 4;
  s.communication.all_to_all = AllToAllForm::kNodeDedup;
  double copies = 0;
  for (const Copies& c : PlanOf(s).copies) {
    if (c.from / 8 != c.to / 8) copies += c.count;
  }
  const double measured = copies / 32768 * 8 / 7;
  EXPECT_LE(measured, 4.0) << "never more than 4 nodes";
  EXPECT_NEAR(measured, 3.629, 0.05);
}

}  // namespace
}  // namespace switchyard::testing
