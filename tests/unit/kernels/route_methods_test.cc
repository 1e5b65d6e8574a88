// The routing methods of frameworks and papers, each on a row small enough to work out by hand: the
// formula and where it is from stand above each case.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "kernels/core/score.h"
#include "kernels/routing.h"

namespace switchyard::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
const float kLn2 = std::log(2.0F);
const float kLn3 = std::log(3.0F);

struct Routed {
  std::vector<std::uint16_t> expert;
  std::vector<float> weight;
  RouteFlags flags;
};

Routed Route(RouteSpec spec, const std::vector<float>& logits, std::vector<float> bias = {}) {
  spec.experts = static_cast<std::uint16_t>(logits.size());
  Routed out{std::vector<std::uint16_t>(spec.top_k), std::vector<float>(spec.top_k), {}};
  const Status status = RouteTopK(
      spec, HostMatrix<const float>{logits.data(), 1, spec.experts}, {bias.data(), bias.size()},
      {{out.expert.data(), 1, spec.top_k}, {out.weight.data(), 1, spec.top_k}, &out.flags});
  EXPECT_TRUE(status.ok()) << status.what;
  return out;
}

using Experts = std::vector<std::uint16_t>;

void ExpectWeights(const Routed& routed, const std::vector<float>& want) {
  constexpr float kFewUlps = 1e-6F;  // of the logarithms and of core/det_math.h
  ASSERT_EQ(routed.weight.size(), want.size());
  for (std::size_t k = 0; k < want.size(); ++k) {
    EXPECT_NEAR(routed.weight[k], want[k], kFewUlps * std::fabs(want[k])) << k;
  }
}

RouteSpec TopK(std::uint16_t top_k) {
  RouteSpec spec;
  spec.top_k = top_k;
  return spec;
}

// e^z = 1, 2, 4, 1: p = 1/8, 1/4, 1/2, 1/8.
const std::vector<float> kEighths = {0.0F, kLn2, 2.0F * kLn2, 0.0F};

// w = p. OLMoE with norm_topk_prob False; MegaBlocks, layers/router.py.
TEST(RouteMethods, SoftmaxThenTopK) {
  const Routed r = Route(TopK(2), kEighths);
  EXPECT_EQ(r.expert, (Experts{2, 1}));
  ExpectWeights(r, {0.5F, 0.25F});
}

// w = p / sum of the chosen p: 4/6, 2/6. Mixtral in Hugging Face Transformers.
TEST(RouteMethods, SoftmaxThenTopKRenormalised) {
  RouteSpec spec = TopK(2);
  spec.renormalise = Renormalise::kSum;
  ExpectWeights(Route(spec, kEighths), {2.0F / 3.0F, 1.0F / 3.0F});
}

// w = softmax of the chosen logits: the same 4/6, 2/6. GPT-OSS, torch/model.py.
TEST(RouteMethods, TopKThenSoftmax) {
  RouteSpec spec = TopK(2);
  spec.weight = WeightFrom::kSoftmaxOverTopK;
  const Routed r = Route(spec, kEighths);
  EXPECT_EQ(r.expert, (Experts{2, 1}));
  ExpectWeights(r, {2.0F / 3.0F, 1.0F / 3.0F});
}

// s = 1/2, 3/4, 1/4; keys s + b = 0.5, 0.75, 0.85; w = s / sum s * 2.5, without the bias: of 1/4
// and 3/4. DeepSeek-V3, inference/model.py, Gate.forward.
TEST(RouteMethods, SigmoidWithBias) {
  RouteSpec spec = TopK(2);
  spec.score = ScoreFunction::kSigmoid;
  spec.select = SelectOn::kScorePlusBias;
  spec.renormalise = Renormalise::kSum;
  spec.route_scale = 2.5F;
  const Routed r = Route(spec, {0.0F, kLn3, -kLn3}, {0.0F, 0.0F, 0.6F});
  EXPECT_EQ(r.expert, (Experts{2, 1}));
  ExpectWeights(r, {0.625F, 1.875F});
}

// Groups of two: sums of the two best 1.0 + 0.1, 0.8 + 0.7, 0.9 + 0.0. One group is kept: the
// second, though the best expert is in the first. DeepSeek-V3, Gate.forward, with bias.
TEST(RouteMethods, GroupLimitBySumOfTwo) {
  RouteSpec spec = TopK(2);
  spec.score = ScoreFunction::kIdentity;
  spec.groups = 3;
  spec.topk_groups = 1;
  spec.group_score = GroupScore::kSumTopN;
  const std::vector<float> z = {1.0F, 0.1F, 0.8F, 0.7F, 0.9F, 0.0F};
  EXPECT_EQ(Route(spec, z).expert, (Experts{2, 3}));
  spec.group_score = GroupScore::kMax;  // DeepSeek-V2: the best expert's group
  EXPECT_EQ(Route(spec, z).expert, (Experts{0, 1}));
}

