// Every generator: the contract of ExpertRouter, the law it claims, group limits, and what it
// refuses.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include "sim/routing/expert_router.h"
#include "sim/routing/fitted_presets.h"

namespace switchyard {
namespace {

std::unique_ptr<ExpertRouter> Make(const RoutingSpec& spec, const RoutingShape& shape,
                                   std::uint64_t seed = 1) {
  auto router = MakeExpertRouter(spec, shape, seed);
  EXPECT_TRUE(router.ok()) << ToString(router.errors());
  return std::move(router).value();
}

FittedRouting Fitted(std::uint32_t tokens_per_request) {
  FittedRouting spec = kFittedPresets[1].routing;
  spec.tokens_per_request = tokens_per_request;
  return spec;
}

std::vector<double> Loads(const LayerRoutes& routes) {
  std::vector<double> loads(routes.num_experts, 0.0);
  for (const ExpertIndex e : routes.expert) loads[e] += 1.0;
  return loads;
}

class Generators : public testing::TestWithParam<RoutingSpec> {};

TEST_P(Generators, GiveDistinctExpertsAndDescendingWeightsThatSumToOne) {
  const RoutingShape shape{2, 700, 40, 6};
  const LayerRoutes routes = Make(GetParam(), shape)->Route(1);
  ASSERT_EQ(routes.expert.size(), 700U * 6);
  ASSERT_EQ(routes.weight.size(), 700U * 6);
  for (std::uint32_t t = 0; t < shape.tokens; ++t) {
    const auto choices = routes.ChoicesOf(t);
    const std::set<ExpertIndex> distinct(choices.begin(), choices.end());
    ASSERT_EQ(distinct.size(), 6U) << "token " << t;
    ASSERT_LT(*distinct.rbegin(), 40U);
    const auto* weights = routes.weight.data() + std::size_t{t} * 6;
    EXPECT_NEAR(std::accumulate(weights, weights + 6, 0.0), 1.0, 1e-5);
    EXPECT_TRUE(std::is_sorted(weights, weights + 6, std::greater<>())) << "token " << t;
  }
}

TEST_P(Generators, AreFunctionsOfSeedAndLayerAlone) {
  const RoutingShape shape{3, 600, 32, 4};
  const auto router = Make(GetParam(), shape, 5);
  const LayerRoutes late = router->Route(2);
  const LayerRoutes early = router->Route(0);
  EXPECT_EQ(router->Route(0).expert, early.expert) << "asked again";
  EXPECT_EQ(Make(GetParam(), shape, 5)->Route(2).expert, late.expert) << "another router";
  EXPECT_NE(early.expert, late.expert) << "layers differ";
  EXPECT_NE(Make(GetParam(), shape, 6)->Route(2).expert, late.expert) << "seeds differ";
}

TEST_P(Generators, GiveALongerStepTheSameFirstTokens) {
  RoutingShape shape{1, 300, 32, 4};
  const LayerRoutes shorter = Make(GetParam(), shape)->Route(0);
  shape.tokens = 900;
  const LayerRoutes longer = Make(GetParam(), shape)->Route(0);
  EXPECT_TRUE(std::equal(shorter.expert.begin(), shorter.expert.end(), longer.expert.begin()));
}

TEST_P(Generators, UseAtMostTopkGroups) {
  RoutingShape shape{1, 2000, 64, 8};
  shape.num_groups = 8;
  shape.topk_groups = 3;
  const LayerRoutes routes = Make(GetParam(), shape)->Route(0);
  std::set<std::size_t> all;
  for (std::uint32_t t = 0; t < shape.tokens; ++t) {
    std::set<std::size_t> groups;
    for (const ExpertIndex e : routes.ChoicesOf(t)) groups.insert(e / 8U);
    EXPECT_LE(groups.size(), 3U) << "token " << t;
    all.insert(groups.begin(), groups.end());
  }
  EXPECT_EQ(all.size(), 8U) << "every group is used by some token";
}

TEST_P(Generators, CanChooseEveryExpert) {
  const RoutingShape shape{1, 50, 9, 9};
  const LayerRoutes routes = Make(GetParam(), shape)->Route(0);
  EXPECT_EQ(Loads(routes), std::vector<double>(9, 50.0));
}

INSTANTIATE_TEST_SUITE_P(Laws, Generators,
                         testing::Values(RoutingSpec(UniformRouting{}),
                                         RoutingSpec(ZipfRouting{0.8}),
                                         RoutingSpec(LogNormalRouting{1.0}), RoutingSpec(Fitted(1)),
                                         RoutingSpec(Fitted(100))));

TEST(Uniform, LoadsPassAChiSquareTest) {
  const RoutingShape shape{1, 20000, 64, 8};
  const LayerRoutes routes = Make(UniformRouting{}, shape)->Route(0);
  const double mean = 20000.0 * 8 / 64;
  double chi2 = 0.0;
  for (const double n : Loads(routes)) chi2 += (n - mean) * (n - mean) / mean;
  // Choices of a token exclude each other: the variance of a load is mean (1 - 8/64), so
  // chi2 / (1 - 1/8) follows a chi-square law with 63 degrees of freedom, sd sqrt(126) = 11.2.
  EXPECT_NEAR(chi2 / (1.0 - 8.0 / 64), 63.0, 5 * std::sqrt(126.0));
}

// Distinct ranks that a token's 8 of 256 experts reach, experts in equal blocks over R ranks: a
// rank is missed when all 8 come from the other 256 - 256/R, so
//   E = R (1 - C(256 - 256/R, 8) / C(256, 8)).
double ExpectedRanks(std::uint32_t ranks) {
  const double others = 256.0 - 256.0 / ranks;
  double missed = 1.0;
  for (int j = 0; j < 8; ++j) missed *= (others - j) / (256.0 - j);
  return ranks * (1.0 - missed);
}

TEST(Uniform, ReachesAsManyRanksAsTheClosedFormSays) {
  constexpr std::uint32_t kTokens = 20000;
  const LayerRoutes routes = Make(UniformRouting{}, {1, kTokens, 256, 8})->Route(0);
  for (const auto& [ranks, published] :
       {std::pair(8U, 5.295), std::pair(16U, 6.52), std::pair(32U, 7.27), std::pair(64U, 7.68)}) {
    EXPECT_NEAR(ExpectedRanks(ranks), published, 0.006) << ranks << " ranks, closed form";
    double sum = 0.0;
    double squares = 0.0;
    for (std::uint32_t t = 0; t < kTokens; ++t) {
      std::set<std::uint32_t> reached;
      for (const ExpertIndex e : routes.ChoicesOf(t)) reached.insert(e / (256 / ranks));
      const auto n = static_cast<double>(reached.size());
      sum += n;
      squares += n * n;
    }
    const double mean = sum / kTokens;
    const double error = std::sqrt((squares / kTokens - mean * mean) / kTokens);
    EXPECT_NEAR(mean, ExpectedRanks(ranks), 5 * error)
        << ranks << " ranks, sampled, standard error " << error;
  }
}

// First choices are drawn in proportion to popularity; the second follow p_b / (1 - p_a).
TEST(Zipf, DrawsInProportionToPopularityWithoutReplacement) {
  constexpr std::uint32_t kTokens = 200000;
  const RoutingShape shape{1, kTokens, 4, 2};
  const LayerRoutes routes = Make(ZipfRouting{1.0}, shape)->Route(0);
  // Popularities 1, 1/2, 1/3, 1/4 over their sum 25/12: 0.48, 0.24, 0.16, 0.12.
  std::vector<double> first(4, 0.0);
  for (std::uint32_t t = 0; t < kTokens; ++t) first[routes.ChoicesOf(t)[0]] += 1.0 / kTokens;
  std::vector<std::uint32_t> by_rank = {0, 1, 2, 3};
  std::sort(by_rank.begin(), by_rank.end(), [&](auto a, auto b) { return first[a] > first[b]; });
  const double expected[] = {0.48, 0.24, 0.16, 0.12};
  for (int i = 0; i < 4; ++i) {
    const double error = std::sqrt(expected[i] * (1 - expected[i]) / kTokens);
    EXPECT_NEAR(first[by_rank[static_cast<std::size_t>(i)]], expected[i], 5 * error);
  }
  double pair = 0.0;  // most popular first, least popular second: 0.48 * 0.12 / (1 - 0.48)
  for (std::uint32_t t = 0; t < kTokens; ++t) {
    const auto c = routes.ChoicesOf(t);
    pair += c[0] == by_rank[0] && c[1] == by_rank[3] ? 1.0 / kTokens : 0.0;
  }
  const double p = 0.48 * 0.12 / 0.52;
  EXPECT_NEAR(pair, p, 5 * std::sqrt(p * (1 - p) / kTokens));
}

// Exponent 10: the first expert has 0.999 of the popularity, so later choices go the exact way.
TEST(Zipf, StaysExactWhereRejectionWouldNotEnd) {
  constexpr std::uint32_t kTokens = 20000;
  const LayerRoutes routes = Make(ZipfRouting{10.0}, {1, kTokens, 64, 3})->Route(0);
  std::vector<double> second(64, 0.0);
  for (std::uint32_t t = 0; t < kTokens; ++t) second[routes.ChoicesOf(t)[1]] += 1.0 / kTokens;
  // The first choice is nearly always the most popular expert; then 2^-10 of what is left,
  // zeta(10) - 1 = 9.94575e-4, is the second's: 0.98188. Neglected and sampled: below 0.005.
  const double expected = std::pow(2.0, -10) / 9.94575e-4;
  EXPECT_NEAR(*std::max_element(second.begin(), second.end()), expected, 0.005);
}

TEST(Zipf, ExponentZeroIsUniform) {
  const LayerRoutes routes = Make(ZipfRouting{0.0}, {1, 20000, 16, 2})->Route(0);
  const double mean = 20000.0 * 2 / 16;
  for (const double n : Loads(routes)) EXPECT_NEAR(n, mean, 5 * std::sqrt(mean));
}

TEST(LogNormal, PopularitiesHaveTheirSigma) {
  // top_k = 1: loads are multinomial in exp(sigma z); with many tokens log load has sd sigma.
  const LayerRoutes routes = Make(LogNormalRouting{0.5}, {1, 1000000, 1024, 1})->Route(0);
  double sum = 0.0;
  double squares = 0.0;
  for (const double n : Loads(routes)) {
    sum += std::log(n);
    squares += std::log(n) * std::log(n);
  }
  const double sd = std::sqrt(squares / 1024 - sum / 1024 * (sum / 1024));
  // Sampling error of a standard deviation: 0.5 / sqrt(2 * 1024) = 0.011; counting adds < 0.005.
  EXPECT_NEAR(sd, 0.5, 5 * 0.011);
}

// Order and weights of the Plackett-Luce samplers must have the law of Gumbel top-k with softmax:
// the fitted generator without any sigma is exactly that over equal logits.
TEST(Weights, AgreeBetweenSequentialDrawsAndGumbelTopK) {
  constexpr std::uint32_t kTokens = 40000;
  const RoutingShape shape{1, kTokens, 32, 4};
  FittedRouting flat;
  const LayerRoutes drawn = Make(UniformRouting{}, shape)->Route(0);
  const LayerRoutes gumbel = Make(flat, shape)->Route(0);
  const LayerRoutes alias = Make(ZipfRouting{0.0}, shape)->Route(0);
  for (std::size_t j = 0; j < 4; ++j) {
    const auto mean = [&](const LayerRoutes& routes) {
      double sum = 0.0;
      for (std::size_t t = 0; t < kTokens; ++t) sum += double{routes.weight[t * 4 + j]};
      return sum / kTokens;
    };
    // A weight lies in (0, 1), so its mean has a standard error below 0.5 / sqrt(kTokens).
    const double tolerance = 5 * 0.5 / std::sqrt(double{kTokens});
    EXPECT_NEAR(mean(drawn), mean(gumbel), tolerance) << "weight " << j;
    EXPECT_NEAR(mean(alias), mean(gumbel), tolerance) << "weight " << j;
  }
}

std::string ErrorsOf(const RoutingSpec& spec, const RoutingShape& shape) {
  const auto router = MakeExpertRouter(spec, shape, 1);
  return router.ok() ? "accepted" : ToString(router.errors());
}

TEST(Refusals, NameWhatIsWrongAndWhatIsAllowed) {
  EXPECT_EQ(ErrorsOf(UniformRouting{}, {1, 8, 4, 5}),
            "error: model.top_k: is 5; a token chooses 1 to 4 distinct experts\n"
            "error: model.topk_groups: 1 of 1 groups hold 4 experts, fewer than top_k = 5\n");
  EXPECT_EQ(ErrorsOf(UniformRouting{}, {1, 8, 10, 2, 3, 1}),
            "error: model.num_groups: 3 groups do not divide 10 experts\n");
  EXPECT_EQ(ErrorsOf(UniformRouting{}, {1, 8, 64, 8, 16, 1}),
            "error: model.topk_groups: 1 of 16 groups hold 4 experts, fewer than top_k = 8\n");
  EXPECT_EQ(ErrorsOf(ZipfRouting{-1}, {1, 8, 4, 1}),
            "error: routing.zipf.exponent: is -1; allowed: 0 to 10\n");
  FittedRouting fitted;
  fitted.phi = 1.0;
  fitted.sigma_fast = std::nan("");
  fitted.tokens_per_request = 0;
  EXPECT_EQ(ErrorsOf(fitted, {1, 8, 4, 1}),
            "error: routing.fitted.sigma_fast: is nan; allowed: 0 to 100\n"
            "error: routing.fitted.phi: is 1; allowed: 0 up to, not including, 1\n"
            "error: routing.fitted.tokens_per_request: must be at least 1\n");
  EXPECT_EQ(ErrorsOf(UniformRouting{}, {1, 4000000000U, 4, 2}),
            "error: workload: 4000000000 tokens with 2 choices each; at most 1073741824 choices "
            "fit one step\n");
}

}  // namespace
}  // namespace switchyard
