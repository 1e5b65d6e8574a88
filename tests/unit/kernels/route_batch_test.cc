// Expert choice and statistics against their plain reference; shapes that are refused.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>

#include "kernels/core/ordered_key.h"
#include "kernels/reference/route_reference.h"
#include "kernels/routing.h"
#include "tests/unit/kernels/route_cases.h"

namespace switchyard::kernels {
namespace {

struct Chosen {
  std::vector<std::uint32_t> token;
  std::vector<float> weight;
};

Chosen Choose(const ExpertChoiceSpec& spec, const std::vector<float>& logits) {
  const auto tokens = static_cast<std::uint32_t>(logits.size() / spec.experts);
  const std::uint32_t slots = std::min(spec.capacity, tokens);
  Chosen out{std::vector<std::uint32_t>(std::size_t{slots} * spec.experts),
             std::vector<float>(std::size_t{slots} * spec.experts)};
  std::vector<std::byte> workspace(ExpertChoiceWorkspace(spec, tokens));
  const Status status = ExpertChoice(
      spec, {logits.data(), tokens, spec.experts}, {out.token.data(), spec.experts, slots},
      {out.weight.data(), spec.experts, slots}, {workspace.data(), workspace.size()});
  EXPECT_TRUE(status.ok()) << status.what;
  return out;
}

// Two experts, e^z = (1, 1), (3, 1), (1, 3): p of expert 0 is 1/2, 3/4, 1/4. With two slots it
// takes tokens 0 and 1, expert 1 tokens 0 and 2. flaxformer, ExpertsChooseMaskedRouter.
TEST(ExpertChoice, OverExperts) {
  const float ln3 = std::log(3.0F);
  ExpertChoiceSpec spec{2, 2, false, false};
  const std::vector<float> z = {0, 0, ln3, 0, 0, ln3};
  const Chosen chosen = Choose(spec, z);
  EXPECT_EQ(chosen.token, (std::vector<std::uint32_t>{0, 1, 0, 2}));
  EXPECT_FLOAT_EQ(chosen.weight[0], 0.5F);
  EXPECT_FLOAT_EQ(chosen.weight[1], 0.75F);
  spec.divide_by_hits = true;  // token 0 was taken twice
  EXPECT_FLOAT_EQ(Choose(spec, z).weight[0], 0.25F);
  EXPECT_FLOAT_EQ(Choose(spec, z).weight[1], 0.75F);
}

// Of expert 0 the tokens' e^z are 1, 3, 1: p = 1/5, 3/5, 1/5. mesh-tensorflow.
TEST(ExpertChoice, OverTokens) {
  const float ln3 = std::log(3.0F);
  const Chosen chosen = Choose({2, 1, true, false}, {0, 0, ln3, 0, 0, ln3});
  EXPECT_EQ(chosen.token, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_FLOAT_EQ(chosen.weight[0], 0.6F);
}

// Every expert has exactly min(C, T) tokens, ascending, the ones that the reference has.
TEST(ExpertChoice, EqualsReference) {
  for (std::uint64_t i = 0; i < 300; ++i) {
    Draws draws(i, 3);
    const std::array<std::uint16_t, 6> sizes = {1, 2, 7, 33, 64, 160};
    const std::array<std::uint32_t, 6> batches = {0, 1, 31, 33, 100, 257};
    ExpertChoiceSpec spec;
    spec.experts = sizes[draws.Below(6)];
    spec.capacity = 1 + draws.Below(120);
    spec.softmax_over_tokens = draws.OneIn(2);
    spec.divide_by_hits = draws.OneIn(2);
    std::vector<float> logits;
    const std::uint32_t tokens = batches[draws.Below(6)];
    for (std::uint32_t t = 0; t < tokens; ++t) {
      const std::vector<float> row = RandomRow(draws, spec.experts);
      logits.insert(logits.end(), row.begin(), row.end());
    }
    const ReferenceExpertChoice want = ReferenceChooseTokens(spec, logits);
    const Chosen got = Choose(spec, logits);
    std::vector<std::uint32_t> token;
    std::vector<float> weight;
    for (std::size_t e = 0; e < spec.experts; ++e) {
      token.insert(token.end(), want.token[e].begin(), want.token[e].end());
      weight.insert(weight.end(), want.weight[e].begin(), want.weight[e].end());
    }
    ASSERT_EQ(got.token, token) << i;
    for (std::size_t j = 0; j < weight.size(); ++j) {
      ASSERT_EQ(BitsOf(got.weight[j]), BitsOf(weight[j])) << i << ", weight " << j;
    }
  }
}

TEST(ExpertChoice, AsksForItsWorkspace) {
  const ExpertChoiceSpec spec{4, 2, false, false};
  const std::vector<float> logits(12);
  std::array<std::uint32_t, 8> token{};
  std::array<float, 8> weight{};
  std::array<std::byte, 8> small{};
  const Status status = ExpertChoice(spec, {logits.data(), 3, 4}, {token.data(), 4, 2},
                                     {weight.data(), 4, 2}, {small.data(), small.size()});
  EXPECT_EQ(status.code, StatusCode::kWorkspaceTooSmall);
}

// Tokens {0, 1}, {1, 2}, {3, none}: expert 1 repeats; 2 of the 3 later choices do not.
TEST(RouteStats, CountsAndOverlap) {
  const std::vector<std::uint16_t> expert = {0, 1, 1, 2, 3, kNoChoice};
  std::vector<std::uint32_t> count(4, 99);
  std::vector<std::uint32_t> overlap(2, 99);
  const Status status =
      RouteStats({expert.data(), 3, 2}, 4, {{count.data(), 4}, {overlap.data(), 2}});
  ASSERT_TRUE(status.ok()) << status.what;
  EXPECT_EQ(count, (std::vector<std::uint32_t>{1, 2, 1, 1}));
  EXPECT_EQ(overlap, (std::vector<std::uint32_t>{1, 3}));
}

// Counts add up to T K less what is no choice; the rest as the reference.
TEST(RouteStats, EqualsReference) {
  for (std::uint64_t i = 0; i < 200; ++i) {
    Draws draws(i, 4);
    const std::uint32_t experts = 1 + draws.Below(70);
    const std::uint32_t top_k = 1 + draws.Below(8);
    const std::uint32_t tokens = draws.Below(80);
    std::vector<std::uint16_t> expert;
    for (std::uint32_t j = 0; j < tokens * top_k; ++j) {
      expert.push_back(draws.OneIn(9) ? kNoChoice
                                      : static_cast<std::uint16_t>(draws.Below(experts)));
    }
    std::vector<std::uint32_t> count(experts);
    std::vector<std::uint32_t> overlap(2);
    const Status status = RouteStats({expert.data(), tokens, top_k}, experts,
                                     {{count.data(), experts}, {overlap.data(), 2}});
    ASSERT_TRUE(status.ok()) << status.what;
    const ReferenceStats want = ReferenceRouteStats(expert, top_k, experts);
    ASSERT_EQ(count, want.per_expert);
    ASSERT_EQ(overlap, (std::vector<std::uint32_t>{want.repeated, want.compared}));
  }
}

TEST(RouteHash, EqualsReference) {
  const std::vector<std::uint16_t> table = {5, 9, 1, 2, 7, 3};
  std::vector<std::uint16_t> expert(3);
  std::vector<float> weight(3);
  for (std::int32_t id = -2; id < 5; ++id) {
    const Status status = RouteHash({&id, 1}, {table.data(), 2, 3},
                                    {{expert.data(), 1, 3}, {weight.data(), 1, 3}, nullptr});
    ASSERT_TRUE(status.ok()) << status.what;
    const ReferenceRoute want = ReferenceRouteHash(id, table, 3);
    EXPECT_EQ(expert, want.expert) << id;
    EXPECT_EQ(weight, want.weight) << id;
  }
}

// Threads walk the tokens in steps: 2^31 + a step must not wrap. One slot: few pairs in all.
TEST(ExpertChoice, RefusesTokensFromTwoToTheThirtyOne) {
  const ExpertChoiceSpec spec{2, 1, false, false};
  std::uint32_t token[2] = {};
  float weight[2] = {};
  const Status s = ExpertChoice(spec, {weight, 0x80000000U, 2}, {token, 2, 1}, {weight, 2, 1}, {});
  EXPECT_STREQ(s.what, "tokens: below 2^31");
}

// Nothing is written where a shape is wrong: arrays here are shorter than what they claim to be.
TEST(RouteShapes, AreCheckedFirst) {
  RouteSpec spec;
  spec.experts = 4;
  spec.top_k = 2;
  const std::vector<float> logits(8);
  std::vector<std::uint16_t> expert(4, 7);
  std::vector<float> weight(4, 7.0F);
  const HostMatrix<const float> z{logits.data(), 2, 4};
  const RouteOutput<Memory::kHost> out{{expert.data(), 2, 2}, {weight.data(), 2, 2}, nullptr};
  EXPECT_TRUE(RouteTopK(spec, z, {}, out).ok());
  const auto code = [&](const RouteSpec& s, HostMatrix<const float> m, HostSpan<const float> bias,
                        const RouteOutput<Memory::kHost>& o) {
    return RouteTopK(s, m, bias, o).code;
  };
  EXPECT_EQ(code(spec, {logits.data(), 2, 3}, {}, out), StatusCode::kInvalidShape);
  EXPECT_EQ(code(spec, z, {logits.data(), 4}, out), StatusCode::kInvalidShape);
  EXPECT_EQ(code(spec, {nullptr, 2, 4}, {}, out), StatusCode::kInvalidShape);
  EXPECT_EQ(code(spec, z, {}, {{expert.data(), 2, 1}, out.weight, nullptr}),
            StatusCode::kInvalidShape);
  EXPECT_EQ(code(spec, z, {}, {out.expert, {weight.data(), 1, 2}, nullptr}),
            StatusCode::kInvalidShape);
  RouteSpec biased = spec;
  biased.select = SelectOn::kScorePlusBias;
  EXPECT_EQ(code(biased, z, {}, out), StatusCode::kInvalidShape);
  RouteSpec too_many = spec;
  too_many.top_k = 5;
  EXPECT_EQ(code(too_many, z, {}, out), StatusCode::kInvalidSpec);
  EXPECT_EQ(code(spec, {logits.data(), 0x80000000U, 4}, {},
                 {{expert.data(), 0x80000000U, 2}, {weight.data(), 0x80000000U, 2}, nullptr}),
            StatusCode::kInvalidShape);
}

}  // namespace
}  // namespace switchyard::kernels
