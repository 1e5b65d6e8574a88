// Fat tree, dragonfly, torus, written-out fabrics: vertices and links by formula, degrees,
// distances, bisections by hand, and which specs are errors.
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/topologies/other_clusters.h"
#include "topologies/analysis/max_flow.h"
#include "topologies/paths/shortest.h"

namespace switchyard {
namespace {

using testing::At;
using testing::Build;
using testing::Count;
using testing::Errors;

std::size_t Distance(const Platform& platform, std::string_view from, std::string_view to) {
  return testing::Path(ShortestPaths(platform), At(platform, from), At(platform, to)).size();
}

// What the first half of the GPUs can send to the second.
BytesPerSecond Bisection(const Platform& platform) {
  const auto gpus = platform.OfKind(VertexKind::kGpu);
  return FindMaxFlow(platform, gpus.first(gpus.size() / 2), gpus.last(gpus.size() / 2)).bandwidth;
}

TEST(FatTree, CountsByFormula) {
  // Radix 4: 2 NICs and 2 uplinks an edge switch, 2 edges and 2 aggregations a pod, 4 pods, 4
  // cores: k^3 / 4 = 16 NICs, two nodes of 8.
  const Platform platform = Build(testing::FatTree(2, 4));
  EXPECT_EQ(Count(platform, VertexKind::kEdgeSwitch), 8u);
  EXPECT_EQ(Count(platform, VertexKind::kAggregationSwitch), 8u);
  EXPECT_EQ(Count(platform, VertexKind::kCoreSwitch), 4u);
  EXPECT_EQ(Count(platform, LinkTier::kNic), 2u * 16);
  EXPECT_EQ(Count(platform, LinkTier::kEdgeAggregation), 2u * 8 * 2);
  EXPECT_EQ(Count(platform, LinkTier::kAggregationCore), 2u * 8 * 2);
  for (const VertexKind kind :
       {VertexKind::kEdgeSwitch, VertexKind::kAggregationSwitch, VertexKind::kCoreSwitch}) {
    for (const VertexId v : platform.OfKind(kind)) {
      EXPECT_EQ(platform.out_links(v).size(), 4u) << platform.VertexName(v) << ": all ports used";
    }
  }
}

TEST(FatTree, DistancesGrowByTwoForEachLevel) {
  const Platform platform = Build(testing::FatTree(2, 4));
  // NIC 0 and 1 share edge0; NIC 2 is on edge1 of the same pod; NIC 4 in pod 1.
  EXPECT_EQ(Distance(platform, "n000.nic0", "n001.nic0"), 6u) << "pods 0 and 2, over a core";
  ClusterSpec spec = testing::FatTree(4, 8);  // 4 NICs an edge switch, 16 a pod
  spec.node.gpus = 2;
  spec.nodes = 16;
  const Platform wide = Build(spec);
  EXPECT_EQ(Distance(wide, "n000.nic0", "n001.nic0"), 2u) << "both on edge0";
  EXPECT_EQ(Distance(wide, "n000.nic0", "n002.nic0"), 4u) << "edge1, the same pod";
  EXPECT_EQ(Distance(wide, "n000.nic0", "n008.nic0"), 6u);
}

TEST(FatTree, IsNonBlockingUnlessOversubscribed) {
  EXPECT_EQ(Bisection(Build(testing::FatTree(2, 4))), testing::kNic * 8);
  // Radix 4, 3 to 1: 3 NICs down, 1 up. 16 NICs on 6 edge switches in 3 pods of 2 edges and 1
  // aggregation switch. Node 0's 8 NICs are on edges 0, 1 (pod 0) and two ports of edge 2: what it
  // sends beyond edge 2 goes over 3 uplinks, and its 2 NICs on edge 2 reach node 1's NIC there: 3 +
  // 1 = 4 NICs' worth, where without oversubscription it was 8.
  EXPECT_EQ(Bisection(Build(testing::FatTree(2, 4, 3))), testing::kNic * 4);
}

TEST(FatTree, BuildsOnlyWhatIsNeeded) {
  const Platform one_edge = Build(testing::FatTree(2, 32));  // 16 NICs on one edge switch
  EXPECT_EQ(Count(one_edge, VertexKind::kEdgeSwitch), 1u);
  EXPECT_EQ(Count(one_edge, VertexKind::kAggregationSwitch), 0u);
  const Platform one_pod = Build(testing::FatTree(2, 8));  // 4 edges of 4
  EXPECT_EQ(Count(one_pod, VertexKind::kEdgeSwitch), 4u);
  EXPECT_EQ(Count(one_pod, VertexKind::kAggregationSwitch), 4u);
  EXPECT_EQ(Count(one_pod, VertexKind::kCoreSwitch), 0u);
}

TEST(FatTree, WrongSpecsAreErrors) {
  EXPECT_EQ(
      Errors(testing::FatTree(2, 5)),
      "error: cluster.fabric.fat_tree.radix: 5; must be even, half of the ports of a switch go "
      "up\n");
  EXPECT_EQ(Errors(testing::FatTree(3, 4)),
            "error: cluster.fabric.fat_tree.radix: 24 NICs do not fit: switches of radix 4 take at "
            "most 16\n");
  EXPECT_EQ(Errors(testing::FatTree(2, 8, 1.5)),
            "error: cluster.fabric.fat_tree.oversubscription: 1.5 splits the 8 ports of an edge "
            "switch into 3 up and 4.5 down; both must be whole\n");
  EXPECT_EQ(Errors(testing::FatTree(2, 8, 9)),
            "error: cluster.fabric.fat_tree.oversubscription: 9 splits the 8 ports of an edge "
            "switch into 0 up and 0 down; both must be whole\n");
}

TEST(Dragonfly, CountsByFormula) {
  // 4 groups of 2 routers with 2 NICs each, one link between every two groups: 3 global ports a
  // group on 2 routers.
  const Platform platform = Build(testing::Dragonfly(2, {4, 2, 2, 1, {}, {}}));
  EXPECT_EQ(Count(platform, VertexKind::kRouter), 8u);
  EXPECT_EQ(Count(platform, LinkTier::kLocal), 2u * 4 * 1) << "groups * a (a - 1) / 2";
  EXPECT_EQ(Count(platform, LinkTier::kGlobal), 2u * 6) << "g (g - 1) / 2";
  std::map<std::size_t, int> routers_by_ports;
  for (const VertexId router : platform.OfKind(VertexKind::kRouter)) {
    std::size_t ports = 0;
    for (const LinkId l : platform.out_links(router)) {
      ports += platform.link(l).tier == LinkTier::kGlobal;
    }
    ++routers_by_ports[ports];
  }
  EXPECT_EQ(routers_by_ports, (std::map<std::size_t, int>{{1, 4}, {2, 4}}))
      << "3 ports on 2 routers";
}

TEST(Dragonfly, EveryTwoGroupsAreOneGlobalLinkApart) {
  const Platform platform = Build(testing::Dragonfly(8, {9, 4, 2, 1, {}, {}}));
  for (std::uint32_t group = 1; group < 8; ++group) {
    const std::size_t hops = Distance(
        platform, "n000.nic0", platform.VertexName(platform.OfKind(VertexKind::kNic)[group * 8]));
    EXPECT_GE(hops, 3u);
    EXPECT_LE(hops, 5u) << "NIC, local, global, local, NIC";
  }
}

TEST(Dragonfly, LinksBetweenTheSameRoutersAreOne) {
  // One router a group, three links a pair: 3 times the bandwidth.
  const Platform platform = Build(testing::Dragonfly(2, {2, 1, 8, 3, {}, {}}));
  ASSERT_EQ(Count(platform, LinkTier::kGlobal), 2u);
  EXPECT_EQ(Bisection(platform), testing::kNic * 3) << "node 0 in group 0, node 1 in group 1";
}

TEST(Dragonfly, WrongSpecsAreErrors) {
  EXPECT_EQ(Errors(testing::Dragonfly(2, {2, 2, 3, 1, {}, {}})),
            "error: cluster.fabric.dragonfly.nics_per_router: 16 NICs do not fit: 4 routers with 3 "
            "each take 12\n");
  EXPECT_EQ(Errors(testing::Dragonfly(2, {0, 0, 0, 0, {}, {}})),
            "error: cluster.fabric.dragonfly.groups: 0; must be at least 1\n"
            "error: cluster.fabric.dragonfly.routers_per_group: 0; must be at least 1\n"
            "error: cluster.fabric.dragonfly.nics_per_router: 0; must be at least 1\n"
            "error: cluster.fabric.dragonfly.links_per_group_pair: 0; must be at least 1\n");
  EXPECT_EQ(Errors(testing::Dragonfly(2, {32768, 32768, 1, 1, {}, {}})),
            "error: cluster.fabric.dragonfly.groups: 32768 groups of 32768 routers; at most 32768 "
            "routers and 1048576 links between them can be simulated\n");
}

TEST(Torus, CountsByFormula) {
  const Platform flat = Build(testing::Torus({4, 8}));
  EXPECT_EQ(Count(flat, VertexKind::kRouter), 32u);
  EXPECT_EQ(Count(flat, LinkTier::kTorus), 2u * 32 * (1 + 2))
      << "one to the chip, 2 of 4 neighbours";
  const Platform cube = Build(testing::Torus({4, 4, 4}));
  EXPECT_EQ(Count(cube, LinkTier::kTorus), 2u * 64 * (1 + 3));
  EXPECT_EQ(cube.num_nodes(), 16u);
}

TEST(Torus, DistancesWrapRound) {
  const Platform platform = Build(testing::Torus({4, 8}));
  // Chip d is at (d % 4, d / 4); host n has chips 4 n .. 4 n + 3. Two links join chips to routers.
  EXPECT_EQ(Distance(platform, "n000.gpu0", "n000.gpu3"), 2u + 1) << "x: 0 to 3, round the end";
  EXPECT_EQ(Distance(platform, "n000.gpu0", "n000.gpu2"), 2u + 2);
  EXPECT_EQ(Distance(platform, "n000.gpu0", "n004.gpu2"), 2u + 2 + 4) << "y: half of 8";
  EXPECT_EQ(Distance(platform, "n000.gpu0", "n007.gpu1"), 2u + 1 + 1);
}

TEST(Torus, BisectionIsTwoPlanesOfLinks) {
  // 4 x 8 cut in the middle of the 8: twice 4 links, each way; no NVLink, no PCIe between hosts.
  EXPECT_EQ(Bisection(Build(testing::Torus({4, 8}))), testing::kNvLink * 8);
  // In a dimension of two both links join the same pair: 4 x 2 cut between the two rows: 4 * 2.
  EXPECT_EQ(Bisection(Build(testing::Torus({4, 2}))), testing::kNvLink * 8);
}

TEST(Torus, OneHostIsATorusToo) {
  const Platform platform = Build(testing::Torus({2, 2}));
  EXPECT_EQ(Count(platform, VertexKind::kRouter), 4u);
  EXPECT_EQ(Distance(platform, "n000.gpu0", "n000.gpu3"), 4u) << "not over PCIe";
}

TEST(Torus, WrongSpecsAreErrors) {
  ClusterSpec spec = testing::Torus({4, 4});
  const auto errors_of = [&spec](std::vector<std::uint32_t> dimensions) {
    std::get<TorusSpec>(*spec.fabric).dimensions = std::move(dimensions);
    return Errors(spec);
  };
  const std::string field = "error: cluster.fabric.torus.dimensions: ";
  EXPECT_EQ(errors_of({16}), field + "1 numbers; a torus has 2 or 3 dimensions\n");
  EXPECT_EQ(errors_of({4, 0}), field + "0; must be 1 .. 32768\n");
  EXPECT_EQ(errors_of({4, 5}),
            field + "4 x 5 make 20 chips, but the cluster has 16 (nodes x node.gpus)\n");
  EXPECT_EQ(errors_of({32768, 32768, 32768}),
            field +
                "32768 x 32768 x 32768 make 35184372088832 chips; at most 32768 can be "
                "simulated\n");
}

TEST(ExplicitFabric, JoinsWhatIsWritten) {
  const Platform platform = Build(testing::WrittenOut());
  EXPECT_EQ(Count(platform, LinkTier::kNic), 2u * 2);
  EXPECT_EQ(Count(platform, LinkTier::kSwitch), 2u * 3);
  EXPECT_EQ(Distance(platform, "n000.gpu0", "n001.gpu1"), 2u + 3 + 2) << "not over switch2";
}

TEST(ExplicitFabric, NicsMayBeJoinedDirectly) {
  ClusterSpec spec = testing::WrittenOut();
  spec.fabric = ExplicitFabricSpec{0, {{"n000.nic0", "n001.nic0", {testing::kNic, 1_us}}}};
  EXPECT_EQ(Distance(Build(spec), "n000.gpu0", "n001.gpu1"), 2u + 1 + 2);
}

TEST(ExplicitFabric, WrongLinksAreErrors) {
  ClusterSpec spec = testing::WrittenOut();
  spec.fabric = ExplicitFabricSpec{2,
                                   {{"switch2", "n000.nic1", {testing::kNic, 0_us}},
                                    {"n002.nic0", "n000.dram", {testing::kNic, 0_us}},
                                    {"spine", "node0.nic0", {testing::kNic, 0_us}},
                                    {"n000.gpu0", "n000.nic0", {testing::kNic, 0_us}},
                                    {"switch0", "switch1", {testing::kNic, 0_us}},
                                    {"switch1", "switch0", {0_GBps, 0_us}}}};
  const std::string at = "error: cluster.fabric.explicit.links";
  EXPECT_EQ(
      Errors(spec),
      at + "[0].a: 'switch2'; switches are switch0 .. switch1\n" + at +
          "[0].b: 'n000.nic1'; the node has nic0 .. nic0\n" + at +
          "[1].a: 'n002.nic0'; nodes are n000 .. n001\n" + at +
          "[1].b: 'n000.dram'; a fabric joins switches, NICs and GPUs\n" + at +
          "[2].a: 'spine'; a fabric joins switches, NICs and GPUs\n" + at +
          "[2].b: 'node0.nic0'; ends are switch0, n000.nic0 or n000.gpu0\n" + at +
          "[3]: n000.gpu0 and n000.nic0 are of one node; links inside a node are "
          "node.links\n" +
          at + "[5].bandwidth: 0 B/s; must be above 0\n" + at +
          "[5]: switch1 and switch0 are joined twice; give the sum of their bandwidths in one "
          "link\n");
}

TEST(ExplicitFabric, MustJoinEveryNode) {
  ClusterSpec spec = testing::WrittenOut();
  auto& links = std::get<ExplicitFabricSpec>(*spec.fabric).links;
  links.erase(links.begin() + 1);  // node 1's
  EXPECT_EQ(
      Errors(spec),
      "error: cluster.fabric: no path joins n000.gpu0 and n001.gpu0: paths do not pass through "
      "memories or other nodes, and through GPUs only over NVLink\n");
  // A chain of three nodes: the ends would have to talk through the middle.
  spec.nodes = 3;
  spec.node.links.push_back({"nic1", "pcie0", LinkTier::kPcie, {testing::kPcie, 0_us}});
  spec.fabric = ExplicitFabricSpec{0,
                                   {{"n000.nic0", "n001.nic0", {testing::kNic, 1_us}},
                                    {"n001.nic1", "n002.nic0", {testing::kNic, 1_us}}}};
  EXPECT_NE(Errors(spec).find("no path joins n000.gpu0 and n002.gpu"), std::string::npos)
      << Errors(spec);
  // A triangle joins every two.
  std::get<ExplicitFabricSpec>(*spec.fabric)
      .links.push_back({"n000.nic1", "n002.nic1", {testing::kNic, 1_us}});
  EXPECT_EQ(Errors(spec), "");
}

TEST(VertexNames, ReadAsTheyPrint) {
  for (const ClusterSpec& spec :
       {testing::Rails(2, 1), testing::FatTree(2, 4), testing::Torus({4, 4}), testing::WrittenOut(),
        testing::CubeMesh()}) {
    const Platform platform = Build(spec);
    for (std::size_t v = 0; v < platform.vertices().size(); ++v) {
      EXPECT_EQ(At(platform, platform.VertexName(VertexId(v))), VertexId(v));
    }
  }
  for (const char* name : {"", "gpu", "gpu0", "n0.leaf3", "n.gpu0", "n000.gpu", "n000.gpu1234567",
                           "x000.gpu0", "n000.gpu-1", "n000.gpu0 ", "switch"}) {
    EXPECT_FALSE(ParseVertexName(name).has_value()) << name;
  }
}

}  // namespace
}  // namespace switchyard
