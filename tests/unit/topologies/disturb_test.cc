// From disturbances to names, changes and errors.
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/topologies/clusters.h"
#include "topologies/disturb/effects.h"
#include "topologies/disturb/gpu_conditions.h"
#include "topologies/disturb/link_conditions.h"
#include "topologies/disturb/names.h"

namespace switchyard {
namespace {

constexpr PathSelection kRails = PathSelection::kRailAware;

Slowdown By(double factor, Seconds from = {}, Seconds until = kForever) {
  return {factor, from, until};
}

TEST(Patterns, StarsStandForAnyText) {
  EXPECT_TRUE(MatchesPattern("n003.nic2", "n003.nic2"));
  EXPECT_TRUE(MatchesPattern("n003.nic2", "*"));
  EXPECT_TRUE(MatchesPattern("n003.nic2", "n003*"));
  EXPECT_TRUE(MatchesPattern("n003.nic2", "*nic2*"));
  EXPECT_TRUE(MatchesPattern("aXbXbc", "a*bc")) << "the first b is not the one";
  EXPECT_FALSE(MatchesPattern("n003.nic2", "n003.nic"));
  EXPECT_FALSE(MatchesPattern("n003.nic", "n003.nic2"));
  EXPECT_FALSE(MatchesPattern("", "a"));
  EXPECT_TRUE(MatchesPattern("", "**"));
}

class Named : public ::testing::Test {
 protected:
  [[nodiscard]] std::vector<std::string> LinksOf(const std::string& name) const {
    std::vector<std::string> found;
    const auto links = names_.Links(name);
    if (!links.ok()) return {links.errors()[0].message};
    for (const LinkId link : links.value()) found.push_back(platform_.LinkName(link));
    return found;
  }
  Platform platform_ = testing::Build(testing::Rails(2, 2));
  PlatformNames names_{platform_};
};

using Texts = std::vector<std::string>;

TEST_F(Named, ALinkADeviceATier) {
  EXPECT_EQ(LinksOf("n001.nic2>leaf2"), Texts{"n001.nic2>leaf2"});
  EXPECT_EQ(LinksOf("n001.nic2"), (Texts{"n001.nic2>n001.pcie2", "n001.pcie2>n001.nic2",
                                         "n001.nic2>leaf2", "leaf2>n001.nic2"}));
  EXPECT_EQ(LinksOf("*>n001.nvswitch").size(), 8u);
  EXPECT_EQ(LinksOf("leaf_spine").size(), 16u) << "8 leaves, both directions";
  EXPECT_EQ(LinksOf("nic").size(), 32u) << "16 NICs, both directions";
}

TEST_F(Named, WhatIsNotThereGetsAHint) {
  EXPECT_EQ(LinksOf("n001.nik2"),
            Texts{"no link, device or tier is named 'n001.nik2'; did you mean 'n001.nic2'?"});
  EXPECT_EQ(LinksOf("n001.nic2>leaf3"),
            Texts{"no link is named 'n001.nic2>leaf3'; did you mean 'n001.nic2>leaf2'?"});
  EXPECT_EQ(LinksOf("leafspine"),
            Texts{"no link, device or tier is named 'leafspine'; did you mean 'leaf_spine'?"});
  EXPECT_EQ(LinksOf("frobnicator"),
            Texts{"no link, device or tier is named 'frobnicator'; names are like 'n000.gpu0', '*' "
                  "stands for any text"});
  EXPECT_EQ(names_.Gpus("16").errors()[0].message,
            "no GPU has the number 16; there are 16, counted from 0");
  EXPECT_EQ(names_.NicLinks("n000.gpu1").errors()[0].message,
            "no NIC is named 'n000.gpu1'; did you mean 'n000.nic1'?");
}

TEST_F(Named, GpusByNameNumberAndPattern) {
  EXPECT_EQ(names_.Gpus("9").value(), std::vector<DeviceId>{DeviceId(9)});
  EXPECT_EQ(names_.Gpus("n001.gpu1").value(), std::vector<DeviceId>{DeviceId(9)});
  EXPECT_EQ(names_.Gpus("n001.*").value().size(), 8u);
  EXPECT_EQ(names_.Gpus("*").value().size(), 16u);
}

TEST(Steps, SlowdownsMultiplyAndEnd) {
  // 0.5 from 1 to 4 s, 0.8 from 2 s on: 0.5, 0.4, 0.8.
  const auto steps = StepsOf({{0.5, 0.0, 1_s, 4_s, {}}, {0.8, 0.0, 2_s, kForever, {}}});
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].time, 1_s);
  EXPECT_DOUBLE_EQ(steps[0].left, 0.5);
  EXPECT_EQ(steps[1].time, 2_s);
  EXPECT_DOUBLE_EQ(steps[1].left, 0.4);
  EXPECT_EQ(steps[2].time, 4_s);
  EXPECT_EQ(steps[2].left, 0.8) << "exactly: not 0.4 / 0.5";
}

