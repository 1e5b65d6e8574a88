// What `topology show` and `check` say: bandwidths, bisection, failures.
#include "topologies/analysis/analysis.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/topologies/clusters.h"
#include "topologies/analysis/max_flow.h"

namespace switchyard {
namespace {

TopologyAnalysis AnalyzeSpec(const ClusterSpec& spec) {
  const Platform platform = testing::Build(spec);
  return Analyze(platform, *MakePathSelector(spec.paths, platform));
}

std::vector<std::string> FailureNames(const Platform& platform) {
  const FailurePoints points = FindFailurePoints(platform);
  std::vector<std::string> names;
  for (const VertexId v : points.vertices) names.push_back(platform.VertexName(v));
  for (const LinkId l : points.links) names.push_back(platform.LinkName(l));
  return names;
}

TEST(MaxFlow, TakesEveryWayAtOnce) {
  const Platform platform = testing::Build(testing::OneNode());
  const VertexId a = platform.gpu(DeviceId{0});
  const VertexId b = platform.gpu(DeviceId{1});
  const MaxFlow flow = FindMaxFlow(platform, {&a, 1}, {&b, 1});
  EXPECT_EQ(flow.bandwidth, testing::kNvLink + testing::kPcie);
  ASSERT_EQ(flow.cut.size(), 2u);
  EXPECT_EQ(platform.LinkName(flow.cut[0]), "n000.gpu0>n000.nvswitch");
  EXPECT_EQ(platform.LinkName(flow.cut[1]), "n000.gpu0>n000.pcie0");
}

TEST(MaxFlow, AnotherNodeIsReachedOverAllItsNics) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  const VertexId a = platform.gpu(DeviceId{0});
  const VertexId b = platform.gpu(DeviceId{8});
  // The GPU itself could send 400 + 60; the node's 8 NICs carry 8 * 50 = 400.
  EXPECT_EQ(FindMaxFlow(platform, {&a, 1}, {&b, 1}).bandwidth, testing::kNic * 8);
}

TEST(Bisection, OfOneNodeIsWhatHalfItsGpusSendOverNvLink) {
  const auto bisection = AnalyzeSpec(testing::OneNode()).bisection;
  EXPECT_EQ(bisection->bandwidth, testing::kNvLink * 4) << "4 GPUs; PCIe carries no GPU pair";
}

TEST(Bisection, OfOneNodeWithoutNvLinkIsWhatItsPcieSwitchesCarry) {
  // 4 of 8 GPUs behind 2 of 4 PCIe switches.
  EXPECT_EQ(AnalyzeSpec(testing::PcieOnly(1)).bisection->bandwidth, testing::kPcie * 2);
}

TEST(Bisection, OfTwoNodesIsTheirNics) {
  const auto bisection = AnalyzeSpec(testing::Rails(2, 2)).bisection;
  EXPECT_EQ(bisection->bandwidth, testing::kNic * 8) << "8 NICs of one node";
  EXPECT_EQ(bisection->cut[static_cast<std::size_t>(LinkTier::kNic)], testing::kNic * 8);
}

TEST(Bisection, OversubscriptionByTwoHalvesItAcrossUnits) {
  // 4 nodes in units of 2: the halves are the units. Without oversubscription 2 nodes * 8 NICs * 50
  // = 800 GB/s; at 2:1 each of the 8 leaves of a unit goes up with 2 * 50 / 2 = 50, together 400.
  EXPECT_EQ(AnalyzeSpec(testing::Rails(4, 2, 1)).bisection->bandwidth, 800_GBps);
  EXPECT_EQ(AnalyzeSpec(testing::Rails(4, 2, 2)).bisection->bandwidth, 400_GBps);
  // Within one unit nothing goes up.
  EXPECT_EQ(AnalyzeSpec(testing::Rails(4, 4, 2)).bisection->bandwidth, 800_GBps);
}

TEST(Bisection, OfAnOddNumberOfNodesIsTheSmallerHalfs) {
  EXPECT_EQ(AnalyzeSpec(testing::Rails(5, 8)).bisection->bandwidth, testing::kNic * 16)
      << "2 nodes of 8 NICs against 3";
}

TEST(PairBandwidth, IsThatOfTheNarrowestLinkOfThePath) {
  const TopologyAnalysis analysis = AnalyzeSpec(testing::Rails(2, 2));
  ASSERT_EQ(analysis.gpu_pair_bandwidth.size(), 16u * 16);
  for (std::size_t from = 0; from < 16; ++from) {
    for (std::size_t to = 0; to < 16; ++to) {
      const BytesPerSecond expected = from == to           ? BytesPerSecond{}
                                      : from / 8 == to / 8 ? testing::kNvLink
                                                           : testing::kNic;
      EXPECT_EQ(analysis.gpu_pair_bandwidth[from * 16 + to], expected);
    }
  }
}

TEST(PairClasses, CountEveryPairOnce) {
  const TopologyAnalysis analysis = AnalyzeSpec(testing::Rails(4, 2));
  // 32 GPUs. Same node: 32 * 7. Other node of the unit: same rail 32 * 1, other 32 * 7. Other
  // unit's 2 nodes: same rail 32 * 2, other 32 * 14.
  std::vector<std::uint64_t> pairs;
  for (const PairSummary& summary : analysis.pairs) pairs.push_back(summary.pairs.pairs);
  EXPECT_EQ(pairs, (std::vector<std::uint64_t>{32 * 7, 32 * 1, 32 * 7, 32 * 2, 32 * 14}));
}

TEST(AllToAll, IsBoundByTheBusiestLink) {
  // Each NIC carries what its node's 8 GPUs send to the 1 GPU of its rail in the other node: 8
  // pairs over 50 GB/s. NVLink carries 7 + 7 pairs over 400 GB/s.
  const auto two_nodes = AnalyzeSpec(testing::Rails(2, 2)).all_to_all;
  EXPECT_DOUBLE_EQ(two_nodes->per_byte.value, 8 / testing::kNic.value);
  const auto one_node = AnalyzeSpec(testing::OneNode()).all_to_all;
  EXPECT_DOUBLE_EQ(one_node->per_byte.value, 7 / testing::kNvLink.value);
}

TEST(Oversubscription, ComparesBelowWithAbove) {
  const auto ratios = AnalyzeSpec(testing::Rails(4, 2, 3)).oversubscription;
  ASSERT_EQ(ratios.size(), 2u);
  EXPECT_EQ(ratios[0].tier, LinkTier::kPcie);
  EXPECT_DOUBLE_EQ(ratios[0].ratio, 1.0) << "one GPU, one way up";
  EXPECT_EQ(ratios[1].tier, LinkTier::kLeafSpine);
  EXPECT_DOUBLE_EQ(ratios[1].ratio, 3.0);
  EXPECT_DOUBLE_EQ(AnalyzeSpec(testing::PcieOnly(1)).oversubscription[0].ratio, 2.0)
      << "two GPUs share one way up";
}

TEST(Connectivity, BuiltClustersAreConnected) {
  for (const ClusterSpec& spec : {testing::OneNode(), testing::PcieOnly(2), testing::Rails(3, 2)}) {
    EXPECT_EQ(CountUnreachablePairs(testing::Build(spec)), 0u);
  }
}

TEST(Connectivity, OneWayLinksReachOneWay) {
  Platform platform;
  const VertexId a = platform.AddVertex({VertexKind::kGpu, 0, 0});
  const VertexId b = platform.AddVertex({VertexKind::kGpu, 0, 1});
  const VertexId c = platform.AddVertex({VertexKind::kGpu, 0, 2});
  platform.AddVertex({VertexKind::kHostMemory, 0, 0});
  platform.AddDuplexLink(a, b, LinkTier::kNvLink, 1_GBps, 0_us);
  platform.AddLink(b, c, LinkTier::kNvLink, 1_GBps, 0_us);
  // c reaches nobody: a and b with c, in both orders.
  EXPECT_EQ(CountUnreachablePairs(platform), 4u);
  const TopologyAnalysis analysis =
      Analyze(platform, *MakePathSelector(PathSelection::kShortest, platform));
  EXPECT_FALSE(analysis.bisection.has_value());
  EXPECT_TRUE(analysis.pairs.empty());
}

TEST(FailurePoints, RailFabricsHaveNone) {
  EXPECT_EQ(FailureNames(testing::Build(testing::Rails(4, 2))), std::vector<std::string>{});
  EXPECT_EQ(FailureNames(testing::Build(testing::OneNode())), std::vector<std::string>{});
}

TEST(FailurePoints, WithoutNvLinkEachSwitchAndAttachmentCutsGpusOff) {
  ClusterSpec spec = testing::PcieOnly(1);
  spec.node.gpus = 3;
  spec.node.nic.reset();
  EXPECT_EQ(
      FailureNames(testing::Build(spec)),
      (std::vector<std::string>{"n000.host", "n000.pcie0", "n000.pcie1", "n000.pcie0>n000.host",
                                "n000.gpu0>n000.pcie0", "n000.gpu1>n000.pcie0",
                                "n000.pcie1>n000.host", "n000.gpu2>n000.pcie1"}));
}

TEST(FailurePoints, OneNicPerNodeMakesTheNicOne) {
  ClusterSpec spec = testing::Rails(2, 2);
  spec.node.gpus = 1;
  spec.node.nvlink.reset();
  const std::vector<std::string> names = FailureNames(testing::Build(spec));
  EXPECT_EQ(std::count(names.begin(), names.end(), "n001.nic0"), 1);
  EXPECT_EQ(std::count(names.begin(), names.end(), "leaf0"), 1);
  EXPECT_EQ(std::count(names.begin(), names.end(), "n000.host"), 0)
      << "only its memory hangs there";
}

TEST(Survey, LargeClustersAreSampled) {
  const ClusterSpec spec = testing::Rails(320, 32);  // 2560 GPUs
  const Platform platform = testing::Build(spec);
  const auto paths = MakePathSelector(PathSelection::kRailAware, platform);
  const PairSurvey survey = SurveyPairs(platform, *paths);
  EXPECT_FALSE(survey.complete);
  EXPECT_TRUE(survey.bandwidth.empty());
  std::uint64_t pairs = 0;
  for (const PairClass& pair_class : survey.classes) pairs += pair_class.pairs;
  EXPECT_EQ(pairs, 24u * 23) << "GPUs of nodes 0, 1 and 319";
  EXPECT_FALSE(UniformAllToAll(platform, survey).has_value());
}

}  // namespace
}  // namespace switchyard
