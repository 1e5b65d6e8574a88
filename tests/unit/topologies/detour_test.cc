// Paths around dead links: who keeps its path, who takes which other one, and who is cut off.
#include "topologies/paths/detour.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "sim/base/rng.h"
#include "tests/unit/topologies/clusters.h"
#include "topologies/disturb/names.h"

namespace switchyard {
namespace {

using testing::Path;
using testing::Walk;

struct Broken {
  Broken(const ClusterSpec& spec, const std::vector<std::string>& names,
         PathSelection selection = PathSelection::kRailAware)
      : platform(testing::Build(spec)) {
    const PlatformNames known(platform);
    for (const std::string& name : names) {
      const std::vector<LinkId> links = known.Links(name).value();
      dead.insert(dead.end(), links.begin(), links.end());
    }
    paths = std::make_unique<DetourPaths>(MakePathSelector(selection, platform), platform, dead);
  }
  [[nodiscard]] std::string Between(std::size_t from, std::size_t to, std::uint64_t key = 0) const {
    const VertexId start = platform.gpu(DeviceId(from));
    return Walk(platform, start, Path(*paths, start, platform.gpu(DeviceId(to)), key));
  }
  Platform platform;
  std::vector<LinkId> dead;
  std::unique_ptr<PathSelector> paths;
};

TEST(Detour, WhatIsWholeKeepsItsUsualPath) {
  const Broken broken(testing::Rails(2, 2), {"n000.nic3"});
  const auto usual = MakePathSelector(PathSelection::kRailAware, broken.platform);
  for (std::size_t from = 0; from < 16; ++from) {
    const VertexId start = broken.platform.gpu(DeviceId(from));
    const VertexId end = broken.platform.gpu(DeviceId(4));
    EXPECT_EQ(Path(*broken.paths, start, end), Path(*usual, start, end)) << from;
  }
}

// To rail 3 past node 0's dead NIC 3: over another rail to that rail's GPU of the receiver's node,
// then NVLink. The flow's key chooses among the seven.
TEST(Detour, ADeadNicsRailIsServedByTheOthers) {
  const Broken broken(testing::Rails(2, 2), {"n000.nic3"});
  std::set<std::string> taken;
  for (std::uint64_t key = 0; key < 7; ++key) {
    const std::string walk = broken.Between(3, 11, key);
    EXPECT_TRUE(walk.ends_with(" n001.nvswitch n001.gpu3")) << walk;
    EXPECT_EQ(walk.find("nic3"), std::string::npos) << walk;
    taken.insert(walk);
  }
  EXPECT_EQ(taken.size(), 7u) << "the traffic spreads over all seven other rails";
}

TEST(Detour, OnlyTheDeadDirectionIsAvoided) {
  const Broken broken(testing::Rails(2, 2), {"n000.nic3>leaf3"});
  EXPECT_EQ(broken.Between(11, 3),
            "n001.gpu3 n001.pcie3 n001.nic3 leaf3 n000.nic3 n000.pcie3 n000.gpu3");
  EXPECT_EQ(broken.Between(3, 11).find("nic3"), std::string::npos);
}

TEST(Detour, WithoutNvLinkTheShortestLivePath) {
  // GPUs 0 and 1 share a PCIe switch with their NICs: NIC 1 takes over.
  const Broken broken(testing::PcieOnly(2), {"n000.nic0"});
  EXPECT_EQ(broken.Between(0, 9),
            "n000.gpu0 n000.pcie0 n000.nic1 leaf1 n001.nic1 n001.pcie0 n001.gpu1");
}

TEST(Detour, ADeadNvLinkIsReplacedByPcie) {
  const Broken broken(testing::OneNode(), {"n000.gpu0>n000.nvswitch"});
  EXPECT_EQ(broken.Between(0, 1), "n000.gpu0 n000.pcie0 n000.host n000.pcie1 n000.gpu1");
  EXPECT_EQ(broken.Between(1, 0), "n000.gpu1 n000.nvswitch n000.gpu0") << "the way back lives";
}

// Random dead links that leave the GPUs connected.
std::vector<LinkId> SomeDeadLinks(const Platform& platform, std::uint64_t seed) {
  Rng rng(seed, Stream("detour_test"));
  std::vector<LinkId> dead;
  for (int i = 0; i < 12; ++i) {
    dead.emplace_back(rng.Below(platform.links().size()));
    if (FirstUnreachable(platform, dead)) dead.pop_back();
  }
  return dead;
}

// Every pair has a loop-free path over live links.
void ExpectLivePaths(const Platform& platform, PathSelection selection, std::uint64_t seed) {
  const std::vector<LinkId> dead = SomeDeadLinks(platform, seed);
  const DetourPaths paths(MakePathSelector(selection, platform), platform, dead);
  for (const VertexId from : platform.OfKind(VertexKind::kGpu)) {
    for (const VertexId to : platform.OfKind(VertexKind::kGpu)) {
      const std::vector<LinkId> path = Path(paths, from, to, seed);
      EXPECT_EQ(testing::WalkError(platform, from, to, path), "");
      const bool live = std::none_of(path.begin(), path.end(), [&](LinkId l) {
        return std::find(dead.begin(), dead.end(), l) != dead.end();
      });
      EXPECT_TRUE(live) << Walk(platform, from, path);
    }
  }
}

TEST(Detour, EveryPairHasAPathOverLiveLinks) {
  const Platform platform = testing::Build(testing::Rails(3, 2));
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    ExpectLivePaths(platform, PathSelection::kRailAware, seed);
    ExpectLivePaths(platform, PathSelection::kShortest, seed);
  }
}

TEST(Detour, SaysWhoIsCutOff) {
  const Broken whole(testing::Rails(2, 2), {"n000.nic*"});
  const auto pair = FirstUnreachable(whole.platform, whole.dead);
  ASSERT_TRUE(pair.has_value()) << "node 0 has no NIC left";
  EXPECT_EQ(pair->first, DeviceId(0));
  EXPECT_EQ(pair->second, DeviceId(8)) << "the first GPU of the other node";
  const Broken one_way(testing::Rails(2, 2), {"n001.nic*>leaf*"});
  const auto back = FirstUnreachable(one_way.platform, one_way.dead);
  ASSERT_TRUE(back.has_value());
  EXPECT_EQ(back->first, DeviceId(8));
  EXPECT_EQ(back->second, DeviceId(0));
  EXPECT_FALSE(FirstUnreachable(whole.platform, {}).has_value());
}

}  // namespace
}  // namespace switchyard
