// Are placements fitted to other tokens than those that judge them?
#include "sim/plan/experts/step_windows.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <span>
#include <vector>

#include "sim/plan/experts/place_experts.h"
#include "sim/plan/moe_plan.h"
#include "tests/unit/plan/scenarios.h"

namespace switchyard::testing {
namespace {

Scenario Zipfian() {
  Scenario scenario = SmallScenario();
  scenario.routing = ZipfRouting{1.0};
  return scenario;
}

StepWindows OpenOrFail(const Scenario& scenario, WindowUse use, std::uint32_t windows) {
  auto opened = StepWindows::Open(scenario, use, windows);
  EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : ToString(opened.errors()));
  return std::move(opened).value();
}

double Sum(std::span<const double> loads) {
  return std::accumulate(loads.begin(), loads.end(), 0.0);
}

TEST(StepWindows, AWindowIsOneGroupsStep) {
  const StepWindows windows = OpenOrFail(Zipfian(), WindowUse::kFit, 3);
  EXPECT_EQ(windows.windows(), 3u);
  EXPECT_EQ(windows.tokens_per_window(), 8u * 64) << "ranks x tokens_per_device";
  const WindowLoads loads = windows.Loads(1);
  ASSERT_EQ(loads.windows(), 3u);
  for (std::uint32_t w = 0; w < 3; ++w) {
    EXPECT_EQ(Sum(loads.Window(w)), 8 * 64 * 2) << "tokens x top-2";
    EXPECT_EQ(windows.Window(1, w).expert, SliceTokens(windows.Routes(1), w * 512ULL, 512).expert);
  }
}

TEST(StepWindows, OfAGeneratorTheStepItselfIsHeldOut) {
  const Scenario scenario = Zipfian();
  const StepWindows held_out = OpenOrFail(scenario, WindowUse::kHeldOut, 8);
  const StepWindows fit = OpenOrFail(scenario, WindowUse::kFit, 8);
  const MoePlan plan = PlanExperts(scenario).value();
  const WindowLoads loads = held_out.Loads(0);
  const std::span<const double> counts = loads.Window(0);
  for (std::uint32_t e = 0; e < 16; ++e) {
    EXPECT_EQ(counts[e], plan.layers[0].chosen[e]) << "the first held-out window is the step";
  }
  for (std::uint32_t w = 0; w < 8; ++w) {
    for (std::uint32_t f = 0; f < 8; ++f) {
      EXPECT_NE(held_out.Window(0, w).expert, fit.Window(0, f).expert);
    }
  }
}

TEST(PlaceExperts, AFittedPolicyBalancesALayerBetterThanLinear) {
  Scenario scenario = Zipfian();
  scenario.placement.policy = PlacementKind::kEplb;
  scenario.placement.redundant_experts = 8;
  const auto most = [](const MoePlan& plan, std::uint32_t layer) {
    std::vector<std::uint64_t> tokens(8);
    const MoeLayerPlan& part = plan.layers[layer];
    for (std::size_t s = 0; s < part.kept.size(); ++s) tokens[plan.DeviceOfSlot(s)] += part.kept[s];
    return *std::max_element(tokens.begin(), tokens.end());
  };
  const MoePlan eplb = PlanExperts(scenario).value();
  scenario.placement = {};
  const MoePlan linear = PlanExperts(scenario).value();
  ASSERT_EQ(eplb.placements.size(), 2u) << "a placement for each MoE layer";
  EXPECT_NE(eplb.placements[0].expert_of_slot()[0], eplb.placements[1].expert_of_slot()[0])
      << "zipf shuffles popularity by layer, seed 1: the hottest experts differ";
  for (const std::uint32_t layer : {0u, 1u}) {
    EXPECT_LT(most(eplb, layer), most(linear, layer)) << "layer " << layer;
  }
}

TEST(PlaceExperts, SplitsConserveEveryChoice) {
  for (const ReplicaChoice split : {ReplicaChoice::kBySender, ReplicaChoice::kByToken,
                                    ReplicaChoice::kLocalFirst, ReplicaChoice::kLp}) {
    Scenario scenario = Zipfian();
    scenario.placement.policy = PlacementKind::kEplb;
    scenario.placement.redundant_experts = 8;
    scenario.placement.split = split;
    const MoePlan plan = PlanExperts(scenario).value();
    std::uint64_t kept = 0;
    for (const MoeLayerPlan& layer : plan.layers) {
      for (const std::uint32_t k : layer.kept) kept += k;
    }
    EXPECT_EQ(kept, 2u * 8 * 64 * 2) << "layers x tokens x top-2";
  }
}

}  // namespace
}  // namespace switchyard::testing
