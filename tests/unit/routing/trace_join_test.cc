// Several traces as one stream.
#include "sim/routing/trace/trace_join.h"

#include <gtest/gtest.h>

namespace switchyard {
namespace {

RouterTrace Part(std::vector<ExpertIndex> choices, std::uint32_t experts = 4) {
  RouterTrace trace;
  trace.num_experts = experts;
  trace.top_k = 1;
  trace.layer_ids = {0};
  trace.experts = {std::move(choices)};
  const auto tokens = static_cast<std::uint32_t>(trace.tokens());
  trace.steps = {{0, TracePhase::kMixed, tokens}};
  trace.runs = {{5, tokens, 0}};
  return trace;
}

TEST(JoinTraces, TokensFollowEachOtherAndSequencesKeepApart) {
  RouterTrace first = Part({0, 1});
  RouterTrace second = Part({3, 2, 1});
  second.token_ids = {7, 8, 9};
  second.kept = {{1, 0, 1}};
  const auto joined = JoinTraces({first, second}, {"law", "code"});
  ASSERT_TRUE(joined.ok()) << ToString(joined.errors());
  const RouterTrace& all = joined.value();
  EXPECT_EQ(all.experts[0], (std::vector<ExpertIndex>{0, 1, 3, 2, 1}));
  ASSERT_EQ(all.runs.size(), 2U);
  EXPECT_NE(all.runs[0].sequence, all.runs[1].sequence);
  EXPECT_EQ(all.steps.size(), 2U);
  EXPECT_EQ(all.domains, (std::vector<std::string>{"law", "code"}));
  EXPECT_EQ(all.runs[1].domain, 1);
  EXPECT_EQ(all.token_ids, (std::vector<std::uint32_t>{kNoTokenId, kNoTokenId, 7, 8, 9}));
  EXPECT_EQ(all.kept[0], (KeptMask{1, 1, 1, 0, 1}));
}

TEST(JoinTraces, DomainsOfOneNameAreOne) {
  RouterTrace first = Part({0, 1});
  first.domains = {"prose", "code"};
  first.runs = {{0, 1, 0, 1}, {1, 1, 0, kNoDomain}};
  const auto joined = JoinTraces({first, Part({2})}, {"a", "code"});
  ASSERT_TRUE(joined.ok()) << ToString(joined.errors());
  EXPECT_EQ(joined.value().domains, std::vector<std::string>{"code"});
  EXPECT_EQ(joined.value().runs[0].domain, 0);
  EXPECT_EQ(joined.value().runs[1].domain, kNoDomain);
  EXPECT_EQ(joined.value().runs[2].domain, 0);
}

TEST(JoinTraces, AnInferredNumberOfExpertsYields) {
  RouterTrace inferred = Part({0, 1}, 2);
  inferred.experts_inferred = true;
  const auto joined = JoinTraces({inferred, Part({3})}, {"a", "b"});
  ASSERT_TRUE(joined.ok()) << ToString(joined.errors());
  EXPECT_EQ(joined.value().num_experts, 4U);
  EXPECT_FALSE(joined.value().experts_inferred);
}

TEST(JoinTraces, RefusesOtherShapes) {
  RouterTrace wide = Part({0, 1, 2, 3});
  wide.top_k = 2;
  const auto joined = JoinTraces({Part({0}), wide, Part({0}, 8)}, {"a", "b", "c"});
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(ToString(joined.errors()),
            "b: error: has 1 MoE layers, top-2; the first file has 1, top-1\n"
            "c: error: has 8 experts; another file has 4\n");
}

TEST(JoinTraces, RefusesOtherLayers) {
  RouterTrace other = Part({0});
  other.layer_ids = {7};
  const auto joined = JoinTraces({Part({0}), other}, {"a", "b"});
  ASSERT_FALSE(joined.ok());
  EXPECT_EQ(ToString(joined.errors()),
            "b: error: has other layers of its model than the first file\n");
}

TEST(JoinTraces, WeightsOnlyWhereAllHaveThem) {
  RouterTrace weighted = Part({0});
  weighted.weight_format = WeightFormat::kBf16;
  weighted.weights = {{{0x3f80}, {}}};
  EXPECT_EQ(JoinTraces({weighted, weighted}, {"a", "b"}).value().weights[0].bits.size(), 2U);
  EXPECT_EQ(JoinTraces({weighted, Part({1})}, {"a", "b"}).value().weight_format,
            WeightFormat::kNone);
}

}  // namespace
}  // namespace switchyard
