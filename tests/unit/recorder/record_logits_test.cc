// From logits to a trace: are the choices, steps and sequences what the logits say?
#include "kernels/recorder/record_logits.h"

#include <gtest/gtest.h>

#include <sstream>

#include "kernels/core/philox.h"
#include "kernels/presets.h"
#include "kernels/routing.h"
#include "kernels/slots.h"
#include "tests/unit/recorder/safetensors_text.h"

namespace switchyard::kernels {
namespace {

using testing::SafetensorsText;

constexpr std::uint32_t kTokens = 50;
constexpr std::uint16_t kExperts = 16;
constexpr std::uint16_t kTopK = 4;

std::vector<float> RandomLogits(std::uint32_t layer) {
  std::vector<float> logits(std::size_t{kTokens} * kExperts);
  for (std::uint32_t i = 0; i < logits.size(); ++i) {
    logits[i] = 4.0F * UnitFloat(Philox({i, layer, 0, 0}, 1).x) - 2.0F;
  }
  return logits;
}

Logits TestLogits() {
  SafetensorsText text;
  text.Add("logits.1", "F32", {kTokens, kExperts}, RandomLogits(1));
  text.Add("logits.2", "F32", {kTokens, kExperts}, RandomLogits(2));
  text.Add<float>("bias.2", "F32", {kExperts}, std::vector<float>(kExperts, 0.25F));
  text.Add<std::int32_t>("sequence_lengths", "I32", {3}, {20, 25, 5});
  text.Add<std::uint8_t>("domains", "U8", {3}, {1, 0, 1});
  text.Metadata("domain_names", "prose,code").Metadata("model_name", "toy").Metadata("seed", "7");
  text.Metadata("training", "none");
  auto logits = ParseLogits(text.Text(), "l.safetensors");
  EXPECT_TRUE(logits.ok());
  return std::move(logits).value();
}

RecordPlan Plan(const char* preset) {
  RecordPlan plan;
  plan.router = preset;
  plan.route = FindPreset(preset)->Route(kExperts, kTopK);
  plan.step_tokens = 16;
  return plan;
}

RouterTrace Record(const Logits& logits, const RecordPlan& plan) {
  std::ostringstream out;
  const auto backend = MakeHostBackend(plan.route, plan.groups);
  const auto report = RecordLogits(logits, plan, *backend, out);
  EXPECT_TRUE(report.ok()) << (report.ok() ? "" : ToString(report.errors()));
  std::istringstream in(out.str());
  auto trace = LoadTrace(in, "recorded.trace");
  EXPECT_TRUE(trace.ok()) << (trace.ok() ? "" : ToString(trace.errors()));
  return trace.ok() ? std::move(trace).value() : RouterTrace();
}

TEST(RecordLogits, ChoicesAreThoseOfTheKernelOverAllRowsAtOnce) {
  const Logits logits = TestLogits();
  for (const char* preset : {"mixtral", "deepseek_v3"}) {
    const RecordPlan plan = Plan(preset);
    const RouterTrace trace = Record(logits, plan);
    ASSERT_EQ(trace.tokens(), kTokens);
    for (std::uint32_t l = 0; l < 2; ++l) {
      std::vector<float> rows(std::size_t{kTokens} * kExperts);
      logits.Read(l, 0, kTokens, rows.data());
      std::vector<float> bias(kExperts, l == 1 ? 0.25F : 0.0F);
      const bool biased = plan.route.select == SelectOn::kScorePlusBias;
      std::vector<std::uint16_t> expert(kTokens * kTopK);
      std::vector<float> weight(expert.size());
      ASSERT_TRUE(RouteTopK(plan.route, HostMatrix<const float>{rows.data(), kTokens, kExperts},
                            {bias.data(), biased ? bias.size() : 0},
                            {{expert.data(), kTokens, kTopK}, {weight.data(), kTokens, kTopK}})
                      .ok());
      EXPECT_EQ(trace.experts[l], expert);
      for (std::size_t i = 0; i < weight.size(); ++i) ASSERT_EQ(trace.Weight(l, i), weight[i]);
    }
  }
}

// Steps of 16: tokens 0-15, 16-31, 32-47, 48-49. Sequences begin at 0, 20 and 45.
TEST(RecordLogits, StepsCutSequencesAndKeepTheirPositions) {
  const RouterTrace trace = Record(TestLogits(), Plan("mixtral"));
  ASSERT_EQ(trace.steps.size(), 4U);
  EXPECT_EQ(trace.steps[3].tokens, 2U);
  struct Run {
    std::uint32_t sequence, tokens, position;
    std::uint8_t domain;
  };
  const Run expected[] = {{0, 16, 0, 1},  {0, 4, 16, 1}, {1, 12, 0, 0},
                          {1, 13, 12, 0}, {2, 3, 0, 1},  {2, 2, 3, 1}};
  ASSERT_EQ(trace.runs.size(), std::size(expected));
  for (std::size_t i = 0; i < trace.runs.size(); ++i) {
    EXPECT_EQ(trace.runs[i].sequence, expected[i].sequence);
    EXPECT_EQ(trace.runs[i].tokens, expected[i].tokens);
    EXPECT_EQ(trace.runs[i].position, expected[i].position);
    EXPECT_EQ(trace.runs[i].domain, expected[i].domain);
  }
}

TEST(RecordLogits, TheHeaderSaysHowToComputeItAgain) {
  const RecordPlan plan = Plan("deepseek_v3");
  const RouterTrace trace = Record(TestLogits(), plan);
  EXPECT_EQ(trace.model_name, "toy");
  EXPECT_EQ(trace.seed, 7U);
  EXPECT_EQ(trace.origin, TraceOrigin::kRecordedCpu);
  EXPECT_EQ(trace.layer_ids, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(trace.domains, (std::vector<std::string>{"prose", "code"}));
  EXPECT_EQ(trace.notes.at("training"), "none");
  EXPECT_EQ(trace.notes.at("router"), "deepseek_v3");
  ASSERT_EQ(trace.recipes.size(), 2U);
  EXPECT_EQ(trace.recipes[1].route, plan.route);
  EXPECT_EQ(trace.recipes[1].capacity, plan.groups.spec);
  EXPECT_EQ(trace.recipes[1].group_tokens, 0U);
  EXPECT_EQ(trace.recipes[1].bias, std::vector<float>(kExperts, 0.25F));
}

// Capacity f T k / E of 8 tokens, top-1 of 16 experts, f = 1: ceil(8 / 16) = 1 slot. So in each
// group of 8 tokens the first token of each expert is kept.
TEST(RecordLogits, DropsAreThoseOfEachGroupOfTokens) {
  RecordPlan plan = Plan("switch");
  plan.route.top_k = 1;
  plan.groups.tokens = 8;
  plan.groups.spec = {};
  plan.groups.spec.drop = DropBy::kPosition;
  const RouterTrace trace = Record(TestLogits(), plan);
  ASSERT_EQ(trace.kept.size(), 2U);
  std::size_t dropped = 0;
  for (std::uint32_t l = 0; l < 2; ++l) {
    std::vector<bool> seen;
    for (std::uint32_t t = 0; t < kTokens; ++t) {
      if (t % 16 % 8 == 0) seen.assign(kExperts, false);  // groups begin anew with each step of 16
      const ExpertIndex e = trace.experts[l][t];
      EXPECT_EQ(trace.kept[l][t] != 0, !seen[e]) << "layer " << l << ", token " << t;
      dropped += seen[e] ? 1 : 0;
      seen[e] = true;
    }
  }
  EXPECT_GT(dropped, 0U);
}

// A random rule draws anew in each layer and group: equal choices, other survivors.
TEST(RecordLogits, RandomDropsDifferBetweenLayersAndGroups) {
  SafetensorsText text;
  const std::vector<float> same = RandomLogits(1);
  text.Add("logits.1", "F32", {kTokens, kExperts}, same);
  text.Add("logits.2", "F32", {kTokens, kExperts}, same);
  auto logits = ParseLogits(text.Text(), "l.safetensors");
  ASSERT_TRUE(logits.ok());
  RecordPlan plan = Plan("mixtral");
  plan.step_tokens = 64;
  plan.groups.spec.drop = DropBy::kRandom;
  plan.groups.spec.rule.num = 1;
  plan.groups.spec.rule.den = 2;
  const RouterTrace trace = Record(logits.value(), plan);
  ASSERT_EQ(trace.experts[0], trace.experts[1]);
  EXPECT_NE(trace.kept[0], trace.kept[1]);
  EXPECT_NE(GroupSeed(7, {0, 0}), GroupSeed(7, {0, 64}));
  EXPECT_EQ(Record(logits.value(), plan).kept, trace.kept);
}

TEST(RecordLogits, GroupsThatStepsWouldCutAreRefused) {
  RecordPlan plan = Plan("switch");
  plan.groups.tokens = 12;  // steps of 16
  std::ostringstream out;
  const auto backend = MakeHostBackend(plan.route, plan.groups);
  const auto report = RecordLogits(TestLogits(), plan, *backend, out);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.errors()[0].message.find("groups of 12 tokens do not divide steps of 16"),
            std::string::npos);
  plan.groups.tokens = 0;
  plan.step_tokens = 0;
  EXPECT_FALSE(RecordLogits(TestLogits(), plan, *backend, out).ok());
}

TEST(RecordLogits, ARouterForOtherExpertsIsRefused) {
  RecordPlan plan = Plan("mixtral");
  plan.route.experts = 8;
  std::ostringstream out;
  const auto backend = MakeHostBackend(plan.route, plan.groups);
  const auto report = RecordLogits(TestLogits(), plan, *backend, out);
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.errors()[0].message.find("8 experts, but the logits have 16"),
            std::string::npos);
}

TEST(RecordLogits, DomainsWithoutNamesAreRefused) {
  Logits logits = TestLogits();
  logits.metadata["domain_names"] = "prose";
  const RecordPlan plan = Plan("mixtral");
  std::ostringstream out;
  const auto backend = MakeHostBackend(plan.route, plan.groups);
  EXPECT_FALSE(RecordLogits(logits, plan, *backend, out).ok());
}

}  // namespace
}  // namespace switchyard::kernels
