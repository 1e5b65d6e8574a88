// Rail-aware paths: their shape, and that they are walks, symmetric, and short.
#include "topologies/paths/rail_aware.h"

#include <gtest/gtest.h>

#include "tests/unit/topologies/clusters.h"
#include "topologies/paths/shortest.h"

namespace switchyard {
namespace {

using testing::Path;
using testing::Walk;

// The walk between two devices.
std::string Between(const ClusterSpec& spec, std::size_t from, std::size_t to) {
  const Platform platform = testing::Build(spec);
  const RailAwarePaths paths(platform);
  const VertexId start = platform.gpu(DeviceId(from));
  return Walk(platform, start, Path(paths, start, platform.gpu(DeviceId(to))));
}

TEST(RailAware, SameNodeGoesThroughTheNvSwitch) {
  EXPECT_EQ(Between(testing::Rails(2, 2), 1, 6), "n000.gpu1 n000.nvswitch n000.gpu6");
}

TEST(RailAware, SameNodeWithoutNvLinkTurnsAtTheLowestCommonSwitch) {
  EXPECT_EQ(Between(testing::PcieOnly(1), 0, 1), "n000.gpu0 n000.pcie0 n000.gpu1");
  EXPECT_EQ(Between(testing::PcieOnly(1), 0, 2),
            "n000.gpu0 n000.pcie0 n000.host n000.pcie1 n000.gpu2");
}

TEST(RailAware, SameRailStaysUnderOneLeafWithinAUnit) {
  EXPECT_EQ(Between(testing::Rails(4, 2), 3, 11),
            "n000.gpu3 n000.pcie3 n000.nic3 leaf3 n001.nic3 n001.pcie3 n001.gpu3");
}

TEST(RailAware, SameRailCrossesTheSpineBetweenUnits) {
  // Node 2 is in unit 1, whose leaf of rail 3 is 1 * 8 + 3.
  EXPECT_EQ(Between(testing::Rails(4, 2), 3, 19),
            "n000.gpu3 n000.pcie3 n000.nic3 leaf3 spine leaf11 n002.nic3 n002.pcie3 n002.gpu3");
}

TEST(RailAware, OtherRailHopsOverNvLinkFirstAsPxnDoes) {
  EXPECT_EQ(Between(testing::Rails(4, 2), 1, 14),
            "n000.gpu1 n000.nvswitch n000.gpu6 n000.pcie6 n000.nic6 leaf6 n001.nic6 n001.pcie6 "
            "n001.gpu6");
}

TEST(RailAware, OtherRailWithoutNvLinkCrossesTheSpineFromTheSendersNic) {
  EXPECT_EQ(Between(testing::PcieOnly(2), 1, 14),
            "n000.gpu1 n000.pcie0 n000.nic1 leaf1 spine leaf6 n001.nic6 n001.pcie3 n001.gpu6");
}

TEST(RailAware, HostMemoryAndSsdUseThePcieTreeAndTheGpusRail) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  const RailAwarePaths paths(platform);
  const VertexId dram = platform.host_memory(NodeId{0});
  const VertexId ssd = platform.OfKind(VertexKind::kSsd)[0];
  const VertexId local = platform.gpu(DeviceId{2});
  const VertexId remote = platform.gpu(DeviceId{10});
  EXPECT_EQ(Walk(platform, dram, Path(paths, dram, local)),
            "n000.dram n000.host n000.pcie2 n000.gpu2");
  EXPECT_EQ(Walk(platform, ssd, Path(paths, ssd, local)),
            "n000.ssd n000.host n000.pcie2 n000.gpu2");
  EXPECT_EQ(Walk(platform, dram, Path(paths, dram, remote)),
            "n000.dram n000.host n000.pcie2 n000.nic2 leaf2 n001.nic2 n001.pcie2 n001.gpu2");
  EXPECT_EQ(Walk(platform, remote, Path(paths, remote, dram)),
            "n001.gpu2 n001.pcie2 n001.nic2 leaf2 n000.nic2 n000.pcie2 n000.host n000.dram");
}

TEST(RailAware, MemoryToMemoryIsSpreadOverRailsByFlowKey) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  const RailAwarePaths paths(platform);
  const VertexId from = platform.host_memory(NodeId{0});
  const VertexId to = platform.host_memory(NodeId{1});
  EXPECT_EQ(Walk(platform, from, Path(paths, from, to, 11)),
            "n000.dram n000.host n000.pcie3 n000.nic3 leaf3 n001.nic3 n001.pcie3 n001.host "
            "n001.dram")
      << "rail 11 mod 8";
}

