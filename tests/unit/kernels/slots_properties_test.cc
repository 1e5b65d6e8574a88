// What holds for any choices, whatever the rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

#include "sim/base/rng.h"
#include "tests/unit/kernels/slot_cases.h"

namespace switchyard::kernels {
namespace {

constexpr CaseShape kShape{301, 24, 4};

std::size_t Dropped(const reference::Slots& slots) {
  const auto wanted = std::accumulate(slots.wanted.begin(), slots.wanted.end(), std::size_t{0});
  const auto kept = std::accumulate(slots.kept.begin(), slots.kept.end(), std::size_t{0});
  return wanted - kept;
}

class EveryRule : public testing::TestWithParam<std::size_t> {
 protected:
  static CapacitySpec Spec(std::uint32_t num, std::uint32_t den) {
    return EverySpec(num, den)[GetParam()];
  }
  const RoutedChoices choices_ = RandomChoices(17, kShape);
};

TEST_P(EveryRule, GivesTheSlotsOfAnExpertWithoutGaps) {
  const auto slots = Assign(Spec(1, 1), kShape.experts, choices_);
  std::vector<std::vector<std::int32_t>> of(kShape.experts);
  for (std::size_t i = 0; i < slots.slot.size(); ++i) {
    if (slots.slot[i] >= 0) of[choices_.expert[i]].push_back(slots.slot[i]);
  }
  for (std::size_t e = 0; e < kShape.experts; ++e) {
    std::sort(of[e].begin(), of[e].end());
    std::vector<std::int32_t> expected(slots.kept[e]);
    std::iota(expected.begin(), expected.end(), 0);
    EXPECT_EQ(of[e], expected) << "expert " << e;
  }
}

TEST_P(EveryRule, CountsWhatIsWantedAndKept) {
  const CapacitySpec spec = Spec(1, 1);
  const auto slots = Assign(spec, kShape.experts, choices_);
  std::vector<std::uint32_t> wanted(kShape.experts, 0);
  for (const std::uint16_t e : choices_.expert) {
    if (e < kShape.experts) ++wanted[e];
  }
  EXPECT_EQ(slots.wanted, wanted);
  const auto dropped = std::count(slots.slot.begin(), slots.slot.end(), -1);
  const auto none = std::count_if(choices_.expert.begin(), choices_.expert.end(),
                                  [](std::uint16_t e) { return e >= kShape.experts; });
  EXPECT_EQ(static_cast<std::size_t>(dropped - none), Dropped(slots));
  if (spec.drop == DropBy::kNone) return;
  const std::uint32_t capacity = CapacityOf(spec.rule, kShape.tokens, kShape.experts, kShape.top_k);
  EXPECT_LE(*std::max_element(slots.kept.begin(), slots.kept.end()), capacity);
}

// T slots hold whatever T tokens with distinct choices can want. kNoTokenLeftBehind keeps one
// choice of every token that has any.
TEST_P(EveryRule, DropsNothingWithASlotForEveryToken) {
  const CapacitySpec spec = Spec(kShape.experts, 1);
  ASSERT_GE(CapacityOf(spec.rule, kShape.tokens, kShape.experts, kShape.top_k), kShape.tokens);
  const auto slots = Assign(spec, kShape.experts, choices_);
  if (spec.drop != DropBy::kNoTokenLeftBehind) {
    EXPECT_EQ(Dropped(slots), 0U);
    return;
  }
  for (std::size_t t = 0; t < kShape.tokens; ++t) {
    std::size_t wanted = 0;
    std::size_t kept = 0;
    for (std::size_t i = t * kShape.top_k; i < (t + 1) * kShape.top_k; ++i) {
      wanted += choices_.expert[i] < kShape.experts;
      kept += slots.slot[i] >= 0;
    }
    EXPECT_EQ(kept, std::min<std::size_t>(wanted, 1)) << "token " << t;
  }
}

TEST_P(EveryRule, NeverDropsMoreWithMoreSlots) {
  std::size_t before = choices_.expert.size();
  for (std::uint32_t eighths = 1; eighths <= 24; ++eighths) {
    const std::size_t dropped = Dropped(Assign(Spec(eighths, 8), kShape.experts, choices_));
    EXPECT_LE(dropped, before) << eighths << "/8";
    before = dropped;
  }
}

// By weight, which tokens come first is nobody's business as long as no two weights are equal:
// permuting the tokens permutes who is kept. The others serve by place or by a draw per place.
TEST_P(EveryRule, IgnoresTheOrderOfTokensWhereItServesByWeight) {
  const CapacitySpec spec = Spec(3, 4);
  if (spec.drop != DropBy::kWeight && spec.drop != DropBy::kTokenPriority) return;
  RoutedChoices distinct = choices_;
  for (std::size_t i = 0; i < distinct.weight.size(); ++i) {
    distinct.weight[i] = static_cast<float>(i * 7919 % distinct.weight.size());
  }
  std::vector<std::uint32_t> from(kShape.tokens);
  std::iota(from.begin(), from.end(), 0U);
  Rng rng(5);
  for (std::size_t t = from.size(); t > 1; --t) std::swap(from[t - 1], from[rng.Below(t)]);
  RoutedChoices permuted = distinct;
  const auto row = [](auto& values, std::size_t t) {
    return values.begin() + static_cast<std::ptrdiff_t>(t * kShape.top_k);
  };
  for (std::size_t t = 0; t < from.size(); ++t) {
    std::copy_n(row(distinct.expert, from[t]), kShape.top_k, row(permuted.expert, t));
    std::copy_n(row(distinct.weight, from[t]), kShape.top_k, row(permuted.weight, t));
  }
  const auto expected = Assign(spec, kShape.experts, distinct);
  const auto got = Assign(spec, kShape.experts, permuted);
  EXPECT_EQ(got.kept, expected.kept);
  const bool by_priority = spec.slots == SlotOrder::kPriority;
  for (std::size_t t = 0; t < from.size(); ++t) {
    for (std::size_t k = 0; k < kShape.top_k; ++k) {
      const std::int32_t there = got.slot[t * kShape.top_k + k];
      const std::int32_t here = expected.slot[from[t] * kShape.top_k + k];
      EXPECT_EQ(by_priority ? there : there >= 0, by_priority ? here : here >= 0) << t;
    }
  }
}

// The six rules of EverySpec, eight specifications each; an order of choices and of slots each.
INSTANTIATE_TEST_SUITE_P(Rules, EveryRule, testing::Range<std::size_t>(0, 48),
                         [](const auto& param) {
                           std::string name = Text(EverySpec(1, 1)[param.param]);
                           name.resize(name.find(" factor"));
                           std::erase(name, ' ');
                           return name;
                         });

}  // namespace
}  // namespace switchyard::kernels
