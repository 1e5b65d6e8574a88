// Shortest paths: through switches only, deterministic, with a bounded cache.
#include "topologies/paths/shortest.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/unit/topologies/clusters.h"

namespace switchyard {
namespace {

using testing::Path;
using testing::Walk;

TEST(Shortest, PrefersNvLinkWhereItTiesWithPcie) {
  ClusterSpec spec = testing::OneNode();
  spec.node.gpus_per_pcie_switch = 2;  // gpu0 > pcie0 > gpu1 has two links as well
  const Platform platform = testing::Build(spec);
  const ShortestPaths paths(platform);
  const VertexId from = platform.gpu(DeviceId{0});
  EXPECT_EQ(Walk(platform, from, Path(paths, from, platform.gpu(DeviceId{1}))),
            "n000.gpu0 n000.nvswitch n000.gpu1");
}

TEST(Shortest, CrossesTheSpineRatherThanAnotherGpu) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  const ShortestPaths paths(platform);
  const VertexId from = platform.gpu(DeviceId{1});
  EXPECT_EQ(Walk(platform, from, Path(paths, from, platform.gpu(DeviceId{14}))),
            "n000.gpu1 n000.pcie1 n000.nic1 leaf1 spine leaf6 n001.nic6 n001.pcie6 n001.gpu6");
}

TEST(Shortest, UsesTheOwnNicsOfBothEnds) {
  // gpu1 shares pcie0 with nic0 and nic1, both as near.
  const Platform platform = testing::Build(testing::PcieOnly(2));
  const ShortestPaths paths(platform);
  const VertexId from = platform.gpu(DeviceId{1});
  EXPECT_EQ(Walk(platform, from, Path(paths, from, platform.gpu(DeviceId{8}))),
            "n000.gpu1 n000.pcie0 n000.nic1 leaf1 spine leaf0 n001.nic0 n001.pcie0 n001.gpu0")
      << "and enters the other through the NIC of the receiver, which the flow is addressed to";
}

// No link but the last ends at a GPU.
bool PassesNoGpu(const Platform& platform, const std::vector<LinkId>& links, VertexId to) {
  return std::all_of(links.begin(), links.end(), [&](LinkId l) {
    const VertexId at = platform.link(l).to;
    return at == to || platform.vertex(at).kind != VertexKind::kGpu;
  });
}

TEST(Shortest, EveryPathIsALoopFreeWalkWithoutOtherGpus) {
  for (const ClusterSpec& spec : {testing::Rails(3, 2), testing::PcieOnly(2)}) {
    const Platform platform = testing::Build(spec);
    const ShortestPaths paths(platform);
    const std::vector<VertexId> ends = testing::Endpoints(platform);
    for (const VertexId from : ends) {
      for (const VertexId to : ends) {
        const std::vector<LinkId> links = Path(paths, from, to);
        EXPECT_EQ(testing::WalkError(platform, from, to, links), "");
        EXPECT_TRUE(PassesNoGpu(platform, links, to));
      }
    }
  }
}

TEST(Shortest, CacheIsBoundedAndChangesNothing) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  const ShortestPaths small(platform, {}, 1024);
  const ShortestPaths large(platform);
  for (const VertexId to : platform.OfKind(VertexKind::kGpu)) {
    for (const VertexId from : platform.OfKind(VertexKind::kGpu)) {
      EXPECT_EQ(Path(small, from, to), Path(large, from, to));
    }
  }
  // The largest region is a node of 28 vertices at 3 bytes; a table costs 128 besides: 1024 / 212.
  EXPECT_LE(small.num_cached(), 4u);
  // Every GPU: over NVLink from its own node, over PCIe from its NIC; every NIC: from its GPU, and
  // from the fabric.
  EXPECT_EQ(large.num_cached(), 4u * 16);
}

TEST(MakePathSelector, FollowsTheSpec) {
  const Platform platform = testing::Build(testing::OneNode());
  EXPECT_EQ(MakePathSelector(PathSelection::kRailAware, platform)->name(), "rail_aware");
  EXPECT_EQ(MakePathSelector(PathSelection::kShortest, platform)->name(), "shortest");
}

}  // namespace
}  // namespace switchyard
