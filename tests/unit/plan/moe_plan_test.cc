// Are choices conserved between routes, capacity, micro-batches and expert rows?
#include "sim/plan/moe_plan.h"

#include <gtest/gtest.h>

#include <numeric>

#include "tests/unit/plan/scenarios.h"

namespace switchyard::testing {
namespace {

std::uint64_t Sum(const std::vector<std::uint32_t>& v) {
  return std::accumulate(v.begin(), v.end(), std::uint64_t{0});
}

MoePlan PlanOrFail(const Scenario& scenario) {
  Result<MoePlan> plan = PlanExperts(scenario);
  if (!plan.ok()) {
    ADD_FAILURE() << ToString(plan.errors());
    return {};
  }
  return std::move(plan).value();
}

TEST(MoePlan, EveryChoiceIsComputedWithoutCapacity) {
  const MoePlan plan = PlanOrFail(SmallScenario());
  ASSERT_EQ(plan.layers.size(), 2u) << "3 layers, the first dense";
  for (const MoeLayerPlan& layer : plan.layers) {
    EXPECT_EQ(Sum(layer.chosen), 64u * 8 * 2) << "tokens x devices x top-2";
    EXPECT_EQ(layer.kept, layer.chosen);
    EXPECT_EQ(layer.rows, layer.kept);
    EXPECT_EQ(layer.dropped, 0u);
  }
}

TEST(MoePlan, MicroBatchesSplitEveryRanksTokens) {
  Scenario scenario = SmallScenario();
  const MoePlan whole = PlanOrFail(scenario);
  scenario.workload.micro_batches = 2;
  const MoePlan halves = PlanOrFail(scenario);
  for (std::uint32_t layer = 0; layer < whole.moe_layers; ++layer) {
    for (std::size_t e = 0; e < 16; ++e) {
      EXPECT_EQ(halves.at(layer, 0).chosen[e] + halves.at(layer, 1).chosen[e],
                whole.at(layer, 0).chosen[e])
          << "the same choices, layer " << layer << ", expert " << e;
    }
    EXPECT_EQ(Sum(halves.at(layer, 0).chosen), Sum(whole.at(layer, 0).chosen) / 2);
  }
}

TEST(MoePlan, CapacityBoundsEveryExpertAndConservesChoices) {
  Scenario scenario = SmallScenario();
  scenario.capacity = {CapacityRuleKind::kPosition,
                       {1, 1},
                       CapacityGroup::kGlobal,
                       CapacityOrder::kChoiceMajor,
                       false};
  for (const MoeLayerPlan& layer : PlanOrFail(scenario).layers) {
    for (const std::uint32_t kept : layer.kept) {
      EXPECT_LE(kept, 64u) << "ceil(1 x 512 tokens x 2 / 16 experts)";
    }
    EXPECT_EQ(Sum(layer.kept) + layer.dropped, Sum(layer.chosen));
    EXPECT_GT(layer.dropped, 0u) << "uniform choices do not fill 16 buffers exactly";
  }
}

TEST(MoePlan, PaddingSendsAndComputesWholeBuffers) {
  Scenario scenario = SmallScenario();
  scenario.communication.all_to_all = AllToAllForm::kFlat;
  scenario.capacity = {CapacityRuleKind::kPosition,
                       {5, 4},
                       CapacityGroup::kSender,
                       CapacityOrder::kChoiceMajor,
                       true};
  for (const MoeLayerPlan& layer : PlanOrFail(scenario).layers) {
    for (const std::uint32_t rows : layer.rows) {
      EXPECT_EQ(rows, 8u * 10u) << "8 senders x ceil(5/4 x 64 x 2 / 16) slots";
    }
    EXPECT_EQ(layer.copies.size(), 8u * 7u) << "every pair";
    for (const Copies& c : layer.copies) EXPECT_EQ(c.count, 2u * 10u) << "2 experts x 10 slots";
  }
}

// Two groups of four devices: as two steps of four devices with the tokens of each.
TEST(MoePlan, TokensStayInTheirExpertParallelGroup) {
  Scenario scenario = SmallScenario();
  scenario.parallelism.expert = 4;
  const MoePlan plan = PlanOrFail(scenario);
  EXPECT_EQ(plan.groups, 2u);
  for (const MoeLayerPlan& layer : plan.layers) {
    ASSERT_EQ(layer.chosen.size(), 2u * 16) << "each group has all 16 experts";
    for (const std::uint32_t group : {0u, 1u}) {
      const auto begin = layer.chosen.begin() + group * 16;
      EXPECT_EQ(std::accumulate(begin, begin + 16, 0u), 64u * 4 * 2) << "its own tokens x top-2";
    }
    for (const Copies& c : layer.copies) EXPECT_EQ(c.from / 4, c.to / 4) << "within the group";
    EXPECT_FALSE(
        std::equal(layer.chosen.begin(), layer.chosen.begin() + 16, layer.chosen.begin() + 16))
        << "different tokens";
  }
}

// 32 ranks for 16 experts: two replicas of each, chosen by the sender's parity.
TEST(MoePlan, MoreRanksThanExpertsReplicate) {
  Scenario scenario = SmallScenario();
  scenario.cluster.nodes = 8;
  scenario.parallelism.expert = 32;
  scenario.communication.all_to_all = AllToAllForm::kFlat;
  for (const MoeLayerPlan& layer : PlanOrFail(scenario).layers) {
    EXPECT_EQ(layer.chosen.size(), 32u) << "one slot a rank";
    EXPECT_EQ(Sum(layer.chosen), 64u * 32 * 2);
    for (const Copies& c : layer.copies) {
      EXPECT_EQ(c.from % 2, c.to % 2) << "replicas of expert e are ranks 2e and 2e + 1";
    }
  }
}

TEST(MoePlan, DenseModelHasNoLayers) {
  Scenario scenario = SmallScenario();
  scenario.model.moe.reset();
  scenario.model.dense_layers = {0, 1, 2};
  EXPECT_TRUE(PlanOrFail(scenario).layers.empty());
}

TEST(MoePlan, MissingTraceIsAnErrorThatNamesTheFile) {
  Scenario scenario = SmallScenario();
  scenario.routing = TraceRouting{"no_such.trace", 0};
  const Result<MoePlan> plan = PlanExperts(scenario);
  ASSERT_FALSE(plan.ok());
  EXPECT_NE(ToString(plan.errors()).find("no_such.trace"), std::string::npos);
}

}  // namespace
}  // namespace switchyard::testing
