// The acceptance list of recorded traces: each line at its bound.
#include "sim/routing/trace/acceptance.h"

#include <gtest/gtest.h>

#include <functional>
#include <nlohmann/json.hpp>

namespace switchyard {
namespace {

// Six layers of 64 experts, top-6 (uniform 0.09375), that pass every line. The middle layers are
// 2 and 3, the upper half 3 to 5.
TraceStats Passing() {
  constexpr double kUniform = 0.09375;
  TraceStats stats;
  stats.experts = 64;
  stats.top_k = 6;
  stats.layers = 6;
  stats.tokens = 20000;
  stats.overlap_uniform = kUniform;
  stats.layer_overlap[1] = {0.13, 0.2, 3.0 * kUniform, 4.0 * kUniform, 0.25, 0.2};
  stats.layer_overlap[4] = std::vector<double>(6, 2.5 * kUniform);
  stats.layer_overlap[16] = std::vector<double>(6, 2.0 * kUniform);
  stats.layer_overlap[64] = std::vector<double>(6, 1.5 * kUniform);
  stats.same_token_overlap = {0.9, 0.8, 0.7, 0.6, 0.5, 0.69};
  stats.max_over_mean = std::vector<double>(6, 2.0);
  stats.domains = {{"code", 10000, 2.5, 0.3}, {"prose", 10000, 2.3, 0.3}, {"tiny", 10, 9.0, 0.9}};
  stats.affinity_top1 = 3.5 * kUniform;
  return stats;
}

TraceStats Control() {
  TraceStats stats = Passing();
  for (auto& [lag, layers] : stats.layer_overlap) {
    for (double& share : layers) share *= 0.8;
  }
  stats.domains = {{"code", 10000, 2.1, 0.3}};
  stats.affinity_top1 = *stats.affinity_top1 * 0.8;
  return stats;
}

const AcceptanceLine& Line(const Acceptance& list, const std::string& name) {
  for (const AcceptanceLine& line : list.lines) {
    if (line.name == name) return line;
  }
  ADD_FAILURE() << name;
  return list.lines.front();
}

TEST(Acceptance, EveryLinePasses) {
  const TraceStats control = Control();
  const Acceptance list = JudgeTrace(Passing(), &control);
  ASSERT_EQ(list.lines.size(), 9U);
  for (const AcceptanceLine& line : list.lines)
    EXPECT_EQ(line.verdict, Verdict::kPass) << line.name;
  EXPECT_TRUE(list.accepted());
  EXPECT_DOUBLE_EQ(Line(list, "lag_1").measured[0], 3.5) << "layers 2 and 3: 3 and 4 x uniform";
  EXPECT_DOUBLE_EQ(Line(list, "lag_1").control[0], 2.8);
  EXPECT_DOUBLE_EQ(Line(list, "same_token").measured[0], 0.69) << "the largest of layers 3 to 5";
  EXPECT_DOUBLE_EQ(Line(list, "domain_load").measured[0], 2.4) << "without the one of 10 tokens";
  EXPECT_EQ(Line(list, "control").measured, (std::vector<double>{4, 4}));
}

TEST(Acceptance, EachLineFailsAlone) {
  struct Case {
    const char* line;
    std::function<void(TraceStats&)> spoil;
  };
  const Case cases[] = {
      {"lag_1",  // 1.99 x uniform; the other lags stay below it
       [](TraceStats& s) {
         for (double& share : s.layer_overlap[1]) share *= 1.99 / 3.5;
         for (double& share : s.layer_overlap[4]) share *= 1.8 / 2.5;
         for (double& share : s.layer_overlap[16]) share *= 1.7 / 2.0;
       }},
      {"decreasing", [](TraceStats& s) { s.layer_overlap[16] = s.layer_overlap[4]; }},
      {"lag_64",
       [](TraceStats& s) { s.layer_overlap[64] = std::vector<double>(6, 1.29 * 0.09375); }},
      {"layer_0", [](TraceStats& s) { s.layer_overlap[1][0] = 3.6 * 0.09375; }},
      {"same_token", [](TraceStats& s) { s.same_token_overlap[4] = 0.7; }},
      {"load", [](TraceStats& s) { s.max_over_mean = {1.2, 1.2, 1.2, 1.2, 1.2, 1.2}; }},
      {"domain_load",
       [](TraceStats& s) {
         s.domains = {{"code", 10000, 2.0, 0.3}};
       }},
      {"affinity", [](TraceStats& s) { s.affinity_top1 = 2.99 * 0.09375; }},
  };
  for (const Case& c : cases) {
    TraceStats stats = Passing();
    c.spoil(stats);
    const Acceptance list = JudgeTrace(stats, nullptr);
    for (const AcceptanceLine& line : list.lines) {
      if (line.name == "control") continue;
      const Verdict expected = line.name == c.line ? Verdict::kFail : Verdict::kPass;
      EXPECT_EQ(line.verdict, expected) << c.line << ": " << line.name;
    }
    EXPECT_FALSE(list.accepted());
  }
}

TEST(Acceptance, AControlThatIsNotBelowFails) {
  TraceStats control = Control();
  control.affinity_top1 = Passing().affinity_top1;
  const Acceptance list = JudgeTrace(Passing(), &control);
  EXPECT_EQ(Line(list, "control").verdict, Verdict::kFail);
  EXPECT_EQ(Line(list, "control").note, "not below: affinity");
  EXPECT_EQ(Line(list, "control").measured, (std::vector<double>{3, 4}));
}

TEST(Acceptance, AControlThatLacksAFigureIsNotMeasured) {
  TraceStats control = Control();
  control.domains.clear();
  control.affinity_top1.reset();
  control.layer_overlap[64] = Passing().layer_overlap[64];
  const Acceptance list = JudgeTrace(Passing(), &control);
  EXPECT_EQ(Line(list, "control").verdict, Verdict::kNotMeasured);
  EXPECT_EQ(Line(list, "control").note, "not measured: domain_load, affinity; not below: lag_64");
  EXPECT_TRUE(Line(list, "control").measured.empty());
  EXPECT_FALSE(list.accepted());
}

TEST(Acceptance, DomainsCountFrom64ChoicesAnExpertOn) {
  // 64 experts, top-6: 64 choices each are 64 * 64 / 6 = 682.7 tokens.
  TraceStats stats = Passing();
  stats.domains = {{"code", 682, 2.5, 0.3}};
  EXPECT_EQ(Line(JudgeTrace(stats, nullptr), "domain_load").verdict, Verdict::kNotMeasured);
  stats.domains = {{"code", 683, 2.5, 0.3}};
  EXPECT_EQ(Line(JudgeTrace(stats, nullptr), "domain_load").verdict, Verdict::kPass);
}

TEST(Acceptance, WhatIsNotMeasuredDoesNotPass) {
  TraceStats stats = Passing();
  stats.same_token_overlap.clear();
  stats.domains.clear();
  stats.layer_overlap.erase(64);
  const Acceptance list = JudgeTrace(stats, nullptr);
  for (const char* name : {"same_token", "domain_load", "lag_64", "decreasing", "control"}) {
    EXPECT_EQ(Line(list, name).verdict, Verdict::kNotMeasured) << name;
    EXPECT_FALSE(Line(list, name).note.empty()) << name;
  }
  EXPECT_FALSE(list.accepted());
}

TEST(Acceptance, MiddleAndUpperHalfOfFewLayers) {
  // Of 4 layers 1 and 2 are the middle (4/3 and 8/3 rounded outwards), 2 and 3 the upper half; of a
  // single layer it is all of them.
  TraceStats stats = Passing();
  stats.layer_overlap[1] = {0.1, 0.2, 0.4, 0.9};
  stats.same_token_overlap = {0.9, 0.9, 0.1, 0.2};
  const Acceptance four = JudgeTrace(stats, nullptr);
  EXPECT_DOUBLE_EQ(Line(four, "lag_1").measured[0], 0.3 / 0.09375);
  EXPECT_DOUBLE_EQ(Line(four, "same_token").measured[0], 0.2);
  stats.layer_overlap[1] = {0.3};
  stats.same_token_overlap = {0.5};
  const Acceptance one = JudgeTrace(stats, nullptr);
  EXPECT_DOUBLE_EQ(Line(one, "lag_1").measured[0], 0.3 / 0.09375);
  EXPECT_EQ(Line(one, "layer_0").verdict, Verdict::kFail) << "nothing is nearer than itself";
  EXPECT_DOUBLE_EQ(Line(one, "same_token").measured[0], 0.5);
}

TEST(Acceptance, AsTextAndJson) {
  const TraceStats control = Control();
  TraceStats stats = Passing();
  stats.same_token_overlap.clear();
  const Acceptance list = JudgeTrace(stats, &control);
  const std::string text = ToText(list);
  EXPECT_NE(text.find("lag_1        pass          middle layers: at least 2 x uniform"),
            std::string::npos)
      << text;
  EXPECT_NE(text.find("(no token id that occurs twice)"), std::string::npos) << text;
  EXPECT_NE(text.find("\nnot accepted: not every line passes\n"), std::string::npos) << text;
  EXPECT_EQ(text.find(" \n"), std::string::npos) << "blanks at the end of a line";
  const auto json = nlohmann::json::parse(ToJson(stats, &list))["acceptance"];
  EXPECT_FALSE(json["accepted"]);
  ASSERT_EQ(json["lines"].size(), 9U);
  EXPECT_EQ(json["lines"][0]["name"], "lag_1");
  EXPECT_EQ(json["lines"][0]["verdict"], "pass");
  EXPECT_DOUBLE_EQ(json["lines"][0]["measured"][0], 3.5);
  EXPECT_DOUBLE_EQ(json["lines"][0]["control"][0], 2.8);
  EXPECT_EQ(json["lines"][4]["verdict"], "not measured");
}

}  // namespace
}  // namespace switchyard
