// What `topology show` and `check` say: bandwidths, bisection, failures.
#include "topologies/analysis/analysis.h"

#include <gtest/gtest.h>

#include <memory>

#include "tests/unit/topologies/other_clusters.h"
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

TEST(AllToAll, CountsThePartsOfSplitFlowsByTheirShare) {
  // A full fat tree of radix 8: 128 NICs, 4 on an edge switch with 4 ways up, and 16 ways between
  // pods. A GPU sends to the 120 of other nodes, none of them on its edge switch. Spread evenly
  // every link on the way carries as many pairs as a NIC: 4 * 120 over 4 ways up. Hashed, some way
  // up gets more.
  ClusterSpec spec = testing::FatTree(16, 8);
  const auto hashed = AnalyzeSpec(spec);
  spec.paths = PathSelection::kAdaptive;
  const auto spread = AnalyzeSpec(spec);
  EXPECT_NEAR(spread.all_to_all->per_byte.value * testing::kNic.value, 120, 1e-9);
  EXPECT_GT(hashed.all_to_all->per_byte.value * testing::kNic.value, 130);
  for (const auto* analysis : {&hashed, &spread}) {
    for (std::size_t to = 8; to < 128; ++to) {
      EXPECT_EQ(analysis->gpu_pair_bandwidth[to], testing::kNic) << "alone, a pair has its NIC";
    }
  }
}

