// Every disturbance is said in words.
#include <gtest/gtest.h>

#include "sim/metrics/metrics.h"

namespace switchyard {
namespace {

TEST(WhatIf, EveryDisturbanceIsASentence) {
  Disturbances d;
  d.links = {{"leaf_spine", {0.5, 1_ms, 2.5_ms}}};
  d.nics = {{"n001.nic0", {0.0, 0_s, kForever}}, {"n001.nic1", {0.25, 0_s, kForever}}};
  d.gpus = {{"3", {0.8, 250_us, kForever}}};
  d.stragglers = {{{}, JitterKind::kLogNormal, 0.1, {}, JitterPer::kTask},
                  {{"a", "b", "c", "d"}, JitterKind::kDelay, 0, 50_us, JitterPer::kStep}};
  d.clocks = {{{"n000.*"}, 0.97, 0.02}};
  Background share;
  share.link = "nic";
  share.share = 0.3;
  share.until = 0.1_s;
  share.bursts = Bursts{200_us, 50_us};
  Background flow;
  flow.from = "*";
  flow.to = "n001.*";
  flow.rate = 5_GBps;
  d.background = {share, flow};
  const std::vector<std::string> expected = {
      "what if: link leaf_spine at 50 % from 1 ms until 2.5 ms",
      "what if: NIC n001.nic0 dead, its traffic takes other ways",
      "what if: NIC n001.nic1 at 25 %",
      "what if: GPU 3 at 80 % from 250 us",
      "what if: compute times x exp(0.1 N(0,1)), all GPUs, per task",
      "what if: 50 us more compute time, GPU a, b, c and 1 more, per step",
      "what if: clocks at 97 % x (1 + 0.02 N(0,1)), GPU n000.*",
      "what if: background on 30 % of nic, 50 us of every 200 us until 100 ms",
      "what if: background of 5 GB/s from GPU * to n001.*"};
  EXPECT_EQ(DescribeDisturbances(d), expected);
  EXPECT_TRUE(DescribeDisturbances({}).empty());
}

TEST(WhatIf, ComesFirstAmongTheAssumptions) {
  Scenario scenario;
  scenario.disturbances.nics = {{"n000.nic0", {0.5, 0_s, kForever}}};
  EXPECT_EQ(Assumptions(scenario).front(), "what if: NIC n000.nic0 at 50 %");
}

}  // namespace
}  // namespace switchyard
