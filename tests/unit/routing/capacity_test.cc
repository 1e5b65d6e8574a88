// Who is dropped: every rule recounted by brute force, capacities exact, and the properties that
// hold for any routes.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include "sim/base/rng.h"
#include "sim/routing/capacity_rule.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kRanks = 4;
constexpr std::uint32_t kExperts = 12;
constexpr std::uint32_t kTopK = 3;

// Skewed random routes with many equal weights, so that ties matter.
LayerRoutes RandomRoutes(std::uint64_t seed, std::uint32_t tokens, bool weighted) {
  LayerRoutes routes{tokens, kTopK, kExperts, {}, {}};
  Rng rng(seed);
  for (std::uint32_t t = 0; t < tokens; ++t) {
    std::vector<ExpertIndex> token;
    while (token.size() < kTopK) {
      const auto e = static_cast<ExpertIndex>(std::min(rng.Below(kExperts), rng.Below(kExperts)));
      if (std::find(token.begin(), token.end(), e) == token.end()) token.push_back(e);
    }
    if (rng.Below(8) == 0) token.back() = kNoExpert;
    routes.expert.insert(routes.expert.end(), token.begin(), token.end());
    for (std::uint32_t j = 0; weighted && j < kTopK; ++j) {
      routes.weight.push_back(static_cast<float>(rng.Below(6)) / 8.0F);
    }
  }
  return routes;
}

struct Case {
  CapacityRuleKind rule;
  CapacityGroup group;
  CapacityOrder order;
};

// Whether choice a is served before choice b, straight from the definition.
bool Before(const Case& c, const LayerRoutes& routes, std::size_t a, std::size_t b) {
  const auto place = [&](std::size_t i) {
    const std::size_t token = i / kTopK;
    const std::size_t choice = i % kTopK;
    if (c.rule == CapacityRuleKind::kProbability) {
      const float key = routes.weight.empty() ? -static_cast<float>(choice) : routes.weight[i];
      return std::tuple(-key, token, choice);
    }
    return c.order == CapacityOrder::kTokenMajor
               ? std::tuple(0.0F, token, choice)
               : std::tuple(static_cast<float>(choice), token, choice);
  };
  return place(a) < place(b);
}

// Quadratic recount: a choice is kept iff fewer than `capacity` choices for the same buffer are
// served before it.
KeptMask BruteForce(const Case& c, Rational factor, const LayerRoutes& routes,
                    const CapacityContext& context) {
  const bool by_rank = c.rule == CapacityRuleKind::kSenderDestination;
  const bool per_sender = by_rank || c.group == CapacityGroup::kSender;
  const std::uint64_t tokens = per_sender ? context.tokens_per_rank : routes.tokens;
  const std::uint64_t slots = tokens * kTopK * factor.numerator;
  const std::uint64_t shares = std::uint64_t{factor.denominator} * (by_rank ? kRanks : kExperts);
  const std::uint64_t capacity = (slots + shares - 1) / shares;
  const auto buffer = [&](std::size_t i) {
    const ExpertIndex e = routes.expert[i];
    const std::size_t sender = per_sender ? i / kTopK / context.tokens_per_rank : 0;
    return std::pair<std::size_t, std::size_t>(
        sender, by_rank ? std::size_t{context.rank_for(static_cast<std::uint32_t>(sender), e)}
                        : std::size_t{e});
  };
  KeptMask kept(routes.expert.size(), 0);
  for (std::size_t i = 0; i < kept.size(); ++i) {
    if (routes.expert[i] == kNoExpert) continue;
    std::uint64_t ahead = 0;
    for (std::size_t other = 0; other < kept.size(); ++other) {
      if (routes.expert[other] == kNoExpert || buffer(other) != buffer(i)) continue;
      ahead += Before(c, routes, other, i) ? 1 : 0;
    }
    kept[i] = ahead < capacity;
  }
  return kept;
}

// Equal blocks of experts; the second replica of each, one rank on, serves every other sender.
std::uint32_t RankFor(std::uint32_t sender, ExpertIndex expert) {
  return (expert / (kExperts / kRanks) + sender % 2) % kRanks;
}

class EveryRule : public testing::TestWithParam<
                      std::tuple<CapacityRuleKind, CapacityGroup, CapacityOrder, bool>> {
 protected:
  static constexpr std::uint32_t kTokensPerRank = 17;
  static constexpr std::uint32_t kTokens = kRanks * kTokensPerRank - 5;  // a last sender with fewer

  EveryRule()
      : case_{std::get<0>(GetParam()), std::get<1>(GetParam()), std::get<2>(GetParam())},
        routes_(RandomRoutes(7, kTokens, std::get<3>(GetParam()))) {}

  KeptMask Keep(Rational factor) const {
    return MakeCapacityRule({case_.rule, factor, case_.group, case_.order, false})
        ->Keep(routes_, context_);
  }

  Case case_;
  LayerRoutes routes_;
  CapacityContext context_{kRanks, kTokensPerRank, RankFor};
};