TEST(Steps, RatesAreTakenOffWhatIsLeft) {
  const auto steps = StepsOf({{0.5, 0.0, 0_s, kForever, {}}, {1.0, 0.2, 0_s, 3_s, {}}});
  ASSERT_EQ(steps.size(), 2u);
  EXPECT_DOUBLE_EQ(steps[0].left, 0.3);
  EXPECT_EQ(steps[1].left, 0.5);
}

TEST(Steps, BurstsComeAndGo) {
  const Effect bursts{0.25, 0.0, 1_s, 3.25_s, Bursts{1_s, 0.5_s}};
  EXPECT_EQ(bursts.NumChanges(), 6);
  const auto steps = StepsOf({bursts});
  ASSERT_EQ(steps.size(), 6u);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_EQ(steps[i].left, i % 2 == 0 ? 0.25 : 1.0);
  EXPECT_EQ(steps[0].time, 1_s);
  EXPECT_EQ(steps[3].time, 2.5_s);
  EXPECT_EQ(steps[5].time, 3.25_s) << "the last burst is cut off by 'until'";
}

TEST(Steps, ManyBurstsStayOnTheirGrid) {
  const auto steps = StepsOf({{0.5, 0.0, 0_s, 1_s, Bursts{0.0001_s, 0.00003_s}}});
  EXPECT_EQ(steps.size(), 20000u) << "10,000 bursts, none lost to rounding";
}

TEST(Steps, WhatChangesNothingIsNoStep) {
  EXPECT_TRUE(StepsOf({{1.0, 0.0, 0_s, kForever, {}}, {1.0, 0.0, 1_s, 2_s, {}}}).empty());
}

std::map<std::string, double> ChangesOf(const Disturbances& d, const Platform& platform) {
  std::map<std::string, double> factors;
  const auto links = LinkConditionsOf(d, platform, kRails);
  EXPECT_TRUE(links.ok()) << ToString(links.errors());
  if (!links.ok()) return factors;
  for (const LinkChange& change : links.value().changes) {
    factors[platform.LinkName(change.link)] = change.factor;
  }
  return factors;
}

Background FlowBetween(const std::string& from, const std::string& to, BytesPerSecond rate) {
  Background b;
  b.from = from;
  b.to = to;
  b.rate = rate;
  return b;
}

TEST(Background, AFlowTakesItsRateOfEveryLinkOnItsWay) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  Disturbances d;
  d.background = {FlowBetween("n000.gpu3", "n001.gpu3", 10_GBps)};
  const auto factors = ChangesOf(d, platform);
  EXPECT_EQ(factors.size(), 6u) << "GPU, PCIe switch, NIC, leaf, NIC, PCIe switch, GPU";
  EXPECT_DOUBLE_EQ(factors.at("n000.nic3>leaf3"), 1 - 10.0 / 50);
  EXPECT_DOUBLE_EQ(factors.at("n000.gpu3>n000.pcie3"), 1 - 10.0 / 60);
}