// Equal groups: the lower one is kept.
TEST(RouteMethods, GroupLimitTiesGoToTheLowerGroup) {
  RouteSpec spec = TopK(1);
  spec.groups = 2;
  spec.topk_groups = 1;
  spec.group_score = GroupScore::kMax;
  EXPECT_EQ(Route(spec, {3.0F, 0.0F, 0.0F, 3.0F}).expert, (Experts{0}));
}

// The kept group's second key is -0.25; Transformers' port of DeepSeek-V3 gives the other group's
// experts a key of 0, which beats it.
TEST(RouteMethods, MaskedGroupsOfTheHuggingFacePort) {
  RouteSpec spec = TopK(2);
  spec.score = ScoreFunction::kIdentity;
  spec.groups = 2;
  spec.topk_groups = 1;
  spec.group_score = GroupScore::kMax;
  const std::vector<float> z = {1.0F, -0.25F, 0.5F, 0.5F};
  EXPECT_EQ(Route(spec, z).expert, (Experts{0, 1}));
  spec.masked = MaskedGroups::kZeroKey;
  EXPECT_EQ(Route(spec, z).expert, (Experts{0, 2}));
}

// s = sqrt(ln(1 + e^z)): of z = ln(e^4 - 1) it is 2, of ln(e - 1) it is 1. DeepSeek-V4;
// TransformerEngine, fused_router/utils.h.
TEST(RouteMethods, SqrtSoftplus) {
  RouteSpec spec = TopK(2);
  spec.score = ScoreFunction::kSqrtSoftplus;
  spec.select = SelectOn::kScore;
  const auto one = static_cast<float>(std::log(std::exp(1.0) - 1.0));
  const auto two = static_cast<float>(std::log(std::exp(4.0) - 1.0));
  const Routed r = Route(spec, {one, two, -5.0F});
  EXPECT_EQ(r.expert, (Experts{1, 0}));
  ExpectWeights(r, {2.0F, 1.0F});
}

// K = 1 by the logit, w = sigmoid(z) = 3/4. Llama 4, modeling_llama4.py, Llama4Router.
TEST(RouteMethods, SigmoidOfTheChosenLogit) {
  RouteSpec spec = TopK(1);
  spec.weight = WeightFrom::kSigmoidOfLogit;
  const Routed r = Route(spec, {0.0F, kLn3, -1.0F});
  EXPECT_EQ(r.expert, (Experts{1}));
  ExpectWeights(r, {0.75F});
}

// w = p / |p|: of 1/2 and 1/4, divided by sqrt(5)/4. MegaBlocks, moe_normalize_expert_weights 2.
TEST(RouteMethods, EuclideanNorm) {
  RouteSpec spec = TopK(2);
  spec.renormalise = Renormalise::kL2;
  ExpectWeights(Route(spec, kEighths), {2.0F / std::sqrt(5.0F), 1.0F / std::sqrt(5.0F)});
}

// Sum of the chosen p is 3/4. vLLM, Megatron: + eps; Tutel, fairseq, DeepSpeed: at least eps.
TEST(RouteMethods, EpsilonsOfTheDenominator) {
  RouteSpec spec = TopK(2);
  spec.renormalise = Renormalise::kSumPlusEps;
  spec.renormalise_eps = 0.25F;
  ExpectWeights(Route(spec, kEighths), {0.5F, 0.25F});
  spec.renormalise = Renormalise::kClampEps;
  ExpectWeights(Route(spec, kEighths), {2.0F / 3.0F, 1.0F / 3.0F});
  spec.renormalise_eps = 0.9375F;  // 15/16
  ExpectWeights(Route(spec, kEighths), {8.0F / 15.0F, 4.0F / 15.0F});
}

TEST(RouteMethods, UniformWeights) {
  RouteSpec spec = TopK(4);
  spec.weight = WeightFrom::kUniform;
  ExpectWeights(Route(spec, kEighths), {0.25F, 0.25F, 0.25F, 0.25F});
}

