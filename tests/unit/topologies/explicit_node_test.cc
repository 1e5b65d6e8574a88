// Nodes written link by link.
#include "topologies/builders/explicit_node.h"

#include <gtest/gtest.h>

#include "tests/unit/topologies/clusters.h"

namespace switchyard {
namespace {

NodeSpec Pair() {
  NodeSpec node;
  node.gpus = 2;
  node.pcie = {60_GBps, 0_us};
  node.host_memory = {500_GBps, 0_us};
  const LinkSpec pcie{60_GBps, 0.5_us};
  node.links = {{"gpu1", "gpu0", LinkTier::kNvLink, {100_GBps, 1_us}},
                {"gpu0", "host", LinkTier::kPcie, pcie},
                {"gpu1", "host1", LinkTier::kPcie, pcie},
                {"host", "host1", LinkTier::kPcie, {20_GBps, 0.5_us}},
                {"nic0", "host1", LinkTier::kPcie, pcie},
                {"dram", "host", LinkTier::kHostMemory, {500_GBps, 0.1_us}}};
  return node;
}

std::string ErrorsOf(const NodeSpec& node) {
  Platform platform;
  const auto nics = AddExplicitNode(platform, node, 0);
  return nics.ok() ? "" : ToString(nics.errors());
}

TEST(ExplicitNode, NamesMeanVertices) {
  EXPECT_EQ(ParseNodeVertex("gpu12")->index, 12u);
  EXPECT_EQ(ParseNodeVertex("host")->kind, VertexKind::kHostBridge);
  EXPECT_EQ(ParseNodeVertex("host1")->index, 1u);
  for (const char* wrong : {"", "gpu", "gpux", "GPU0", "gpu01", "leaf0", "0", "gpu1234567"}) {
    EXPECT_FALSE(ParseNodeVertex(wrong).has_value()) << wrong;
  }
}

TEST(ExplicitNode, HasWhatTheLinksName) {
  Platform platform;
  const auto nics = AddExplicitNode(platform, Pair(), 0);
  ASSERT_TRUE(nics.ok());
  ASSERT_EQ(nics.value().size(), 1u);
  EXPECT_EQ(platform.VertexName(nics.value()[0]), "n000.nic0");
  EXPECT_EQ(platform.vertices().size(), 6u);
  EXPECT_EQ(platform.links().size(), 2u * 6);
  const VertexId a = platform.gpu(DeviceId{0});
  const VertexId b = platform.gpu(DeviceId{1});
  const auto direct = platform.FindLink(a, b);
  ASSERT_TRUE(direct.has_value());
  EXPECT_EQ(platform.link(*direct).capacity, 100_GBps);
  // A second node beside it.
  ASSERT_TRUE(AddExplicitNode(platform, Pair(), 1).ok());
  EXPECT_EQ(platform.num_nodes(), 2u);
  EXPECT_EQ(platform.num_devices(), 4u);
}

TEST(ExplicitNode, BuildsAClusterOfOneNode) {
  ClusterSpec spec;
  spec.node = Pair();
  const Platform platform = testing::Build(spec);
  const auto paths = MakePathSelector(PathSelection::kShortest, platform);
  EXPECT_EQ(testing::Path(*paths, platform.gpu(DeviceId{0}), platform.gpu(DeviceId{1})).size(), 1u);
}

TEST(ExplicitNode, MistakesAreNamed) {
  NodeSpec node = Pair();
  node.links[0].a = "gpux";
  node.links[1].link.bandwidth = {};
  EXPECT_EQ(ErrorsOf(node),
            "error: cluster.node.links[0].a: 'gpux'; must be gpu, nvswitch, pcie, nic, host, dram "
            "or ssd with a number, e.g. gpu0 or nvswitch\n"
            "error: cluster.node.links[1].bandwidth: must be above 0\n");
  node = Pair();
  node.links.push_back({"gpu0", "gpu1", LinkTier::kNvLink, {1_GBps, 0_us}});
  EXPECT_EQ(ErrorsOf(node), "error: cluster.node.links[6]: a second link from gpu0 to gpu1\n");
  node = Pair();
  node.gpus = 3;
  EXPECT_EQ(ErrorsOf(node), "error: cluster.node.links: no link names gpu2\n");
  node.gpus = 1;
  EXPECT_NE(ErrorsOf(node).find("'gpu1', but the node has 1 GPUs"), std::string::npos);
  node = Pair();
  node.links.erase(node.links.begin() + 5);
  EXPECT_EQ(ErrorsOf(node), "error: cluster.node.links: no link names dram\n");
  node = Pair();
  node.links[5].b = "host2";
  EXPECT_EQ(ErrorsOf(node),
            "error: cluster.node.links: 2 of its 7 vertices are not connected with gpu0\n");
}

}  // namespace
}  // namespace switchyard
