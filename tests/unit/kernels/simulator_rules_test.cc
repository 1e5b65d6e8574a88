// The simulator's capacity rules (sim/routing/capacity) keep the choices that AssignSlots keeps.
#include <gtest/gtest.h>

#include "sim/routing/capacity_rule.h"
#include "tests/unit/kernels/slot_cases.h"

namespace switchyard::kernels {
namespace {

struct Pair {
  CapacityRuleKind rule;
  CapacityOrder order;
  DropBy drop;
  ChoiceOrder choice_order;
};

TEST(SimulatorRules, KeepWhatTheKernelsKeep) {
  constexpr Pair kPairs[] = {{CapacityRuleKind::kPosition, CapacityOrder::kTokenMajor,
                              DropBy::kPosition, ChoiceOrder::kTokenMajor},
                             {CapacityRuleKind::kPosition, CapacityOrder::kChoiceMajor,
                              DropBy::kPosition, ChoiceOrder::kChoiceMajor},
                             {CapacityRuleKind::kProbability, CapacityOrder::kChoiceMajor,
                              DropBy::kWeight, ChoiceOrder::kTokenMajor},
                             {CapacityRuleKind::kDropless, CapacityOrder::kChoiceMajor,
                              DropBy::kNone, ChoiceOrder::kTokenMajor}};
  for (const CaseShape& shape :
       {CaseShape{0, 8, 2}, CaseShape{33, 7, 2}, CaseShape{500, 64, 6}, CaseShape{200, 96, 1}}) {
    RoutedChoices choices = RandomChoices(shape.tokens + 1, shape);
    // What the simulator has not: ids outside the experts that are not kNoExpert, and -inf, which
    // it holds equal to NaN.
    for (std::size_t i = 0; i < choices.expert.size(); ++i) {
      if (choices.expert[i] >= shape.experts) choices.expert[i] = kNoExpert;
      if (choices.weight[i] < -1.0F) choices.weight[i] = -1.0F;
    }
    const LayerRoutes routes{shape.tokens, shape.top_k, shape.experts, choices.expert,
                             choices.weight};
    for (const Pair& pair : kPairs) {
      for (const std::uint32_t eighths : {1U, 5U, 8U, 10U, 64U}) {
        const auto factor = Rational::Parse(std::to_string(eighths) + "/8");
        const auto rule =
            MakeCapacityRule({pair.rule, *factor, CapacityGroup::kGlobal, pair.order, false});
        KeptMask expected = rule->Keep(routes, {1, shape.tokens, {}});
        if (expected.empty()) expected.assign(choices.expert.size(), 1);
        CapacitySpec spec;
        spec.rule.num = eighths;
        spec.rule.den = 8;
        spec.drop = pair.drop;
        spec.order = pair.choice_order;
        const auto slots = Assign(spec, shape.experts, choices);
        KeptMask got;
        for (const std::int32_t slot : slots.slot) got.push_back(slot >= 0);
        EXPECT_EQ(got, expected) << Text(spec) << ", tokens " << shape.tokens;
        EXPECT_EQ(CapacityOf(spec.rule, shape.tokens, shape.experts, shape.top_k),
                  ExpertCapacity(*factor, shape.tokens, shape.top_k, shape.experts));
      }
    }
  }
}

}  // namespace
}  // namespace switchyard::kernels
