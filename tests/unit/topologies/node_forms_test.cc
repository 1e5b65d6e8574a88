// What is inside a node: cables from GPU to GPU, sockets, fewer or more NICs than GPUs, links
// written out; and which of these specs are errors.
#include <gtest/gtest.h>

#include "tests/unit/topologies/other_clusters.h"
#include "topologies/own_nics.h"
#include "topologies/paths/shortest.h"

namespace switchyard {
namespace {

using testing::At;
using testing::Build;
using testing::Count;
using testing::Errors;

ClusterSpec FullMesh(std::uint32_t gpus, std::uint32_t links_per_pair) {
  ClusterSpec spec = testing::OneNode();
  spec.node.gpus = gpus;
  spec.node.nvlink.reset();
  spec.node.nvlink_mesh = NvLinkMeshSpec{{25_GBps, 1_us}, links_per_pair, {}};
  return spec;
}

TEST(NvLinkMesh, FullMeshJoinsEveryTwo) {
  const Platform platform = Build(FullMesh(4, 4));
  EXPECT_EQ(Count(platform, LinkTier::kNvLink), 2u * 4 * 3 / 2) << "n (n - 1) / 2 pairs";
  EXPECT_EQ(Count(platform, VertexKind::kNvSwitch), 0u);
  const auto link = platform.FindLink(At(platform, "n000.gpu1"), At(platform, "n000.gpu3"));
  EXPECT_EQ(platform.link(link.value()).capacity, 100_GBps) << "4 cables of 25 GB/s";
}

TEST(NvLinkMesh, PairsAreJoinedAsWritten) {
  const Platform platform = Build(testing::CubeMesh());
  EXPECT_EQ(Count(platform, LinkTier::kNvLink), 2u * 16);
  for (std::uint32_t g = 0; g < 8; ++g) {
    BytesPerSecond sum{0};
    for (const LinkId l : platform.out_links(platform.gpu(DeviceId{g}))) {
      if (platform.link(l).tier == LinkTier::kNvLink) sum += platform.link(l).capacity;
    }
    EXPECT_GE(sum, 125_GBps) << g;  // a V100 has 6 cables of 25 GB/s
    EXPECT_LE(sum, 150_GBps) << g;
  }
}

TEST(NvLinkMesh, WrongPairsAreErrors) {
  ClusterSpec spec = FullMesh(4, 0);
  spec.node.nvlink_mesh->pairs = {{0, 4, 1}, {1, 1, 1}, {2, 3, 0}, {3, 2, 1}};
  spec.node.nvlink = LinkSpec{1_GBps, 0_us};
  EXPECT_EQ(Errors(spec),
            "error: cluster.node.nvlink_mesh: conflicts with 'nvlink'\n"
            "error: cluster.node.nvlink_mesh.links_per_pair: 0; must be at least 1\n"
            "error: cluster.node.nvlink_mesh.pairs[0].b: 4; the node's GPUs are 0 .. 3\n"
            "error: cluster.node.nvlink_mesh.pairs[1]: joins a GPU to itself\n"
            "error: cluster.node.nvlink_mesh.pairs[2].links: 0; must be at least 1\n"
            "error: cluster.node.nvlink_mesh.pairs[3]: GPUs 3 and 2 are joined twice; say how many "
            "links there are with 'links'\n");
}

TEST(Sockets, ShareTheGpusAndHaveTheirOwnMemory) {
  const Platform platform = Build(testing::CubeMesh());
  EXPECT_EQ(Count(platform, VertexKind::kHostBridge), 2u);
  EXPECT_EQ(Count(platform, VertexKind::kHostMemory), 2u);
  EXPECT_EQ(Count(platform, VertexKind::kSsd), 2u);
  EXPECT_EQ(Count(platform, LinkTier::kSocket), 2u);
  EXPECT_EQ(platform.num_nodes(), 1u);
  const ShortestPaths paths(platform);
  const VertexId from = At(platform, "n000.dram");
  EXPECT_EQ(testing::Walk(platform, from, testing::Path(paths, from, At(platform, "n000.gpu4"))),
            "n000.dram n000.host n000.host1 n000.pcie2 n000.gpu4")
      << "GPUs 4 .. 7 are on socket 1, two to a PCIe switch";
}

TEST(Sockets, WithoutALinkNeedNvLink) {
  ClusterSpec spec = testing::Racks();
  EXPECT_EQ(Errors(spec), "");
  EXPECT_EQ(Count(Build(spec), LinkTier::kSocket), 0u);
  spec.node.nvlink.reset();
  EXPECT_NE(Errors(spec).find("cluster.node.sockets: nothing joins the 6 sockets"),
            std::string::npos);
  spec = testing::OneNode();
  spec.node.sockets = 3;
  EXPECT_EQ(Errors(spec), "error: cluster.node.sockets: 3 does not divide the 8 GPUs of a node\n");
  spec.node.sockets = 4;
  spec.node.gpus_per_pcie_switch = 4;
  EXPECT_EQ(Errors(spec),
            "error: cluster.node.sockets: 2 GPUs of a socket do not fill PCIe switches of 4\n");
}

TEST(Nics, ServeGpusInOrder) {
  // 4 NICs of 8 GPUs: NIC g * 4 / 8. 32 of 8: NICs 4 g .. 4 g + 3.
  EXPECT_EQ(NicsOfGpu(5, 8, 4).first, 2u);
  EXPECT_EQ(NicsOfGpu(5, 8, 4).count, 1u);
  EXPECT_EQ(NicsOfGpu(5, 8, 32).first, 20u);
  EXPECT_EQ(NicsOfGpu(5, 8, 32).count, 4u);
  EXPECT_EQ(NicsOfGpu(5, 8, 0).count, 0u);
  for (const std::uint32_t nics : {1u, 2u, 4u, 8u, 16u, 32u}) {
    for (std::uint32_t nic = 0; nic < nics; ++nic) {
      const std::uint32_t gpu = GpuOfNic(nic, 8, nics);
      const OwnNics own = NicsOfGpu(gpu, 8, nics);
      EXPECT_TRUE(own.first <= nic && nic < own.first + own.count) << nic << " of " << nics;
      EXPECT_TRUE(gpu == 0 || nics > 8 || NicsOfGpu(gpu - 1, 8, nics).first != nic) << "the first";
    }
  }
}

TEST(Nics, HangOnTheSwitchOfTheirFirstGpu) {
  ClusterSpec spec = testing::OneNode();
  spec.node.nics = 4;
  const Platform few = Build(spec);
  EXPECT_EQ(Count(few, VertexKind::kNic), 4u);
  EXPECT_TRUE(few.FindLink(At(few, "n000.nic1"), At(few, "n000.pcie2")).has_value());
  spec.node.nics = 32;
  const Platform many = Build(spec);
  EXPECT_EQ(Count(many, VertexKind::kNic), 32u);
  EXPECT_TRUE(many.FindLink(At(many, "n000.nic7"), At(many, "n000.pcie1")).has_value());
  spec.node.nics = 3;
  EXPECT_EQ(Errors(spec),
            "error: cluster.node.nics: 3 NICs for 8 GPUs; one number must divide the other\n");
  spec.node.nics = 4;
  spec.node.nic.reset();
  EXPECT_EQ(Errors(spec),
            "error: cluster.node.nics: 4 NICs, and nothing says what they are (nic)\n");
}

TEST(ExplicitNode, HasWhatItsLinksName) {
  const Platform platform = Build(testing::WrittenOut());
  // Per node: 2 GPUs, PCIe switch, host, NIC, memory; and 3 switches.
  EXPECT_EQ(platform.vertices().size(), 2u * 6 + 3);
  EXPECT_EQ(platform.links().size(), 2u * (2 * 5 + 5));
  EXPECT_EQ(platform.num_nodes(), 2u);
  EXPECT_EQ(platform.VertexName(platform.host_memory(NodeId{1})), "n001.dram");
}

TEST(ExplicitNode, WrongLinksAreErrors) {
  ClusterSpec spec = testing::WrittenOut();
  spec.node.links.push_back({"gpu2", "pci0", LinkTier::kPcie, {0_GBps, 0_us}});
  spec.node.links.push_back({"pcie0", "gpu1", LinkTier::kPcie, {testing::kPcie, 0_us}});
  spec.node.links.push_back({"gpu0", "gpu0", LinkTier::kPcie, {testing::kPcie, 0_us}});
  EXPECT_EQ(
      Errors(spec),
      "error: cluster.node.links[5].a: 'gpu2'; the node's GPUs are gpu0 .. gpu1\n"
      "error: cluster.node.links[5].b: 'pci0' is no part of a node; parts are gpu0, nvswitch, "
      "pcie0, nic0, host, dram, ssd, with other numbers where there are several\n"
      "error: cluster.node.links[5].bandwidth: 0 B/s; must be above 0\n"
      "error: cluster.node.links[6]: pcie0 and gpu1 are joined twice; give the sum of their "
      "bandwidths in one link\n"
      "error: cluster.node.links[7]: joins gpu0 to itself\n");
}

TEST(ExplicitNode, PartsMustBeThereAndJoined) {
  ClusterSpec spec = testing::WrittenOut();
  spec.node.gpus = 3;
  EXPECT_EQ(Errors(spec), "error: cluster.node.links: no link joins gpu2\n");
  spec = testing::WrittenOut();
  spec.node.links.push_back({"nic2", "pcie0", LinkTier::kPcie, {testing::kPcie, 0_us}});
  EXPECT_EQ(Errors(spec), "error: cluster.node.links: no link joins nic1\n");
  spec = testing::WrittenOut();
  spec.node.links.push_back({"host1", "dram1", LinkTier::kHostMemory, {testing::kPcie, 0_us}});
  EXPECT_EQ(Errors(spec), "error: cluster.node.links: nothing joins host1 to gpu0\n");
  // Joined, but only through a memory.
  spec = testing::OneNode();
  spec.node = NodeSpec{};
  spec.node.gpus = 2;
  spec.node.links = {{"gpu0", "dram", LinkTier::kHostMemory, {testing::kPcie, 0_us}},
                     {"gpu1", "dram", LinkTier::kHostMemory, {testing::kPcie, 0_us}}};
  EXPECT_NE(Errors(spec).find("cluster.node.links: no path joins n000.gpu0 and n000.gpu1"),
            std::string::npos)
      << Errors(spec);
}

TEST(NodeGroups, OverrideTheFirstNodes) {
  ClusterSpec spec = testing::Rails(3, 32);
  NodeGroupSpec slow{2, {}, spec.node};
  slow.device.name = "slow";
  slow.node.nvlink->bandwidth = 100_GBps;
  spec.node_groups = {slow};
  EXPECT_EQ(spec.device_of(1).name, "slow");
  EXPECT_EQ(spec.device_of(2).name, spec.device.name);
  const Platform platform = Build(spec);
  const auto nvlink = [&](std::uint32_t gpu) {
    return platform.link(platform.out_links(platform.gpu(DeviceId{gpu}))[0]).capacity;
  };
  EXPECT_EQ(nvlink(15), 100_GBps);
  EXPECT_EQ(nvlink(16), testing::kNvLink);
}

TEST(NodeGroups, WrongOnesAreErrors) {
  ClusterSpec spec = testing::Rails(3, 32);
  spec.node_groups = {{0, {}, spec.node}, {2, {}, spec.node}, {2, {}, spec.node}};
  spec.node_groups[1].node.gpus = 4;
  spec.node_groups[2].node.nic.reset();
  EXPECT_EQ(Errors(spec),
            "error: cluster.node_groups[0].count: 0; must be at least 1\n"
            "error: cluster.node_groups[1].node.gpus: 4; every node needs the same number of GPUs, "
            "8 here, because a step runs the same program on every device\n"
            "error: cluster.node_groups: 4 nodes in groups, but the cluster has 3 "
            "(cluster.nodes)\n"
            "error: cluster.node_groups[2].node.nic: missing; 3 nodes need NICs to reach each "
            "other\n");
  spec = testing::Rails(3, 32);
  spec.node_groups = {{1, {}, spec.node}};
  spec.node_groups[0].node.nics = 4;
  EXPECT_EQ(Errors(spec),
            "error: cluster.node_groups[0].node.nics: 4 NICs and not 8; nodes on the same rails "
            "have the same number\n");
}

}  // namespace
}  // namespace switchyard
