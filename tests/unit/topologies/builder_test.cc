// Builders: how many of what, with which capacity, and which specs are errors.
#include "topologies/builder.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/topologies/clusters.h"

namespace switchyard {
namespace {

using testing::Build;

using testing::Count;
using testing::Errors;

TEST(SingleNode, HasOneSwitchPerGpuAndOnePlane) {
  const Platform platform = Build(testing::OneNode());
  EXPECT_EQ(Count(platform, VertexKind::kGpu), 8u);
  EXPECT_EQ(Count(platform, VertexKind::kNic), 8u);
  EXPECT_EQ(Count(platform, VertexKind::kPcieSwitch), 8u);
  // 8 GPUs + 8 NICs + 8 PCIe switches + NVSwitch plane + host bridge + memory + SSD.
  EXPECT_EQ(platform.vertices().size(), 8u * 3 + 4);
  EXPECT_EQ(Count(platform, LinkTier::kNvLink), 2u * 8);
  EXPECT_EQ(Count(platform, LinkTier::kPcie), 2u * (8 + 8 + 8)) << "GPU, NIC and switch each up";
  EXPECT_EQ(Count(platform, LinkTier::kHostMemory), 2u);
  EXPECT_EQ(Count(platform, LinkTier::kSsd), 2u);
  EXPECT_EQ(Count(platform, LinkTier::kNic), 0u) << "no network around a single node";
}

TEST(SingleNode, SharesPcieSwitchesAndNeedsNoNvLinkOrNic) {
  ClusterSpec spec = testing::OneNode();
  spec.node.gpus = 5;
  spec.node.gpus_per_pcie_switch = 2;
  spec.node.nvlink.reset();
  spec.node.nic.reset();
  spec.node.ssd.reset();
  const Platform platform = Build(spec);
  EXPECT_EQ(Count(platform, VertexKind::kPcieSwitch), 3u) << "ceil(5 / 2)";
  EXPECT_EQ(platform.vertices().size(), 5u + 3 + 2);
  EXPECT_EQ(platform.links().size(), 2u * (5 + 3 + 1));
}

TEST(SingleNode, IgnoresTheFabricOfACard) {
  EXPECT_EQ(Count(Build(testing::Rails(1, 32)), VertexKind::kLeafSwitch), 0u);
}

TEST(RailOptimized, CountsByFormula) {
  // 10 nodes in units of 4: units of 4, 4 and 2 nodes.
  const Platform platform = Build(testing::Rails(10, 4));
  EXPECT_EQ(platform.num_devices(), 80u);
  EXPECT_EQ(platform.num_nodes(), 10u);
  EXPECT_EQ(Count(platform, VertexKind::kLeafSwitch), 3u * 8) << "ceil(10 / 4) units * 8 rails";
  EXPECT_EQ(Count(platform, VertexKind::kSpineSwitch), 1u);
  EXPECT_EQ(Count(platform, LinkTier::kNic), 2u * 80);
  EXPECT_EQ(Count(platform, LinkTier::kLeafSpine), 2u * 24);
  for (const Link& link : platform.links()) {
    if (link.tier != LinkTier::kLeafSpine) continue;
    EXPECT_EQ(link.capacity, testing::kNic * 4) << "nodes per unit * NIC / oversubscription";
    EXPECT_EQ(link.latency, 1_us / 2) << "up and down together are the spine's latency";
  }
}

TEST(RailOptimized, NumbersDevicesNodeByNode) {
  const Platform platform = Build(testing::Rails(3, 2));
  for (std::uint32_t d = 0; d < 24; ++d) {
    const Vertex& gpu = platform.vertex(platform.gpu(DeviceId{d}));
    EXPECT_EQ(gpu.node, d / 8);
    EXPECT_EQ(gpu.index, d % 8);
  }
}

TEST(RailOptimized, OversubscriptionDividesTheUplinks) {
  const Platform platform = Build(testing::Rails(4, 2, 2.5));
  for (const Link& link : platform.links()) {
    if (link.tier == LinkTier::kLeafSpine) {
      EXPECT_DOUBLE_EQ(link.capacity.value, 2 * testing::kNic.value / 2.5);
    }
  }
}

TEST(RailOptimized, OneLeafNeedsNoSpine) {
  ClusterSpec spec = testing::Rails(4, 4);
  spec.node.gpus = 1;
  const Platform platform = Build(spec);
  EXPECT_EQ(Count(platform, VertexKind::kLeafSwitch), 1u);
  EXPECT_EQ(Count(platform, VertexKind::kSpineSwitch), 0u);
}

TEST(RailOptimized, SameSpecSamePlatform) {
  const Platform a = Build(testing::Rails(5, 2));
  const Platform b = Build(testing::Rails(5, 2));
  ASSERT_EQ(a.links().size(), b.links().size());
  for (std::size_t l = 0; l < a.links().size(); ++l) {
    EXPECT_EQ(a.LinkName(LinkId(l)), b.LinkName(LinkId(l)));
  }
}

TEST(RailOptimized, SixteenThousandGpus) {
  // 2048 nodes of 8 in 64 units of 32. Per node 8 * (GPU, NIC, PCIe switch) + 4; 512 leaves, 1
  // spine.
  const Platform platform = Build(testing::Rails(2048, 32));
  EXPECT_EQ(platform.num_devices(), 16384u);
  EXPECT_EQ(platform.vertices().size(), 2048u * 28 + 512 + 1);
  // Per GPU: NVLink, its switch's, its own and its NIC's PCIe, NIC; per node: memory, SSD.
  EXPECT_EQ(platform.links().size(), 2u * (16384 * 5 + 2048 * 2 + 512));
}

TEST(BuildPlatform, SeveralNodesNeedAFabricAndNics) {
  ClusterSpec spec = testing::OneNode();
  spec.nodes = 2;
  EXPECT_EQ(Errors(spec),
            "error: cluster.fabric: missing; 2 nodes need a fabric between them, e.g. "
            "'fabric: {rail_optimized: {}}'\n");
  spec = testing::Rails(2, 32);
  spec.node.nic.reset();
  EXPECT_EQ(Errors(spec),
            "error: cluster.node.nic: missing; 2 nodes need NICs to reach each other\n");
}

TEST(BuildPlatform, ReportsEveryBadNumberAtOnce) {
  ClusterSpec spec = testing::Rails(2, 0, 0.5);
  spec.node.nvlink->bandwidth = 0_GBps;
  spec.node.pcie.latency = Seconds{-1};
  spec.node.nic->bandwidth.value = std::numeric_limits<double>::quiet_NaN();
  spec.node.gpus_per_pcie_switch = 0;
  const std::string errors = Errors(spec);
  for (const char* field :
       {"cluster.node.nvlink.bandwidth: 0 B/s; must be above 0", "cluster.node.pcie.latency",
        "cluster.node.nic.bandwidth: nan B/s", "cluster.node.gpus_per_pcie_switch",
        "cluster.fabric.rail_optimized.nodes_per_unit",
        "cluster.fabric.rail_optimized.oversubscription: 0.5; must be at least 1"}) {
    EXPECT_NE(errors.find(field), std::string::npos) << field << " not in:\n" << errors;
  }
}

TEST(BuildPlatform, RefusesSizesBeforeTakingMemory) {
  ClusterSpec spec = testing::Rails(65536, 32);
  spec.node.gpus = 1024;  // 67 million GPUs
  EXPECT_EQ(Errors(spec),
            "error: cluster.nodes: 65536 nodes of 1024 GPUs; at most 262144 GPUs can be "
            "simulated\n");
  spec.nodes = 0;
  spec.node.gpus = 0;
  EXPECT_NE(Errors(spec).find("cluster.node.gpus: 0"), std::string::npos);
}

TEST(TopologyBuilders, HaveDistinctNames) {
  std::vector<std::string_view> names;
  for (const TopologyBuilder* builder : TopologyBuilders()) names.push_back(builder->name());
  EXPECT_EQ(names, (std::vector<std::string_view>{"single_node", "rail_optimized", "fat_tree",
                                                  "dragonfly", "torus", "explicit"}));
}

}  // namespace
}  // namespace switchyard
