// The tree of a platform: alike parts once, and few lines for any platform.
#include "topologies/analysis/tree.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/topologies/clusters.h"

namespace switchyard {
namespace {

constexpr int kMostLines = 37;

int Lines(const std::string& text) {
  return static_cast<int>(std::count(text.begin(), text.end(), '\n'));
}

TEST(Runs, AreShort) {
  EXPECT_EQ(Runs({0}), "0");
  EXPECT_EQ(Runs({0, 1, 2, 3, 7}), "0-3,7");
  EXPECT_EQ(Runs({0, 2, 4, 6, 8, 10}), "0,2,4,6,...");
  EXPECT_EQ(Runs({}), "");
}

TEST(Tree, FoldsWhatIsAlike) {
  ClusterSpec spec = testing::PcieOnly(3);
  spec.node.gpus = 4;
  EXPECT_EQ(DrawTree(testing::Build(spec)),
            "nodes 0-2: 3 alike\n"
            "└─ host\n"
            "   ├─ 2x pcie0-1  60 GB/s, 0.25 us\n"
            "   │  ├─ 2x gpu0-3  60 GB/s, 0.25 us\n"
            "   │  └─ 2x nic0-3  60 GB/s, 0.25 us (network 50 GB/s, 1 us)\n"
            "   └─ dram  500 GB/s, 0.5 us\n"
            "fabric\n"
            "├─ 4x leaf0-3  to 3x nic 50 GB/s, 1 us; 1x spine 1600 GB/s, 0.5 us\n"
            "└─ spine  to 4x leaf 1600 GB/s, 0.5 us\n");
}

TEST(Tree, KeepsDifferentPartsApart) {
  Platform platform;
  const VertexId a = platform.AddVertex({VertexKind::kGpu, 0, 0});
  const VertexId b = platform.AddVertex({VertexKind::kGpu, 0, 1});
  const VertexId host = platform.AddVertex({VertexKind::kHostBridge, 0, 0});
  const VertexId other = platform.AddVertex({VertexKind::kHostBridge, 0, 1});
  const VertexId memory = platform.AddVertex({VertexKind::kHostMemory, 0, 0});
  platform.AddDuplexLink(a, b, LinkTier::kNvLink, 100_GBps, 1_us);
  platform.AddDuplexLink(a, host, LinkTier::kPcie, 24_GBps, 1_us);
  platform.AddDuplexLink(b, other, LinkTier::kPcie, 12_GBps, 1_us);
  platform.AddDuplexLink(host, other, LinkTier::kPcie, 20_GBps, 0_us);
  platform.AddDuplexLink(memory, host, LinkTier::kHostMemory, 200_GBps, 0_us);
  platform.AddDuplexLink(memory, other, LinkTier::kHostMemory, 200_GBps, 0_us);
  EXPECT_EQ(DrawTree(platform),
            "node 0\n"
            "├─ gpu - gpu: 1 nvlink link of 100 GB/s, 1 us\n"
            "├─ host - host: 1 pcie link of 20 GB/s, 0 us\n"
            "├─ dram - host: 2 host_memory links of 200 GB/s, 0 us\n"
            "├─ host\n"
            "│  └─ gpu0  24 GB/s, 1 us\n"
            "└─ host1\n"
            "   └─ gpu1  12 GB/s, 1 us\n");
}

TEST(Tree, IsShortForAnyPlatform) {
  EXPECT_LE(Lines(DrawTree(testing::Build(testing::Rails(200, 16, 2)))), kMostLines);
  // 60 nodes and 60 switches, each with another rate: counted, not listed.
  Platform platform;
  std::vector<VertexId> nics;
  for (std::uint32_t node = 0; node < 60; ++node) {
    const VertexId host = platform.AddVertex({VertexKind::kHostBridge, node, 0});
    platform.AddVertex({VertexKind::kHostMemory, node, 0});
    nics.push_back(platform.AddVertex({VertexKind::kNic, node, 0}));
    for (std::uint32_t gpu = 0; gpu < 30; ++gpu) {
      const VertexId vertex = platform.AddVertex({VertexKind::kGpu, node, gpu});
      platform.AddDuplexLink(vertex, host, LinkTier::kPcie, BytesPerSecond{1e9 + node + gpu}, 0_us);
    }
    platform.AddDuplexLink(nics[node], host, LinkTier::kPcie, 1_GBps, 0_us);
  }
  for (std::uint32_t leaf = 0; leaf < 60; ++leaf) {
    const VertexId vertex = platform.AddVertex({VertexKind::kLeafSwitch, kNoNode, leaf});
    platform.AddDuplexLink(vertex, nics[leaf], LinkTier::kNic, BytesPerSecond{1e9 + 1e6 * leaf},
                           0_us);
  }
  const std::string tree = DrawTree(platform);
  EXPECT_LE(Lines(tree), kMostLines);
  EXPECT_NE(tree.find("more kinds of nodes"), std::string::npos);
  EXPECT_NE(tree.find("more kinds of switches"), std::string::npos);
}

}  // namespace
}  // namespace switchyard
