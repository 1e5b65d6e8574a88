// Flows over several paths at once: what is split adds up, and the parts go different ways.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <memory>
#include <set>
#include <vector>

#include "sim/engine/path_cache.h"
#include "tests/engine/flow_traffic.h"
#include "topologies/paths/path_selector.h"

namespace switchyard::testing {
namespace {

// 16 servers fill a fat tree of radix 8: 16 ways between pods, 4 within one.
Platform FullFatTree() {
  ClusterSpec spec = RailCluster(16);
  spec.fabric = FatTreeSpec{8, 1.0, 1_us};
  return BuildPlatform(spec).value();
}

class SplitFlowsTest : public ::testing::Test {
 protected:
  // The parts of one flow from GPU 0.
  std::vector<Flow> Split(std::uint32_t to, double bytes) {
    std::vector<Flow> flows = {GpuFlow(platform_, 0, to, bytes)};
    SplitFlows(cache_, flows);
    return flows;
  }

  Platform platform_ = FullFatTree();
  std::unique_ptr<PathSelector> paths_ = MakePathSelector(PathSelection::kAdaptive, platform_);
  PathCache cache_{platform_, *paths_};
};

TEST_F(SplitFlowsTest, PartsAreWholeBytesThatAddUp) {
  Rng rng(7, Stream("split_flows_test"));
  for (int i = 0; i < 2000; ++i) {
    const auto to = static_cast<std::uint32_t>(1 + rng.Below(127));
    const auto bytes = static_cast<double>(1 + rng.Below(std::uint64_t{1} << (1 + rng.Below(50))));
    const std::uint32_t ways =
        paths_->NumParts(platform_.gpu(DeviceId(0)), platform_.gpu(DeviceId(to)));
    const std::vector<Flow> parts = Split(to, bytes);
    EXPECT_EQ(parts.size(), static_cast<std::size_t>(std::min<double>(ways, bytes)))
        << "a part for each way, none of them empty";
    double sum = 0.0;
    for (const Flow& part : parts) {
      sum += part.bytes.value;
      EXPECT_EQ(part.bytes.value, std::floor(part.bytes.value));
      EXPECT_LE(std::abs(part.bytes.value - parts[0].bytes.value), 1.0) << "as even as can be";
    }
    EXPECT_EQ(sum, bytes) << "exactly: all are whole numbers below 2^53";
  }
}

TEST_F(SplitFlowsTest, PartsTakeDifferentPaths) {
  for (const std::uint32_t to : {1u, 8u, 40u, 127u}) {
    const std::vector<Flow> parts = Split(to, 1e6);
    std::set<std::vector<LinkId>> paths;
    for (const Flow& part : parts) {
      const auto links = cache_.links(cache_.Get(part.from, part.to, part.part));
      paths.emplace(links.begin(), links.end());
    }
    EXPECT_EQ(paths.size(), parts.size()) << "to GPU " << to;
  }
  EXPECT_EQ(Split(1, 1e6).size(), 1u) << "NVLink within the node";
  EXPECT_EQ(Split(127, 1e6).size(), 16u) << "16 core switches";
}

TEST_F(SplitFlowsTest, OnePathIsLeftAlone) {
  const auto ecmp = MakePathSelector(PathSelection::kEcmp, platform_);
  PathCache cache(platform_, *ecmp);
  std::vector<Flow> flows = {GpuFlow(platform_, 0, 127, 1e6), GpuFlow(platform_, 3, 60, 5)};
  EXPECT_FALSE(SplitFlows(cache, flows));
  ASSERT_EQ(flows.size(), 2u);
  EXPECT_EQ(flows[0].bytes.value, 1e6);
  EXPECT_EQ(flows[0].part, 0);
}

}  // namespace
}  // namespace switchyard::testing
