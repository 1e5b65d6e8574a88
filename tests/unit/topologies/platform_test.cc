// The graph itself: names, look-ups, and what it refuses.
#include "topologies/platform.h"

#include <gtest/gtest.h>

#include <set>

#include "sim/base/check.h"
#include "tests/unit/topologies/clusters.h"

namespace switchyard {
namespace {

TEST(Platform, NamesSayKindAndPlaceAndAreUnique) {
  const Platform platform = testing::Build(testing::Rails(4, 2));
  EXPECT_EQ(platform.VertexName(platform.gpu(DeviceId{13})), "n001.gpu5");
  EXPECT_EQ(platform.VertexName(platform.host_memory(NodeId{3})), "n003.dram");
  EXPECT_EQ(platform.LinkName(platform.out_links(platform.gpu(DeviceId{0}))[0]),
            "n000.gpu0>n000.nvswitch");
  std::set<std::string> names;
  for (std::size_t v = 0; v < platform.vertices().size(); ++v) {
    EXPECT_TRUE(names.insert(platform.VertexName(VertexId(v))).second);
  }
  names.clear();
  for (std::size_t l = 0; l < platform.links().size(); ++l) {
    EXPECT_TRUE(names.insert(platform.LinkName(LinkId(l))).second);
  }
}

TEST(Platform, FindsWhatWasAddedAlsoWhenNodesDiffer) {
  Platform platform;
  std::vector<VertexId> gpus;
  for (const auto& [node, index] : {std::pair{0u, 0u}, {0u, 1u}, {0u, 2u}, {1u, 0u}}) {
    gpus.push_back(platform.AddVertex({VertexKind::kGpu, node, index}));
  }
  platform.AddVertex({VertexKind::kHostMemory, 0, 0});
  platform.AddVertex({VertexKind::kHostMemory, 1, 0});
  EXPECT_EQ(platform.Find(VertexKind::kGpu, 0, 2), gpus[2]);
  EXPECT_EQ(platform.Find(VertexKind::kGpu, 1, 0), gpus[3]);
  EXPECT_EQ(platform.Find(VertexKind::kGpu, 1, 1), std::nullopt);
  EXPECT_EQ(platform.Find(VertexKind::kNic, 0, 0), std::nullopt);
  EXPECT_EQ(platform.node_of(DeviceId{3}), NodeId{1});
}

TEST(Platform, RefusesDuplicatesDisorderAndImpossibleLinks) {
  Platform platform;
  const VertexId a = platform.AddVertex({VertexKind::kGpu, 0, 0});
  const VertexId b = platform.AddVertex({VertexKind::kGpu, 0, 1});
  EXPECT_THROW(platform.AddVertex({VertexKind::kGpu, 0, 1}), InternalError);
  EXPECT_THROW(platform.AddVertex({VertexKind::kGpu, 0, 0}), InternalError);
  platform.AddDuplexLink(a, b, LinkTier::kNvLink, 1_GBps, 0_us);
  EXPECT_THROW(platform.AddDuplexLink(b, a, LinkTier::kNvLink, 1_GBps, 0_us), InternalError);
  EXPECT_THROW(platform.AddLink(a, b, LinkTier::kNvLink, 1_GBps, 0_us), InternalError);
  const VertexId c = platform.AddVertex({VertexKind::kGpu, 0, 2});
  EXPECT_THROW(platform.AddLink(a, c, LinkTier::kNvLink, 0_GBps, 0_us), InternalError);
  EXPECT_THROW(platform.AddLink(a, c, LinkTier::kNvLink, 1_GBps, -1_us), InternalError);
  EXPECT_THROW(platform.AddLink(a, a, LinkTier::kNvLink, 1_GBps, 0_us), InternalError);
  EXPECT_EQ(platform.links().size(), 2u) << "a refused link leaves nothing behind";
}

}  // namespace
}  // namespace switchyard