TEST(PairClasses, APairOverTwoWaysHasTheBandwidthOfBoth) {
  // A 2 x 2 torus: between opposite corners two ways of two links, and the chips' own links at
  // both ends are wide enough for both.
  ClusterSpec spec = testing::Torus({2, 2});
  const auto of_corners = [&] { return AnalyzeSpec(spec).gpu_pair_bandwidth[0 * 4 + 3]; };
  const BytesPerSecond one_way = of_corners();
  spec.paths = PathSelection::kAdaptive;
  EXPECT_DOUBLE_EQ(of_corners() / one_way, 2.0);
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

// Switches that a test joins as it likes; node 0's memory comes with the first GPU.
class Fabric {
 public:
  VertexId Gpu(std::uint32_t node) {
    const VertexId gpu = platform.AddVertex({VertexKind::kGpu, node, 0});
    platform.AddVertex({VertexKind::kHostMemory, node, 0});
    return gpu;
  }
  Platform platform;
};

TEST(Oversubscription, OfATorusIsSideways) {
  // A ring of 4 switches, 2 GPUs of 10 GB/s on each, 8 GB/s to either neighbour: 20 / 16.
  Fabric ring;
  std::vector<VertexId> switches;
  for (std::uint32_t i = 0; i < 4; ++i) {
    switches.push_back(ring.platform.AddVertex({VertexKind::kLeafSwitch, kNoNode, i}));
    for (std::uint32_t gpu = 0; gpu < 2; ++gpu) {
      ring.platform.AddDuplexLink(ring.Gpu(2 * i + gpu), switches[i], LinkTier::kNic, 10_GBps,
                                  0_us);
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    ring.platform.AddDuplexLink(switches[i], switches[(i + 1) % 4], LinkTier::kLeafSpine, 8_GBps,
                                0_us);
  }
  const auto layers = FindOversubscription(ring.platform);
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_TRUE(layers[0].sideways);
  EXPECT_DOUBLE_EQ(layers[0].ratio, 1.25);
}

TEST(Oversubscription, OfATreeIsThatOfEachLayer) {
  // 2 leaves of 4 GPUs at 10, each with 1 uplink of 20 to one middle switch, which has 1 of 10 to
  // the top: 40 / 20 and 40 / 10. All switches of one kind: layers are told apart by distance.
  Fabric tree;
  Platform& platform = tree.platform;
  std::vector<VertexId> switches;
  for (std::uint32_t i = 0; i < 4; ++i) {
    switches.push_back(platform.AddVertex({VertexKind::kLeafSwitch, kNoNode, i}));
  }
  for (std::uint32_t gpu = 0; gpu < 8; ++gpu) {
    platform.AddDuplexLink(tree.Gpu(gpu), switches[gpu / 4], LinkTier::kNic, 10_GBps, 0_us);
  }
  platform.AddDuplexLink(switches[0], switches[2], LinkTier::kLeafSpine, 20_GBps, 0_us);
  platform.AddDuplexLink(switches[1], switches[2], LinkTier::kLeafSpine, 20_GBps, 0_us);
  platform.AddDuplexLink(switches[2], switches[3], LinkTier::kLeafSpine, 10_GBps, 0_us);
  const auto layers = FindOversubscription(platform);
  ASSERT_EQ(layers.size(), 2u);
  EXPECT_DOUBLE_EQ(layers[0].ratio, 2.0);
  EXPECT_EQ(layers[0].at, switches[0]);
  EXPECT_DOUBLE_EQ(layers[1].ratio, 4.0);
  EXPECT_EQ(layers[1].at, switches[2]);
}

TEST(AllToAllCut, IsTheWorstOfGpusNodesAndHalves) {
  const auto cut = [](const ClusterSpec& spec) { return *AnalyzeSpec(spec).all_to_all_cut; };
  // One node: a GPU sends to 7 others over 400 GB/s; half of them 16 pairs over 4 * 400.
  EXPECT_DOUBLE_EQ(cut(testing::OneNode()).per_byte.value, 7 / 400e9);
  // Two nodes: 8 * 8 pairs over 8 NICs of 50.
  EXPECT_DOUBLE_EQ(cut(testing::Rails(2, 2)).per_byte.value, 64 / 400e9);
  // Oversubscribed by 4: 16 * 16 pairs between the units over 8 leaves * 2 * 50 / 4.
  EXPECT_DOUBLE_EQ(cut(testing::Rails(4, 2, 4)).per_byte.value, 256 / 200e9);
}

TEST(AllToAllCut, NoPathsAreFaster) {
  for (const ClusterSpec& spec : {testing::OneNode(), testing::PcieOnly(2), testing::Rails(4, 2, 3),
                                  testing::Rails(5, 2), testing::Rails(3, 1, 2)}) {
    const TopologyAnalysis analysis = AnalyzeSpec(spec);
    EXPECT_LE(analysis.all_to_all_cut->per_byte.value,
              analysis.all_to_all->per_byte.value * (1 + 1e-9));
  }
}

TEST(Memory, ForwardsNothing) {
  // Two sockets that share a memory but no link: their GPUs do not reach each other.
  Platform platform;
  const VertexId a = platform.AddVertex({VertexKind::kGpu, 0, 0});
  const VertexId b = platform.AddVertex({VertexKind::kGpu, 0, 1});
  const VertexId left = platform.AddVertex({VertexKind::kHostBridge, 0, 0});
  const VertexId right = platform.AddVertex({VertexKind::kHostBridge, 0, 1});
  const VertexId memory = platform.AddVertex({VertexKind::kHostMemory, 0, 0});
  platform.AddDuplexLink(a, left, LinkTier::kPcie, 10_GBps, 0_us);
  platform.AddDuplexLink(b, right, LinkTier::kPcie, 10_GBps, 0_us);
  platform.AddDuplexLink(memory, left, LinkTier::kHostMemory, 100_GBps, 0_us);
  platform.AddDuplexLink(memory, right, LinkTier::kHostMemory, 100_GBps, 0_us);
  EXPECT_EQ(CountUnreachablePairs(platform), 2u);
  EXPECT_EQ(FindMaxFlow(platform, {&a, 1}, {&b, 1}).bandwidth.value, 0.0);
  EXPECT_EQ(FindMaxFlow(platform, {&memory, 1}, {&b, 1}).bandwidth, 10_GBps);
  platform.AddDuplexLink(left, right, LinkTier::kPcie, 5_GBps, 0_us);
  EXPECT_EQ(CountUnreachablePairs(platform), 0u);
  EXPECT_EQ(FindMaxFlow(platform, {&a, 1}, {&b, 1}).bandwidth, 5_GBps);
  EXPECT_EQ(FailureNames(platform),
            (std::vector<std::string>{"n000.host", "n000.host1", "n000.gpu0>n000.host",
                                      "n000.gpu1>n000.host1", "n000.host>n000.host1"}));
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
  EXPECT_EQ(pairs, 88u * 87) << "GPUs of nodes 0, 1, 2, 4, 8, ... 256 and 319: 11 nodes of 8";
  EXPECT_FALSE(UniformAllToAll(platform, survey).has_value());
}

}  // namespace
}  // namespace switchyard