TEST(Background, AnAllToAllSpreadsEachSendersRate) {
  const Platform platform = testing::Build(testing::OneNode());
  Disturbances d;
  d.background = {FlowBetween("*", "*", 40_GBps)};
  const auto factors = ChangesOf(d, platform);
  EXPECT_EQ(factors.size(), 16u) << "8 GPUs, up and down";
  for (const auto& [link, factor] : factors) EXPECT_NEAR(factor, 1 - 40.0 / 400, 1e-12) << link;
}

TEST(Background, TakesDetoursToo) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  Disturbances d;
  d.nics = {{"n000.nic3", By(0.0)}};
  d.background = {FlowBetween("n000.gpu3", "n001.gpu3", 10_GBps)};
  for (const auto& [link, factor] : ChangesOf(d, platform)) {
    EXPECT_EQ(link.find("n000.nic3"), std::string::npos) << link;
  }
}

std::string ErrorsOf(const Disturbances& d) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  return ToString(CheckDisturbances(d, platform, kRails));
}

TEST(DisturbanceErrors, BackgroundMayNotTakeAll) {
  Disturbances d;
  d.background = {FlowBetween("0", "8", 30_GBps), FlowBetween("0", "8", 30_GBps)};
  const std::string errors = ErrorsOf(d);
  EXPECT_TRUE(
      errors.starts_with("error: disturbances.background[1]: leaves nothing of "
                         "n000.gpu0>n000.pcie0 for the step: 100 % of its capacity are "
                         "taken at 0 s\n"))
      << errors;
}

TEST(DisturbanceErrors, AllAreReported) {
  Disturbances d;
  d.links = {{"nowhere", By(0.5)}, {"nvlink", By(0.0, 1_s)}, {"nvlink", By(1e-9)}};
  d.nics = {{"n000.nic*", By(0.0)}};
  d.gpus = {{"n000.gpu0", By(0.0)}, {"n000.gpu1", By(0.5, 2_s, 1_s)}};
  d.stragglers = {{{"n009.gpu0"}, JitterKind::kNormal, 0.1, {}, JitterPer::kTask}};
  const std::string errors = ErrorsOf(d);
  for (const char* part :
       {"disturbances.links[0].link: no link", "disturbances.links[1]: factor 0 with 'from'",
        "disturbances.links[2]: a factor below 1e-06",
        "disturbances.nics[0]: without it n000.gpu0 cannot reach n001.gpu0",
        "disturbances.gpus[0].factor: a dead GPU", "disturbances.gpus[1]: ends before it begins",
        "disturbances.stragglers[0].gpus[0]: no GPU"}) {
    EXPECT_NE(errors.find(part), std::string::npos) << part << "\nin\n" << errors;
  }
}

TEST(DisturbanceErrors, ChangesAreCountedBeforeTheyAreMade) {
  Disturbances d;
  Background b;
  b.link = "nvlink";
  b.share = 0.5;
  b.until = 1000_s;
  b.bursts = Bursts{1_us, 0.5_us};  // 1e9 bursts on 32 links
  d.background = {b};
  EXPECT_NE(ErrorsOf(d).find("makes more than 1048576 changes"), std::string::npos);
}

TEST(GpuConditions, OverlappingSlowdownsMultiply) {
  const Platform platform = testing::Build(testing::OneNode());
  Disturbances d;
  d.gpus = {{"n000.gpu2", By(0.5, 0_s)}, {"*", By(0.8, 1_s, 2_s)}};
  const auto changes = SpeedChangesOf(d, platform);
  ASSERT_TRUE(changes.ok());
  EXPECT_EQ(changes.value().size(), 7u * 2 + 3);
  std::vector<double> of_gpu2;
  for (const SpeedChange& c : changes.value()) {
    if (c.device == DeviceId(2)) of_gpu2.push_back(c.factor);
  }
  EXPECT_EQ(of_gpu2, (std::vector<double>{0.5, 0.4, 0.5}));
}

}  // namespace
}  // namespace switchyard
