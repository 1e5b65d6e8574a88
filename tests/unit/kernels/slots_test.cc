// Slots: small cases worked out by hand, and every rule against the plain reference, bit for bit.
#include "kernels/slots.h"

#include <gtest/gtest.h>

#include "kernels/route_spec.h"
#include "tests/unit/kernels/slot_cases.h"

namespace switchyard::kernels {
namespace {

using Ints = std::vector<std::int32_t>;
using Counts = std::vector<std::uint32_t>;

// Four tokens, top-2 of three experts, two slots each: factor 3/4 of 4 * 2 / 3 is 2.
//   token 0: 0 (.6), 1 (.4)    token 1: 0 (.9), 1 (.1)
//   token 2: 0 (.7), 2 (.3)    token 3: 1 (.8), 0 (.2)
const RoutedChoices kFour{
    {0, 1, 0, 1, 0, 2, 1, 0}, {0.6F, 0.4F, 0.9F, 0.1F, 0.7F, 0.3F, 0.8F, 0.2F}, 4, 2};

reference::Slots AssignFour(DropBy drop, ChoiceOrder order, SlotOrder slots) {
  CapacitySpec spec;
  spec.rule.num = 3;
  spec.rule.den = 4;
  spec.drop = drop;
  spec.order = order;
  spec.slots = slots;
  return Assign(spec, 3, kFour);
}

TEST(AssignSlots, ServesTokenAfterToken) {
  const auto r = AssignFour(DropBy::kPosition, ChoiceOrder::kTokenMajor, SlotOrder::kPriority);
  // Expert 0 fills with tokens 0 and 1, expert 1 with both second choices before token 3's first.
  EXPECT_EQ(r.slot, (Ints{0, 0, 1, 1, -1, 0, -1, -1}));
  EXPECT_EQ(r.wanted, (Counts{4, 3, 1}));
  EXPECT_EQ(r.kept, (Counts{2, 2, 1}));
}

TEST(AssignSlots, ServesFirstChoicesBeforeSecondOnes) {
  const auto r = AssignFour(DropBy::kPosition, ChoiceOrder::kChoiceMajor, SlotOrder::kPriority);
  // Now token 3's first choice of expert 1 comes before token 0's second, and takes slot 0.
  EXPECT_EQ(r.slot, (Ints{0, 1, 1, -1, -1, 0, 0, -1}));
  const auto by_token =
      AssignFour(DropBy::kPosition, ChoiceOrder::kChoiceMajor, SlotOrder::kTokenOrder);
  EXPECT_EQ(by_token.slot, (Ints{0, 0, 1, -1, -1, 0, 1, -1})) << "the same, numbered by token";
}

TEST(AssignSlots, KeepsTheLargestWeights) {
  const auto r = AssignFour(DropBy::kWeight, ChoiceOrder::kTokenMajor, SlotOrder::kPriority);
  // Expert 0: .9, .7 | .6, .2. Expert 1: .8, .4 | .1.
  EXPECT_EQ(r.slot, (Ints{-1, 1, 0, -1, 1, 0, 0, -1}));
}

TEST(AssignSlots, PrefersTokensWithALargeWeight) {
  const auto r =
      AssignFour(DropBy::kTokenPriority, ChoiceOrder::kChoiceMajor, SlotOrder::kPriority);
  // Tokens by largest weight: 1 (.9), 3 (.8), 2 (.7), 0 (.6). First choices: expert 0 takes 1 and
  // 2, expert 1 takes 3. Second choices in the same order: expert 1 takes 1, then it is full.
  EXPECT_EQ(r.slot, (Ints{-1, -1, 0, 1, 1, 0, 0, -1}));
}

TEST(AssignSlots, LeavesNoTokenBehind) {
  const auto r =
      AssignFour(DropBy::kNoTokenLeftBehind, ChoiceOrder::kTokenMajor, SlotOrder::kPriority);
  // Round 1: expert 0 takes tokens 0 and 1, expert 1 token 3. Round 2: only token 2 is left.
  EXPECT_EQ(r.slot, (Ints{0, -1, 1, -1, -1, 0, 0, -1}));
  EXPECT_EQ(r.wanted, (Counts{4, 3, 1})) << "choices that were never tried count too";
}

TEST(AssignSlots, DividesByTheSurvivorsSum) {
  CapacitySpec spec;
  spec.rule.num = 3;
  spec.rule.den = 4;
  spec.drop = DropBy::kPosition;
  spec.order = ChoiceOrder::kChoiceMajor;
  spec.normalise = NormaliseWhen::kAfterDrop;
  const auto r = Assign(spec, 3, kFour);
  // Token 0 keeps both: .6 and .4 of a sum that floats round to 1; tokens 1, 2 and 3 keep one.
  const float sum = 0.6F + 0.4F;
  EXPECT_EQ(r.weight, (std::vector<float>{0.6F / sum, 0.4F / sum, 1, 0, 0, 1, 1, 0}));
  spec.normalise_eps = 0.5F;
  EXPECT_EQ(Assign(spec, 3, kFour).weight[5], 0.3F / 0.5F) << "at least eps";
}

TEST(AssignSlots, WritesRandomDropsThatDependOnTheSeedOnly) {
  CapacitySpec spec;
  spec.drop = DropBy::kRandom;
  const CaseShape shape{512, 8, 2};
  const RoutedChoices choices = RandomChoices(3, shape);
  const auto first = Assign(spec, shape.experts, choices);
  EXPECT_EQ(first.slot, Assign(spec, shape.experts, choices).slot);
  spec.seed = 1;
  EXPECT_NE(first.slot, Assign(spec, shape.experts, choices).slot);
}

class EveryShape : public testing::TestWithParam<CaseShape> {};

// Factors: one choice in four kept, about half, nearly all; 4: more than anyone wants.
TEST_P(EveryShape, AgreesWithTheReference) {
  const CaseShape shape = GetParam();
  const RoutedChoices choices = RandomChoices(shape.tokens + 31 * shape.experts, shape);
  for (const auto& [num, den] : {std::pair(1U, 4U), {1U, 2U}, {5U, 4U}, {4U, 1U}}) {
    for (const CapacitySpec& spec : EverySpec(num, den)) {
      SCOPED_TRACE(Text(spec));
      const std::uint32_t capacity =
          CapacityOf(spec.rule, shape.tokens, shape.experts, shape.top_k);
      const auto expected = reference::AssignSlots(spec, shape.experts, capacity, choices);
      const auto got = Assign(spec, shape.experts, choices);
      ASSERT_EQ(got.slot, expected.slot);
      ASSERT_EQ(got.wanted, expected.wanted);
      ASSERT_EQ(got.kept, expected.kept);
      ASSERT_EQ(Bits(got.weight), Bits(expected.weight));
    }
  }
}

// Sizes beside those of warps and tiles, expert counts that are no power of two, K = E.
INSTANTIATE_TEST_SUITE_P(Sizes, EveryShape,
                         testing::Values(CaseShape{0, 7, 2}, CaseShape{1, 1, 1},
                                         CaseShape{31, 2, 2}, CaseShape{32, 7, 1},
                                         CaseShape{33, 31, 8}, CaseShape{511, 33, 32},
                                         CaseShape{100, 96, 64}, CaseShape{700, 192, 16},
                                         CaseShape{300, 384, 8}, CaseShape{257, 896, 22},
                                         CaseShape{65, 1024, 8}, CaseShape{33, 4096, 64}),
                         [](const auto& param) {
                           return "T" + std::to_string(param.param.tokens) + "E" +
                                  std::to_string(param.param.experts) + "K" +
                                  std::to_string(param.param.top_k);
                         });

TEST(AssignSlots, AgreesWithTheReferenceOnManyTokens) {
  const CaseShape shape{65537, 7, 2};
  const RoutedChoices choices = RandomChoices(9, shape);
  for (const DropBy drop : {DropBy::kPosition, DropBy::kWeight, DropBy::kTokenPriority}) {
    CapacitySpec spec;
    spec.drop = drop;
    spec.order = ChoiceOrder::kChoiceMajor;
    const std::uint32_t capacity = CapacityOf(spec.rule, shape.tokens, shape.experts, shape.top_k);
    const auto expected = reference::AssignSlots(spec, shape.experts, capacity, choices);
    ASSERT_EQ(Assign(spec, shape.experts, choices).slot, expected.slot) << Text(spec);
  }
}

TEST(AssignSlots, NeedsNoWeightsWhereTheRuleUsesNone) {
  RoutedChoices choices = kFour;
  choices.weight.clear();
  for (const DropBy drop :
       {DropBy::kNone, DropBy::kPosition, DropBy::kRandom, DropBy::kNoTokenLeftBehind}) {
    CapacitySpec spec;
    spec.drop = drop;
    spec.normalise = NormaliseWhen::kAfterDrop;
    EXPECT_EQ(Assign(spec, 3, choices).slot, Assign(spec, 3, kFour).slot);
  }
}

TEST(AssignSlots, RefusesWrongArguments) {
  std::vector<std::uint16_t> expert(8);
  std::vector<float> weight(8);
  std::vector<std::int32_t> slot(8);
  Counts counts(6);
  CapacitySpec spec;
  spec.drop = DropBy::kWeight;
  const Choices<Memory::kHost> in{{expert.data(), 4, 2}, {weight.data(), 4, 2}};
  const SlotOutput<Memory::kHost> out{
      {slot.data(), 4, 2}, {counts.data(), 3}, {counts.data() + 3, 3}};
  const auto assign = [&](const auto& c, const auto& o, std::uint32_t experts) {
    return AssignSlots(spec, experts, c, o, {});
  };
  EXPECT_EQ(assign(in, out, 3).code, StatusCode::kWorkspaceTooSmall);
  EXPECT_STREQ(assign(in, out, 4).what, "wanted, kept: one per expert");
  EXPECT_STREQ(assign(in, out, 0).what, "experts: 1 to 4096");
  EXPECT_STREQ(assign(in, out, kMaxExperts + 1).what, "experts: 1 to 4096");
  auto no_weight = in;
  no_weight.weight = {};
  EXPECT_STREQ(assign(no_weight, out, 3).what, "weight: this drop rule needs one per choice");
  auto few = out;
  few.slot.rows = 3;
  EXPECT_STREQ(assign(in, few, 3).what, "slot: one per choice");
  auto wide = in;
  wide.expert.cols = kMaxTopK + 1;
  EXPECT_STREQ(assign(wide, out, 3).what, "top_k: 1 to 64");
  auto huge = in;
  huge.expert.rows = 1U << 30;
  EXPECT_STREQ(assign(huge, out, 3).what, "tokens times top_k: below 2^31");
  spec.rule.den = 0;
  EXPECT_EQ(assign(in, out, 3).code, StatusCode::kInvalidSpec);
}

TEST(AssignSlots, RefusesArraysWithoutMemory) {
  std::vector<std::uint16_t> expert(8);
  std::vector<float> weight(8);
  std::vector<std::int32_t> slot(8);
  Counts counts(6);
  const Choices<Memory::kHost> in{{expert.data(), 4, 2}, {weight.data(), 4, 2}};
  const SlotOutput<Memory::kHost> out{
      {slot.data(), 4, 2}, {counts.data(), 3}, {counts.data() + 3, 3}};
  CapacitySpec spec;
  const auto what = [&](const auto& c, const auto& o) {
    const Status s = AssignSlots(spec, 3, c, o, {});
    EXPECT_EQ(s.code, StatusCode::kInvalidShape);
    return std::string(s.what);
  };
  EXPECT_TRUE(AssignSlots(spec, 3, in, out, {}).ok()) << "no limit needs no workspace";
  auto null_in = in;
  null_in.expert.data = nullptr;
  EXPECT_EQ(what(null_in, out), "expert: no memory given");
  null_in = in;
  null_in.weight.data = nullptr;
  EXPECT_EQ(what(null_in, out), "weight: no memory given");
  for (int array = 0; array < 3; ++array) {
    auto null_out = out;
    if (array == 0) null_out.slot.data = nullptr;
    if (array == 1) null_out.wanted.data = nullptr;
    if (array == 2) null_out.kept.data = nullptr;
    EXPECT_EQ(what(in, null_out), "slot, wanted, kept: no memory given") << array;
  }
  spec.drop = DropBy::kWeight;
  const Status s = AssignSlots(spec, 3, in, out, {nullptr, AssignSlotsWorkspace(spec, 4, 3, 2)});
  EXPECT_STREQ(s.what, "workspace: no memory given");
}

}  // namespace
}  // namespace switchyard::kernels