TEST(RailAware, NothingToItselfAndAppendsToWhatIsThere) {
  const Platform platform = testing::Build(testing::Rails(2, 2));
  const RailAwarePaths paths(platform);
  std::vector<LinkId> links = {LinkId{7}};
  for (const VertexId v : testing::Endpoints(platform)) paths.AppendPath(v, v, 0, links);
  EXPECT_EQ(links, std::vector{LinkId{7}});
  paths.AppendPath(platform.gpu(DeviceId{0}), platform.gpu(DeviceId{1}), 0, links);
  EXPECT_EQ(links.size(), 3u);
  EXPECT_EQ(links[0], LinkId{7});
}

// Both keys: the policy must not break with either.
void ExpectWalks(const Platform& platform, const RailAwarePaths& paths, VertexId from,
                 VertexId to) {
  for (const std::uint64_t key : {0u, 5u}) {
    EXPECT_EQ(testing::WalkError(platform, from, to, Path(paths, from, to, key)), "")
        << platform.VertexName(from) << " to " << platform.VertexName(to);
  }
}

TEST(RailAware, EveryPathIsALoopFreeWalk) {
  for (const ClusterSpec& spec : {testing::Rails(5, 2), testing::PcieOnly(3), testing::OneNode()}) {
    const Platform platform = testing::Build(spec);
    const RailAwarePaths paths(platform);
    const std::vector<VertexId> ends = testing::Endpoints(platform);
    for (const VertexId from : ends) {
      for (const VertexId to : ends) ExpectWalks(platform, paths, from, to);
    }
  }
}

TEST(RailAware, ThereAndBackAreAlike) {
  // Same length, bandwidth and latency; across rails the relays differ, so not the same vertices.
  for (const ClusterSpec& spec : {testing::Rails(5, 2), testing::PcieOnly(3)}) {
    const Platform platform = testing::Build(spec);
    const RailAwarePaths paths(platform);
    for (const VertexId from : platform.OfKind(VertexKind::kGpu)) {
      for (const VertexId to : platform.OfKind(VertexKind::kGpu)) {
        const std::vector<LinkId> there = Path(paths, from, to);
        const std::vector<LinkId> back = Path(paths, to, from);
        EXPECT_EQ(there.size(), back.size());
        EXPECT_EQ(PathBandwidth(platform, there), PathBandwidth(platform, back));
        EXPECT_NEAR(PathLatency(platform, there).value, PathLatency(platform, back).value, 1e-15);
      }
    }
  }
}

TEST(RailAware, NeverLongerThanTheShortestPathThroughSwitches) {
  // PXN within a unit takes 8 links: 2 NVLink, 2 PCIe, 2 NIC, 2 PCIe; across the spine from the own
  // NIC also 8: 2 PCIe, NIC, 2 leaf-spine, NIC, 2 PCIe. Between units PXN takes the two NVLink
  // links on top, the price of staying on the rail.
  const Platform platform = testing::Build(testing::Rails(4, 2));
  const RailAwarePaths rail_aware(platform);
  const ShortestPaths shortest(platform);
  for (const VertexId from : platform.OfKind(VertexKind::kGpu)) {
    for (const VertexId to : platform.OfKind(VertexKind::kGpu)) {
      const Vertex a = platform.vertex(from);
      const Vertex b = platform.vertex(to);
      const bool relayed = a.node != b.node && a.index != b.index;
      const std::size_t extra = relayed && a.node / 2 != b.node / 2 ? 2 : 0;
      EXPECT_EQ(Path(rail_aware, from, to).size(), Path(shortest, from, to).size() + extra)
          << platform.VertexName(from) << " to " << platform.VertexName(to);
    }
  }
}

TEST(PathLatency, SumsTheLinks) {
  const Platform platform = testing::Build(testing::Rails(4, 2));
  const RailAwarePaths paths(platform);
  const auto latency_us = [&](std::size_t from, std::size_t to) {
    return PathLatency(platform,
                       Path(paths, platform.gpu(DeviceId(from)), platform.gpu(DeviceId(to))))
               .value *
           1e6;
  };
  EXPECT_NEAR(latency_us(0, 1), 2 * 1.5, 1e-9) << "2 NVLink";
  EXPECT_NEAR(latency_us(0, 8), 4 * 0.25 + 2 * 1, 1e-9) << "4 PCIe, 2 NIC";
  EXPECT_NEAR(latency_us(0, 16), 4 * 0.25 + 2 * 1 + 1, 1e-9) << "and the spine once";
  EXPECT_NEAR(latency_us(0, 9), 2 * 1.5 + 4 * 0.25 + 2 * 1, 1e-9) << "2 NVLink, 4 PCIe, 2 NIC";
}

}  // namespace
}  // namespace switchyard
