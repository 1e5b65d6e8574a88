// Does a scaled trace keep what was measured, and never pass for a trace of the large model?
#include "sim/routing/trace/trace_scale.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/routing/fitted_presets.h"
#include "sim/routing/trace/scale/layer_walk.h"
#include "sim/routing/trace/scale/more_choices.h"
#include "sim/routing/trace/trace_generate.h"
#include "sim/routing/trace/trace_stats.h"

namespace switchyard {
namespace {

RouterTrace Source(std::uint32_t layers = 6, std::uint32_t tokens = 2048,
                   std::uint32_t experts = 64, std::uint32_t top_k = 6) {
  auto trace = GenerateTrace(kFittedPresets[0].routing, {layers, tokens, experts, top_k, 1, 1}, 3,
                             256, true);
  EXPECT_TRUE(trace.ok()) << ToString(trace.errors());
  trace.value().model_name = "small";
  return std::move(trace).value();
}

RouterTrace Scaled(const RouterTrace& trace, const ScaleSpec& spec) {
  auto scaled = ScaleTrace(trace, "small.trace", spec);
  EXPECT_TRUE(scaled.ok()) << ToString(scaled.errors());
  return std::move(scaled).value();
}

TEST(LayerWalk, GoesToAndFroInTheMiddle) {
  EXPECT_EQ(LayerWalk(6, 10), (std::vector<std::uint32_t>{0, 1, 2, 3, 2, 3, 2, 3, 4, 5}));
  EXPECT_EQ(LayerWalk(6, 6), (std::vector<std::uint32_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(LayerWalk(6, 7), (std::vector<std::uint32_t>{0, 1, 2, 3, 2, 4, 5}));
  EXPECT_EQ(LayerWalk(6, 3), (std::vector<std::uint32_t>{0, 3, 5}));
  EXPECT_EQ(LayerWalk(6, 1), (std::vector<std::uint32_t>{3}));
  EXPECT_EQ(LayerWalk(2, 5), (std::vector<std::uint32_t>{0, 1, 0, 1, 0}));
  EXPECT_EQ(LayerWalk(1, 1), (std::vector<std::uint32_t>{0}));
}

TEST(LayerWalk, NeighboursAreNeighboursInTheSource) {
  for (std::uint32_t layers = 2; layers <= 30; ++layers) {
    for (std::uint32_t wanted = layers; wanted <= layers + 60; ++wanted) {
      const std::vector<std::uint32_t> walk = LayerWalk(layers, wanted);
      ASSERT_EQ(walk.size(), wanted);
      int jumps = 0;
      for (std::size_t i = 0; i < walk.size(); ++i) {
        ASSERT_LT(walk[i], layers);
        if (i == 0) continue;
        const std::uint32_t step = std::max(walk[i], walk[i - 1]) - std::min(walk[i], walk[i - 1]);
        ASSERT_TRUE(step == 1 || step == 2) << layers << " to " << wanted << " at " << i;
        jumps += step == 2 ? 1 : 0;
      }
      // A walk of single steps from 0 to layers - 1 has the parity of layers - 1. Of two or three
      // layers the highest is a middle one, and the walk may end below it instead.
      const bool odd = (wanted - layers) % 2 == 1;
      EXPECT_EQ(jumps, odd && layers > 3 ? 1 : 0) << layers << " to " << wanted;
      EXPECT_EQ(walk.front(), 0U);
    }
  }
}

TEST(TraceScale, TheShapeOfTheSourceGivesItsChoices) {
  const RouterTrace source = Source();
  for (const std::uint64_t seed : {1U, 2U}) {
    const RouterTrace same = Scaled(source, {6, 64, 6, 2048, seed});
    EXPECT_EQ(same.experts, source.experts);
    EXPECT_EQ(same.layer_ids, source.layer_ids);
    EXPECT_EQ(same.weights[5].bits, source.weights[5].bits);
    EXPECT_EQ(same.runs.size(), source.runs.size());
  }
  EXPECT_EQ(Scaled(source, {}).experts, source.experts) << "0 is: as in the source";
}

TEST(TraceScale, ChoicesAreDistinctAndPartsOfTheSourcesChoices) {
  const RouterTrace source = Source();
  const RouterTrace big = Scaled(source, {6, 256, 8});
  ASSERT_EQ(big.top_k, 8U);
  for (std::uint64_t t = 0; t < big.tokens(); ++t) {
    const auto choices = big.Choices(2, t);
    EXPECT_EQ(std::set<ExpertIndex>(choices.begin(), choices.end()).size(), 8U);
    for (std::uint32_t j = 0; j < 6; ++j) {
      EXPECT_EQ(choices[j] / 4, source.Choices(2, t)[j]) << "256 / 64 parts of every expert";
    }
  }
}

TEST(TraceScale, UnevenPartsToo) {
  // 64 to 160: two or three parts each.
  const RouterTrace big = Scaled(Source(), {6, 160, 6});
  std::set<ExpertIndex> seen(big.experts[0].begin(), big.experts[0].end());
  EXPECT_LT(*seen.rbegin(), 160);
  EXPECT_GT(seen.size(), 120U) << "hardly a part stays unused";
}

TEST(TraceScale, FewerChoicesAreTheBestRankedWithTheirWeights) {
  const RouterTrace source = Source();
  const RouterTrace two = Scaled(source, {6, 64, 2});
  for (std::uint64_t t = 0; t < two.tokens(); t += 37) {
    EXPECT_EQ(two.Choices(3, t)[0], source.Choices(3, t)[0]);
    EXPECT_EQ(two.Choices(3, t)[1], source.Choices(3, t)[1]);
    EXPECT_EQ(two.Weight(3, 2 * t + 1), source.Weight(3, 6 * t + 1));
  }
}

TEST(TraceScale, IsAFunctionOfTraceAndSeed) {
  const RouterTrace source = Source();
  const ScaleSpec spec{9, 256, 8, 3000, 5};
  const RouterTrace once = Scaled(source, spec);
  EXPECT_EQ(once.experts, Scaled(source, spec).experts);
  ScaleSpec other = spec;
  other.seed = 6;
  EXPECT_NE(once.experts, Scaled(source, other).experts);
}

TEST(TraceScale, MoreTokensAreTheTraceAgainAsNewSequences) {
  const RouterTrace source = Source();  // 8 sequences of 256 tokens
  const RouterTrace big = Scaled(source, {6, 64, 6, 2048 + 300});
  ASSERT_EQ(big.tokens(), 2348U);
  EXPECT_EQ(big.Choices(1, 2048)[0], source.Choices(1, 0)[0]);
  ASSERT_EQ(big.runs.size(), 10U);
  EXPECT_EQ(big.runs[8].sequence, 8U);
  EXPECT_EQ(big.runs[9].tokens, 44U);
  EXPECT_EQ(big.steps.size(), 2U);
  EXPECT_EQ(big.steps[1].tokens, 300U);
}

TEST(TraceScale, SaysThatItIsSynthetic) {
  const RouterTrace big = Scaled(Source(6, 512), {8, 256, 8});
  EXPECT_EQ(big.origin, TraceOrigin::kFitted);
  EXPECT_EQ(big.model_name, "scaled from small");
  EXPECT_EQ(big.notes.at("label"), "synthetic, fitted: no trace of a model of this shape");
  EXPECT_EQ(big.notes.at("source"), "small (64 experts, top-6, 6 MoE layers, 512 tokens)");
  EXPECT_NE(ToText(ComputeTraceStats(big)).find("scaled from small, synthetic, fitted: small"),
            std::string::npos);
}

TEST(TraceScale, NamesWhatItCannotDo) {
  const RouterTrace source = Source(1);
  const auto refused = ScaleTrace(source, "x", {2, 32, 33, 1ULL << 40});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(ToString(refused.errors()),
            "x: error: has 64 experts: they can be split into more, but not merged into 32\n"
            "x: error: has a single MoE layer: no transition to a next one was measured\n"
            "x: error: has 64 experts: at most half as many choices can be drawn, not 33\n"
            "x: error: would need more than 8 GiB as 32 experts, top-33, 2 MoE layers, "
            "1099511627776 tokens\n");
}

TEST(TraceScale, Top1IsSplitByTheNeighbouringLayer) {
  const RouterTrace source = Source(3, 4000, 16, 1);
  const RouterTrace big = Scaled(source, {3, 64, 1});
  for (std::uint64_t t = 0; t < big.tokens(); ++t) {
    EXPECT_EQ(big.Choices(1, t)[0] / 4, source.Choices(1, t)[0]);
  }
  // Even parts of every expert: the largest share of the loads grows by the noise alone, here less
  // than half.
  const double before = Mean(ComputeTraceStats(source).max_over_mean);
  EXPECT_LT(Mean(ComputeTraceStats(big).max_over_mean), 1.5 * before);
}

TEST(MoreChoices, DrawsByCoActivation) {
  // Expert 0 is chosen with 1 three times and with 2 once; never with 3.
  const std::vector<ExpertIndex> pairs = {0, 1, 0, 1, 1, 0, 0, 2};
  constexpr std::uint64_t kDraws = 10000;
  // Of token {0, 3}: weights C(0, 1) = 3, C(0, 2) = 1; 3 has met nobody.
  MoreChoices more(pairs, 2, 4);
  std::uint64_t ones = 0;
  for (std::uint64_t draw = 0; draw < kDraws; ++draw) {
    std::vector<ExpertIndex> token = {0, 3, kNoExpert};
    more.Fill(draw, token);
    ASSERT_TRUE(token[2] == 1 || token[2] == 2);
    ones += token[2] == 1 ? 1 : 0;
    std::vector<ExpertIndex> again = {0, 3, kNoExpert};
    more.Fill(draw, again);
    ASSERT_EQ(token, again);
  }
  // Binomial, p = 3/4: 7500 +- 4 standard deviations of sqrt(10000 * 3/16) = 43.
  EXPECT_NEAR(static_cast<double>(ones), 7500, 4 * 43);
}

TEST(MoreChoices, ATokenWithoutChoicesGetsNone) {
  const std::vector<ExpertIndex> pairs = {0, 1, kNoExpert, kNoExpert};
  MoreChoices more(pairs, 2, 4);
  std::vector<ExpertIndex> token = {kNoExpert, kNoExpert, 1};
  more.Fill(1, token);
  EXPECT_EQ(token[2], kNoExpert);
}

// What a scaled trace keeps of a measured one. The bounds:
//   max/mean load  finer experts have more extremes: the largest of four times as many, of a fourth
//                  of the choices each. Parts get even loads, so only a little more: 1.30 x here
//   overlap / uniform  parts are chosen by similar tokens: not below the source, and not above it
//                  by half; never more than the source's overlap itself, since who shares a part
//                  shares its expert
//   affinity / uniform  the same, but knowing the part says more than knowing the expert
void ExpectKept(const RouterTrace& source, const RouterTrace& big) {
  const TraceStats from = ComputeTraceStats(source);
  const TraceStats to = ComputeTraceStats(big);
  const double load = Mean(to.max_over_mean) / Mean(from.max_over_mean);
  EXPECT_GT(load, 0.9);
  EXPECT_LT(load, 1.5);
  EXPECT_NEAR(Mean(to.gini), Mean(from.gini), 0.05);
  for (const std::uint32_t lag : {1U, 64U}) {
    const double overlap = to.overlap.at(lag) / to.overlap_uniform;
    const double before = from.overlap.at(lag) / from.overlap_uniform;
    EXPECT_GT(overlap, before) << "lag " << lag;
    EXPECT_LT(overlap, 1.5 * before) << "lag " << lag;
    EXPECT_LT(to.overlap.at(lag), from.overlap.at(lag));
  }
  const double affinity = to.affinity_top1.value() / to.overlap_uniform;
  const double before = from.affinity_top1.value() / from.overlap_uniform;
  EXPECT_GT(affinity, before);
  EXPECT_LT(affinity, 2.0 * before);
}

TEST(TraceScale, KeepsTheStatisticsOfARecordedTrace) {
  const std::string file =
      SWITCHYARD_SOURCE_DIR "/kernels/recorded/deepseek_like_64e_top6_100.trace";
  const auto recorded = LoadTrace(file);
  ASSERT_TRUE(recorded.ok()) << ToString(recorded.errors());
  // All tokens: a part of them has other documents, and another skew.
  const std::uint32_t layers = 2 * recorded.value().layers();
  ExpectKept(recorded.value(), Scaled(recorded.value(), {layers, 256, 8}));
}

TEST(TraceScale, RefusesTablesOfTooManyExperts) {
  RouterTrace source = Source(1, 64);
  source.num_experts = 5000;
  const auto refused = ScaleTrace(source, "x", {1, 6000});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(ToString(refused.errors()),
            "x: error: would go from 5000 to 6000 experts; splitting experts or adding choices "
            "takes at most 4096\n");
  EXPECT_FALSE(ScaleTrace(source, "x", {1, 5000, 8}).ok()) << "more choices";
  EXPECT_TRUE(ScaleTrace(source, "x", {1, 5000, 4}).ok()) << "fewer choices need no table";
}

TEST(TraceScale, SaysThatGapsAreNotListed) {
  RouterTrace source = Source(2, 64);
  source.gaps = {{0, 1, 1, "lost"}};
  const RouterTrace scaled = Scaled(source, {});
  EXPECT_TRUE(scaled.gaps.empty());
  EXPECT_EQ(scaled.notes.at("gaps"),
            "1 gaps of the source: what they lack is \"no choice\" here, without a list");
}

TEST(TraceScale, KeepsNextLayerAffinityWhereLayersAreRepeated) {
  // Layer 1 is a fixed permutation of layer 0 in 3 of 4 tokens: affinity of neighbours by
  // construction, none of which the generator's independent layers have.
  RouterTrace source = Source(4);
  for (std::uint32_t l = 1; l < 4; ++l) {
    for (std::size_t i = 0; i < source.experts[l].size(); ++i) {
      if (i / 6 % 4 == 0) continue;
      source.experts[l][i] = static_cast<ExpertIndex>((source.experts[l - 1][i] * 5 + l) % 64);
    }
  }
  const TraceStats from = ComputeTraceStats(source);
  const TraceStats to = ComputeTraceStats(Scaled(source, {20, 64, 6}));
  ASSERT_EQ(to.affinity.size(), 19U);
  EXPECT_GT(from.affinity_top1.value(), 0.7) << "3/4 and some luck";
  // Renaming changes no statistic of a pair; only its direction may differ.
  EXPECT_NEAR(to.affinity_top1.value(), from.affinity_top1.value(), 0.02);
  EXPECT_NEAR(Mean(to.mutual_information), Mean(from.mutual_information), 0.1);
}

}  // namespace
}  // namespace switchyard