TEST_P(EveryRule, AgreesWithTheDefinition) {
  for (const Rational factor : {Rational{1, 4}, Rational{1, 1}, Rational{5, 4}, Rational{2, 1}}) {
    EXPECT_EQ(Keep(factor), BruteForce(case_, factor, routes_, context_))
        << "factor " << factor.ToString();
  }
}

TEST_P(EveryRule, KeepsEverythingWhenTheBuffersAreLargeEnough) {
  // A factor of num_experts gives every buffer room for all choices.
  const KeptMask dropless = MakeCapacityRule({})->Keep(routes_, context_);
  EXPECT_EQ(Keep({kExperts, 1}), dropless);
}

TEST_P(EveryRule, NeverDropsMoreWithALargerFactor) {
  KeptMask smaller(routes_.expert.size(), 0);
  for (std::uint32_t eighths = 0; eighths <= 24; ++eighths) {
    const auto factor = Rational::Parse(std::to_string(eighths) + "/8");
    ASSERT_TRUE(factor.has_value());
    const KeptMask kept = Keep(*factor);
    for (std::size_t i = 0; i < kept.size(); ++i) {
      EXPECT_GE(kept[i], smaller[i]) << "choice " << i << ", factor " << factor->ToString();
    }
    smaller = kept;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Rules, EveryRule,
    testing::Combine(testing::Values(CapacityRuleKind::kPosition, CapacityRuleKind::kProbability,
                                     CapacityRuleKind::kSenderDestination),
                     testing::Values(CapacityGroup::kGlobal, CapacityGroup::kSender),
                     testing::Values(CapacityOrder::kTokenMajor, CapacityOrder::kChoiceMajor),
                     testing::Bool()));

TEST(ExpertCapacity, IsExact) {
  // ceil(1.1 * 10 * 1 / 1) = ceil(11) = 11; in doubles 1.1 * 10 = 11.000000000000002, ceil 12.
  EXPECT_EQ(ExpertCapacity({11, 10}, 10, 1, 1), 11U);
  EXPECT_EQ(ExpertCapacity({11, 10}, 1, 10, 1), 11U);
  // ceil(1.2 * 100 / 8) = ceil(15) = 15; float32 arithmetic gives 16.
  EXPECT_EQ(ExpertCapacity({6, 5}, 100, 1, 8), 15U);
  // ceil(1.25 * 4096 * 8 / 256) = 160, and one more token rounds up.
  EXPECT_EQ(ExpertCapacity({5, 4}, 4096, 8, 256), 160U);
  EXPECT_EQ(ExpertCapacity({5, 4}, 4097, 8, 256), 161U);
  EXPECT_EQ(ExpertCapacity({1, 1}, 0, 8, 256), 0U);
}

// Two experts, top-1 choices of four tokens, capacity ceil(1 * 4 * 1 / 2) = 2.
TEST(CapacityRules, ServeInTheOrderOfTheirName) {
  const LayerRoutes routes{4, 1, 2, {0, 0, 0, 1}, {0.2F, 0.9F, 0.5F, 0.1F}};
  const CapacityContext context{1, 4, {}};
  CapacitySpec spec;
  spec.rule = CapacityRuleKind::kPosition;
  EXPECT_EQ(MakeCapacityRule(spec)->Keep(routes, context), (KeptMask{1, 1, 0, 1}))
      << "expert 0 keeps the first two";
  spec.rule = CapacityRuleKind::kProbability;
  EXPECT_EQ(MakeCapacityRule(spec)->Keep(routes, context), (KeptMask{0, 1, 1, 1}))
      << "expert 0 keeps weights 0.9 and 0.5";
}

TEST(CapacityRules, OrderANotANumberLast) {
  const LayerRoutes routes{3, 1, 1, {0, 0, 0}, {std::nanf(""), 0.0F, 0.1F}};
  CapacitySpec spec;
  spec.rule = CapacityRuleKind::kProbability;
  spec.factor = {2, 3};  // capacity ceil(2/3 * 3) = 2
  EXPECT_EQ(MakeCapacityRule(spec)->Keep(routes, {1, 3, {}}), (KeptMask{0, 1, 1}));
}

TEST(CapacityRules, AcceptAStepWithoutTokens) {
  for (const auto rule : {CapacityRuleKind::kDropless, CapacityRuleKind::kPosition,
                          CapacityRuleKind::kProbability, CapacityRuleKind::kSenderDestination}) {
    CapacitySpec spec;
    spec.rule = rule;
    EXPECT_TRUE(
        MakeCapacityRule(spec)->Keep({0, kTopK, kExperts, {}, {}}, {kRanks, 0, RankFor}).empty());
  }
}

}  // namespace
}  // namespace switchyard