// 1 / (1 + e^-20) and 1 / (1 + e^-30) both round to 1: a tie on the score, none on the logit.
TEST(RouteMethods, SaturatedScoresTie) {
  RouteSpec spec = TopK(1);
  spec.score = ScoreFunction::kSigmoid;
  spec.select = SelectOn::kLogit;
  EXPECT_EQ(Route(spec, {20.0F, 30.0F}).expert, (Experts{1}));
  spec.select = SelectOn::kScore;
  const Routed r = Route(spec, {20.0F, 30.0F});
  EXPECT_EQ(r.expert, (Experts{0}));
  EXPECT_EQ(r.flags.saturated_rows, 1U);
}

TEST(RouteMethods, TiesGoToTheLowerExpert) {
  EXPECT_EQ(Route(TopK(3), {0.0F, 1.0F, -0.0F, 1.0F}).expert, (Experts{1, 3, 0}));
  RouteSpec naive = TopK(2);
  naive.tie = TieRule::kTransformerEngineNaive;
  EXPECT_EQ(Route(naive, {0.0F, 1.0F, 1.0F, 0.0F}).expert, (Experts{2, 1}));
}

// Canonical: NaN is last and weighs nothing, the others are a softmax without it: 1/3, 2/3.
TEST(RouteMethods, NanIsLast) {
  RouteSpec spec = TopK(3);
  const Routed r = Route(spec, {0.0F, kNan, kLn2});
  EXPECT_EQ(r.expert, (Experts{2, 0, 1}));
  ExpectWeights(r, {2.0F / 3.0F, 1.0F / 3.0F, 0.0F});
  EXPECT_EQ(r.flags.nan_rows, 1U);
  EXPECT_EQ(r.flags.short_rows, 1U);
  EXPECT_EQ(Route(spec, {-kInfinity, kNan, 0.0F}).expert, (Experts{2, 0, 1}));
}

// vLLM since its pull request 39391: plain softmax makes the whole row NaN, then 0: experts 0, 1,
// ….
TEST(RouteMethods, NanRowOfVllm) {
  RouteSpec spec = TopK(2);
  spec.nan = NanRule::kAsZeroScore;
  spec.select = SelectOn::kScore;
  const Routed r = Route(spec, {0.0F, kNan, kLn2});
  EXPECT_EQ(r.expert, (Experts{0, 1}));
  ExpectWeights(r, {0.0F, 0.0F});
}

// torch.topk: NaN is the largest; 2 of the row's 3 places are then by value.
TEST(RouteMethods, NanOfTorch) {
  RouteSpec spec = TopK(2);
  spec.nan = NanRule::kAsLargest;
  spec.score = ScoreFunction::kIdentity;
  const Routed r = Route(spec, {0.0F, kInfinity, kNan});
  EXPECT_EQ(r.expert, (Experts{2, 1}));
  EXPECT_TRUE(std::isnan(r.weight[0]));
  EXPECT_EQ(BitsOf(r.weight[0]), 0x7FC00000U);  // the one NaN that is written
  EXPECT_EQ(r.weight[1], kInfinity);
}

// Infinity takes all of the softmax: 1, 0. Without an infinity among them, -inf weighs 0.
TEST(RouteMethods, Infinities) {
  const Routed r = Route(TopK(2), {0.0F, kInfinity});
  EXPECT_EQ(r.expert, (Experts{1, 0}));
  ExpectWeights(r, {1.0F, 0.0F});
  EXPECT_EQ(r.flags.inf_rows, 1U);
  const Routed none = Route(TopK(2), {-kInfinity, -kInfinity, -kInfinity, -kInfinity});
  EXPECT_EQ(none.expert, (Experts{0, 1}));
  ExpectWeights(none, {0.25F, 0.25F});
}

// Hash layers (arXiv 2106.04426): the table's row, 1/K each. Tokens that are not in the table get
// nothing.
TEST(RouteMethods, HashLayer) {
  const std::vector<std::uint16_t> table = {3, 1, 2, 0};  // two tokens, two experts each
  const std::vector<std::int32_t> token = {1, 0, 2, -1};
  std::vector<std::uint16_t> expert(8);
  std::vector<float> weight(8);
  const Status status = RouteHash({token.data(), 4}, {table.data(), 2, 2},
                                  {{expert.data(), 4, 2}, {weight.data(), 4, 2}, nullptr});
  ASSERT_TRUE(status.ok()) << status.what;
  EXPECT_EQ(expert, (Experts{2, 0, 3, 1, kNoChoice, kNoChoice, kNoChoice, kNoChoice}));
  EXPECT_EQ(weight, (std::vector<float>{0.5F, 0.5F, 0.5F, 0.5F, 0, 0, 0, 0}));
}

}  // namespace
}  // namespace switchyard::kernels
