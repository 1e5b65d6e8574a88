// Every selector on every platform that it serves: paths are loop-free walks that pass through
// nothing that does not forward; ECMP spreads and collides; adaptive parts are different and even;
// dead links are avoided.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "tests/unit/topologies/other_clusters.h"
#include "topologies/paths/adaptive.h"
#include "topologies/paths/ecmp.h"
#include "topologies/paths/shortest.h"

namespace switchyard {
namespace {

using testing::At;
using testing::Build;
using testing::Path;
using testing::Walk;

std::vector<ClusterSpec> Clusters() {
  ClusterSpec few_nics = testing::Rails(3, 2);
  few_nics.node.nics = 4;
  ClusterSpec many_nics = testing::Rails(2, 1);
  many_nics.node.nics = 16;
  ClusterSpec two_sockets = testing::PcieOnly(2);
  two_sockets.node.sockets = 2;
  two_sockets.node.socket_link = LinkSpec{40_GBps, 0.1_us};
  ClusterSpec mixed = testing::Rails(2, 2);
  mixed.node_groups = {{1, {}, mixed.node}};
  mixed.node_groups[0].node.nvlink.reset();
  return {testing::OneNode(),
          testing::PcieOnly(2),
          testing::Rails(3, 2),
          few_nics,
          many_nics,
          two_sockets,
          mixed,
          testing::Racks(),
          testing::CubeMesh(),
          testing::FatTree(2, 4),
          testing::FatTree(3, 8, 3),
          testing::Dragonfly(3, {4, 3, 2, 2, {}, {}}),
          testing::Torus({4, 4}),
          testing::Torus({4, 2, 3}),
          testing::WrittenOut()};
}

// No switch of another node, no memory; a GPU only from or to NVLink, or between its torus and its
// host.
std::string ForwardingError(const Platform& platform, VertexId from, VertexId to,
                            const std::vector<LinkId>& links) {
  const std::uint32_t a = platform.vertex(from).node;
  const std::uint32_t b = platform.vertex(to).node;
  for (std::size_t i = 0; i + 1 < links.size(); ++i) {
    const Vertex& v = platform.vertex(platform.link(links[i]).to);
    const bool elsewhere = v.node != kNoNode && v.node != a && v.node != b;
    const bool end_only = v.kind == VertexKind::kHostMemory || v.kind == VertexKind::kSsd;
    const auto joins_gpus = [&](LinkId l) {
      const LinkTier tier = platform.link(l).tier;
      return tier == LinkTier::kNvLink || tier == LinkTier::kTorus;
    };
    const bool relay = joins_gpus(links[i]) || joins_gpus(links[i + 1]);
    if (elsewhere || end_only || (v.kind == VertexKind::kGpu && !relay)) {
      return "passes through " + platform.VertexName(platform.link(links[i]).to);
    }
  }
  return {};
}

void ExpectGoodPaths(const Platform& platform, const PathSelector& paths) {
  const auto gpus = platform.OfKind(VertexKind::kGpu);
  for (const VertexId from : testing::Endpoints(platform)) {
    for (const VertexId to : testing::Endpoints(platform)) {
      const bool of_gpus = platform.vertex(from).kind == VertexKind::kGpu &&
                           platform.vertex(to).kind == VertexKind::kGpu;
      if (!paths.Reaches(from, to)) {
        EXPECT_FALSE(of_gpus) << platform.VertexName(from) << " " << platform.VertexName(to);
        continue;
      }
      const std::uint32_t parts = paths.NumParts(from, to);
      ASSERT_TRUE(parts >= 1 && parts <= kMaxFlowParts);
      std::set<std::vector<LinkId>> distinct;
      for (std::uint32_t part = 0; part < parts; ++part) {
        const std::vector<LinkId> links = Path(paths, from, to, 7 + part);
        EXPECT_EQ(testing::WalkError(platform, from, to, links), "") << Walk(platform, from, links);
        EXPECT_EQ(ForwardingError(platform, from, to, links), "") << Walk(platform, from, links);
        EXPECT_EQ(Path(paths, from, to, 7 + part), links) << "the same again";
        distinct.insert(links);
      }
      EXPECT_EQ(distinct.size(), parts) << "consecutive keys give different paths";
    }
  }
  EXPECT_EQ(FirstUnreachable(platform, paths), std::nullopt) << gpus.size();
}

TEST(EverySelector, GivesGoodPathsWhereverItFits) {
  for (const ClusterSpec& spec : Clusters()) {
    const Platform platform = Build(spec);
    SCOPED_TRACE(WhyNotRailAware(spec) + " " + std::to_string(platform.vertices().size()));
    for (const PathSelection selection : {PathSelection::kRailAware, PathSelection::kShortest,
                                          PathSelection::kEcmp, PathSelection::kAdaptive}) {
      if (selection == PathSelection::kRailAware && !WhyNotRailAware(spec).empty()) continue;
      SCOPED_TRACE(ToString(selection));
      ExpectGoodPaths(platform, *MakePathSelector(selection, platform));
    }
  }
}

TEST(WhyNotRailAware, NamesWhatDoesNotFit) {
  EXPECT_EQ(WhyNotRailAware(testing::Racks()), "");
  EXPECT_EQ(WhyNotRailAware(testing::PcieOnly(2)), "");
  EXPECT_EQ(
      WhyNotRailAware(testing::FatTree(2, 4)),
      "rail_aware paths need rails: NVSwitch or PCIe nodes under rail_optimized, and not a fat "
      "tree; use ecmp, adaptive or shortest");
  EXPECT_NE(WhyNotRailAware(testing::Torus({2, 2})).find("a torus"), std::string::npos);
  EXPECT_NE(WhyNotRailAware(testing::CubeMesh()).find("from GPU to GPU"), std::string::npos);
  EXPECT_NE(WhyNotRailAware(testing::WrittenOut()).find("written out"), std::string::npos);
}

TEST(CubeMesh, PairsWithoutACableGoThroughTheGpuWithTheWidestCables) {
  const Platform platform = Build(testing::CubeMesh());
  const ShortestPaths paths(platform);
  const auto walk = [&](const char* from, const char* to) {
    return Walk(platform, At(platform, from), Path(paths, At(platform, from), At(platform, to)));
  };
  EXPECT_EQ(walk("n000.gpu0", "n000.gpu3"), "n000.gpu0 n000.gpu3");
  // 0 to 5: by 1 (25 and 50 GB/s) or by 4 (50 and 25); both have 25 at their narrowest; link ids
  // decide. 0 to 7: by 3 (50 and 25) or by 4 (50 and 50).
  EXPECT_EQ(walk("n000.gpu0", "n000.gpu5"), "n000.gpu0 n000.gpu1 n000.gpu5");
  EXPECT_EQ(walk("n000.gpu0", "n000.gpu7"), "n000.gpu0 n000.gpu4 n000.gpu7");
}

TEST(Mesh, ChainsOfCablesAreUsedWhenNothingElseIs) {
  ClusterSpec spec = testing::OneNode();
  spec.node = NodeSpec{};
  spec.node.gpus = 4;
  for (const auto& [a, b] : {std::pair("gpu0", "gpu1"), {"gpu1", "gpu2"}, {"gpu2", "gpu3"}}) {
    spec.node.links.push_back({a, b, LinkTier::kNvLink, {25_GBps, 1_us}});
  }
  const Platform platform = Build(spec);
  const VertexId from = platform.gpu(DeviceId{0});
  EXPECT_EQ(Walk(platform, from, Path(EcmpPaths(platform), from, platform.gpu(DeviceId{3}))),
            "n000.gpu0 n000.gpu1 n000.gpu2 n000.gpu3");
}

TEST(RailAware, CrossesSocketsAndReachesTheMemoryOfOtherHosts) {
  ClusterSpec spec = testing::PcieOnly(1);
  spec.node.sockets = 2;
  spec.node.socket_link = LinkSpec{40_GBps, 0.1_us};
  const Platform two = Build(spec);
  const auto paths = MakePathSelector(PathSelection::kRailAware, two);
  EXPECT_EQ(
      Walk(two, At(two, "n000.gpu0"), Path(*paths, At(two, "n000.gpu0"), At(two, "n000.gpu7"))),
      "n000.gpu0 n000.pcie0 n000.host n000.host1 n000.pcie3 n000.gpu7");
  const Platform racks = Build(testing::Racks());
  const auto rails = MakePathSelector(PathSelection::kRailAware, racks);
  EXPECT_EQ(Walk(racks, At(racks, "n000.gpu1"),
                 Path(*rails, At(racks, "n000.gpu1"), At(racks, "n000.dram3"))),
            "n000.gpu1 n000.nvswitch n000.gpu6 n000.pcie6 n000.host3 n000.dram3");
}

TEST(RailAware, RacksUseTheRailsOfTheirTrays) {
  // 12 NICs on 2 rails: NIC 5 is on rail 1, as is GPU 9's NIC of the other rack: no detour.
  const Platform platform = Build(testing::Racks());
  EXPECT_EQ(testing::Count(platform, VertexKind::kLeafSwitch), 2u);
  const auto paths = MakePathSelector(PathSelection::kRailAware, platform);
  const VertexId from = At(platform, "n000.gpu5");
  EXPECT_EQ(Walk(platform, from, Path(*paths, from, At(platform, "n001.gpu9"))),
            "n000.gpu5 n000.pcie5 n000.nic5 leaf1 n001.nic9 n001.pcie9 n001.gpu9");
  // Rail 0: over NVLink to the GPU beside it on that rail.
  EXPECT_EQ(Walk(platform, from, Path(*paths, from, At(platform, "n001.gpu8"))),
            "n000.gpu5 n000.nvswitch n000.gpu4 n000.pcie4 n000.nic4 leaf0 n001.nic8 n001.pcie8 "
            "n001.gpu8");
}

TEST(RailAware, SplitsFlowsOverTheNicsOfAGpu) {
  ClusterSpec spec = testing::Rails(2, 2);
  spec.node.nics = 32;
  const Platform platform = Build(spec);
  const auto paths = MakePathSelector(PathSelection::kRailAware, platform);
  const VertexId from = At(platform, "n000.gpu1");
  const VertexId to = At(platform, "n001.gpu1");
  EXPECT_EQ(paths->NumParts(from, to), 4u);
  EXPECT_EQ(paths->NumParts(from, At(platform, "n000.gpu2")), 1u);
  EXPECT_EQ(Walk(platform, from, Path(*paths, from, to, 2)),
            "n000.gpu1 n000.pcie1 n000.nic6 leaf6 n001.nic6 n001.pcie1 n001.gpu1");
  EXPECT_EQ(Walk(platform, from, Path(*paths, from, At(platform, "n001.gpu2"), 3)),
            "n000.gpu1 n000.nvswitch n000.gpu2 n000.pcie2 n000.nic11 leaf11 n001.nic11 n001.pcie2 "
            "n001.gpu2");
}

// How many paths cross each of the vertices of a kind.
std::map<VertexId, int> Crossings(const Platform& platform, VertexKind kind,
                                  const std::vector<std::vector<LinkId>>& paths) {
  std::map<VertexId, int> crossings;
  for (const VertexId v : platform.OfKind(kind)) crossings[v] = 0;
  for (const std::vector<LinkId>& path : paths) {
    for (const LinkId l : path) {
      if (platform.vertex(platform.link(l).to).kind == kind) ++crossings[platform.link(l).to];
    }
  }
  return crossings;
}

TEST(Ecmp, SpreadsFlowsEvenlyInTheLongRun) {
  // 4,096 flows of one pair between pods choose among 4 cores. Chi-square with 3 degrees of freedom
  // exceeds 16.3 with probability 0.001; a hash without a seed gives one fixed draw.
  const Platform platform = Build(testing::FatTree(2, 4));
  const EcmpPaths ecmp(platform);
  constexpr int kFlows = 4096;
  std::vector<std::vector<LinkId>> paths;
  for (std::uint64_t key = 0; key < kFlows; ++key) {
    paths.push_back(Path(ecmp, At(platform, "n000.gpu0"), At(platform, "n001.gpu7"), key));
  }
  double chi_square = 0;
  for (const auto& [core, count] : Crossings(platform, VertexKind::kCoreSwitch, paths)) {
    constexpr double kExpected = kFlows / 4.0;
    chi_square += (count - kExpected) * (count - kExpected) / kExpected;
  }
  EXPECT_LT(chi_square, 16.3);
}

TEST(Ecmp, FewFlowsCollide) {
  // 8 flows, GPU g of node 0 to GPU g of node 1, over 16 uplinks of 8 edge switches. That no two
  // share a link between switches has probability 1/2 at each of the 4 edges (2 flows, 2 uplinks)
  // and less above: 1/16 at most. These flows, fixed by the hash, do collide.
  const Platform platform = Build(testing::FatTree(2, 4));
  const EcmpPaths ecmp(platform);
  std::map<LinkId, int> load;
  for (std::uint32_t g = 0; g < 8; ++g) {
    const auto path = Path(ecmp, platform.gpu(DeviceId{g}), platform.gpu(DeviceId{g + 8}), g);
    for (const LinkId l : path) load[l] += IsFabric(platform.link(l).tier);
  }
  int most = 0;
  for (const auto& [link, flows] : load) most = std::max(most, flows);
  EXPECT_GT(most, 1);
}

TEST(Ecmp, OneFlowKeepsItsWay) {
  const Platform platform = Build(testing::FatTree(2, 4));
  const EcmpPaths a(platform);
  const EcmpPaths b(platform);
  for (std::uint64_t key = 0; key < 16; ++key) {
    EXPECT_EQ(Path(a, platform.gpu(DeviceId{0}), platform.gpu(DeviceId{8}), key),
              Path(b, platform.gpu(DeviceId{0}), platform.gpu(DeviceId{8}), key));
  }
}

TEST(Adaptive, PartsUseEveryWayOnce) {
  // Between pods of radix 4: 2 aggregations * 2 cores = 4 ways.
  const Platform platform = Build(testing::FatTree(2, 4));
  const AdaptivePaths adaptive(platform);
  const VertexId from = At(platform, "n000.gpu0");
  const VertexId to = At(platform, "n001.gpu7");
  ASSERT_EQ(adaptive.NumParts(from, to), 4u);
  std::vector<std::vector<LinkId>> paths;
  for (std::uint64_t part = 0; part < 4; ++part) paths.push_back(Path(adaptive, from, to, part));
  for (const auto& [core, count] : Crossings(platform, VertexKind::kCoreSwitch, paths)) {
    EXPECT_EQ(count, 1) << platform.VertexName(core);
  }
  EXPECT_EQ(adaptive.NumParts(from, At(platform, "n000.gpu1")), 1u) << "over NVLink";
}

TEST(Adaptive, MoreWaysThanPartsAreSharedAsEvenlyAsPartsCan) {
  // Radix 16: 8 aggregations of 8 cores, 64 ways; 16 parts: 2 by each aggregation, on different
  // cores.
  ClusterSpec spec = testing::FatTree(16, 16);  // 128 NICs: 2 pods of 64
  const Platform platform = Build(spec);
  const AdaptivePaths adaptive(platform);
  const VertexId from = At(platform, "n000.gpu3");
  const VertexId to = At(platform, "n015.gpu3");
  ASSERT_EQ(adaptive.NumParts(from, to), kMaxFlowParts);
  std::map<LinkId, int> load;
  for (std::uint64_t part = 0; part < kMaxFlowParts; ++part) {
    for (const LinkId l : Path(adaptive, from, to, part)) ++load[l];
  }
  for (const auto& [link, parts] : load) {
    const LinkTier tier = platform.link(link).tier;
    EXPECT_TRUE(tier != LinkTier::kEdgeAggregation || parts == 2) << parts;
    EXPECT_TRUE(tier != LinkTier::kAggregationCore || parts == 1) << parts;
  }
}

TEST(Adaptive, SharesNoMoreThanAnUnevenWayCanTake) {
  // From switch0 two ways on: switch1, with one way further, and switch2, with three. Four parts:
  // one and three.
  ClusterSpec spec = testing::WrittenOut();
  ExplicitFabricSpec fabric{8, {}};
  for (const auto& [a, b] : {std::pair("n000.nic0", "switch0"),
                             {"switch0", "switch1"},
                             {"switch0", "switch2"},
                             {"switch1", "switch3"},
                             {"switch2", "switch4"},
                             {"switch2", "switch5"},
                             {"switch2", "switch6"},
                             {"switch3", "switch7"},
                             {"switch4", "switch7"},
                             {"switch5", "switch7"},
                             {"switch6", "switch7"},
                             {"switch7", "n001.nic0"}}) {
    fabric.links.push_back({a, b, {testing::kNic, 1_us}});
  }
  spec.fabric = fabric;
  const Platform platform = Build(spec);
  const AdaptivePaths adaptive(platform);
  const VertexId from = At(platform, "n000.gpu0");
  const VertexId to = At(platform, "n001.gpu0");
  ASSERT_EQ(adaptive.NumParts(from, to), 4u);
  std::vector<std::vector<LinkId>> paths;
  for (std::uint64_t part = 0; part < 4; ++part) paths.push_back(Path(adaptive, from, to, part));
  auto crossings = Crossings(platform, VertexKind::kSwitch, paths);
  EXPECT_EQ(crossings[At(platform, "switch1")], 1);
  EXPECT_EQ(crossings[At(platform, "switch2")], 3);
  for (const char* name : {"switch4", "switch5", "switch6"}) {
    EXPECT_EQ(crossings[At(platform, name)], 1) << name;
  }
}

// Both directions between two vertices.
std::vector<LinkId> Both(const Platform& platform, std::string_view a, std::string_view b) {
  return {platform.FindLink(At(platform, a), At(platform, b)).value(),
          platform.FindLink(At(platform, b), At(platform, a)).value()};
}

// Paths between one GPU and all others, both ways, cross none of the links.
void ExpectAvoided(const Platform& platform, const PathSelector& paths,
                   const std::vector<LinkId>& dead) {
  const VertexId gpu = platform.gpu(DeviceId{0});
  for (const VertexId to : platform.OfKind(VertexKind::kGpu)) {
    for (const auto& [a, b] : {std::pair(gpu, to), std::pair(to, gpu)}) {
      if (!paths.Reaches(a, b)) continue;
      const std::vector<LinkId> links = Path(paths, a, b, 3);
      EXPECT_EQ(testing::WalkError(platform, a, b, links), "");
      EXPECT_EQ(std::find_first_of(links.begin(), links.end(), dead.begin(), dead.end()),
                links.end());
    }
  }
}

TEST(DeadLinks, AreCrossedByNoSelector) {
  for (const ClusterSpec& spec : Clusters()) {
    const Platform platform = Build(spec);
    // A link of the first GPU, when another is left to it.
    const VertexId gpu = platform.gpu(DeviceId{0});
    if (platform.out_links(gpu).size() < 2) continue;
    const LinkId first = platform.out_links(gpu)[0];
    const std::vector<LinkId> dead = {first,
                                      platform.FindLink(platform.link(first).to, gpu).value()};
    for (const PathSelection selection : {PathSelection::kRailAware, PathSelection::kShortest,
                                          PathSelection::kEcmp, PathSelection::kAdaptive}) {
      if (selection == PathSelection::kRailAware && !WhyNotRailAware(spec).empty()) continue;
      ExpectAvoided(platform, *MakePathSelector(selection, platform, dead), dead);
    }
  }
}

TEST(DeadLinks, ANicThatIsCutOffIsReplacedByAnother) {
  const Platform platform = Build(testing::Rails(2, 2));
  const std::vector<LinkId> dead = Both(platform, "n000.nic3", "leaf3");
  for (const PathSelection selection : {PathSelection::kRailAware, PathSelection::kEcmp}) {
    const auto paths = MakePathSelector(selection, platform, dead);
    const VertexId from = At(platform, "n000.gpu3");
    const std::vector<LinkId> links = Path(*paths, from, At(platform, "n001.gpu3"));
    const std::string walk = Walk(platform, from, links);
    EXPECT_EQ(walk.find("nic3 leaf3"), std::string::npos) << walk;
    EXPECT_NE(walk.find("n000.host "), std::string::npos)
        << "another's NIC, over the host: " << walk;
    EXPECT_EQ(FirstUnreachable(platform, *paths), std::nullopt);
  }
}

TEST(DeadLinks, WhatIsCutOffIsSaid) {
  const Platform platform = Build(testing::FatTree(2, 4));
  std::vector<LinkId> dead;
  for (const char* pair : {"agg4", "agg5"}) {  // pod 2 holds NICs 0 .. 3 of node 1
    for (const char* core : {"core0", "core1", "core2", "core3"}) {
      const auto link = platform.FindLink(At(platform, pair), At(platform, core));
      if (link) dead.push_back(*link);  // upwards only
    }
  }
  ASSERT_EQ(dead.size(), 4u);
  const auto paths = MakePathSelector(PathSelection::kEcmp, platform, dead);
  EXPECT_TRUE(paths->Reaches(platform.gpu(DeviceId{0}), platform.gpu(DeviceId{8})));
  // Node 1's other NICs, in pod 3, still lead out: its GPUs cross the host bridge to them.
  EXPECT_EQ(FirstUnreachable(platform, *paths), std::nullopt);
  const std::vector<LinkId> cut = Both(platform, "n001.gpu0", "n001.pcie0");
  const auto without = MakePathSelector(PathSelection::kShortest, platform, cut);
  EXPECT_TRUE(without->Reaches(platform.gpu(DeviceId{9}), platform.gpu(DeviceId{8}))) << "NVLink";
  const auto unreachable = FirstUnreachable(platform, *without);
  ASSERT_TRUE(unreachable.has_value());
  EXPECT_EQ(*unreachable, std::pair(DeviceId{0}, DeviceId{8}));
}

}  // namespace
}  // namespace switchyard
