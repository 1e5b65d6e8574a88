// Do collectives put the textbook number of bytes on the network?
#include <gtest/gtest.h>

#include <map>
#include <numeric>
#include <vector>

#include "sim/collectives/collective_algorithm.h"

namespace switchyard {
namespace {

Platform Gpus(std::uint32_t n) {
  Platform platform;
  for (std::uint32_t d = 0; d < n; ++d) platform.AddVertex({VertexKind::kGpu, 0, d});
  return platform;
}

std::vector<Flow> FlowsOf(const char* algorithm, CollectiveKind kind, std::uint32_t n,
                          Bytes bytes) {
  const Platform platform = Gpus(n);
  std::vector<DeviceId> ranks;
  for (std::uint32_t d = 0; d < n; ++d) ranks.emplace_back(d);
  std::vector<Flow> flows;
  MakeCollectiveAlgorithm(algorithm)->AppendFlows({kind, ranks, bytes}, platform, flows);
  return flows;
}

std::map<std::uint32_t, double> SentBy(const std::vector<Flow>& flows) {
  std::map<std::uint32_t, double> sent;
  for (const Flow& f : flows) sent[f.sender.value] += f.bytes.value;
  return sent;
}

std::map<std::uint32_t, double> ReceivedBy(const std::vector<Flow>& flows) {
  std::map<std::uint32_t, double> received;
  for (const Flow& f : flows) received[f.receiver.value] += f.bytes.value;
  return received;
}

TEST(Ring, AllReduceMovesTwiceAllButOneShare) {
  constexpr std::uint32_t kRanks = 8;
  const auto sent = SentBy(FlowsOf("ring", CollectiveKind::kAllReduce, kRanks, 800_MB));
  ASSERT_EQ(sent.size(), kRanks);
  for (const auto& [rank, bytes] : sent) {
    EXPECT_EQ(bytes, 2.0 * 7 / 8 * 800e6) << "rank " << rank << ": 2 (n-1)/n S";
  }
}

TEST(Ring, AllGatherAndReduceScatterMoveAllButOneShare) {
  for (const CollectiveKind kind : {CollectiveKind::kAllGather, CollectiveKind::kReduceScatter}) {
    const auto flows = FlowsOf("ring", kind, 4, 400_MB);
    for (const auto& [rank, bytes] : SentBy(flows)) {
      EXPECT_EQ(bytes, 3.0 / 4 * 400e6) << "rank " << rank << ": (n-1)/n S";
    }
    EXPECT_EQ(SentBy(flows), ReceivedBy(flows)) << "every send has a receive of the same size";
  }
}

TEST(Ring, SendsToItsSuccessorOnly) {
  for (const Flow& f : FlowsOf("ring", CollectiveKind::kAllReduce, 5, 5_MB)) {
    EXPECT_EQ(f.receiver.value, (f.sender.value + 1) % 5);
  }
}

TEST(Direct, AllToAllSendsOneShareToEachOther) {
  const auto flows = FlowsOf("direct", CollectiveKind::kAllToAll, 8, 8_MB);
  EXPECT_EQ(flows.size(), 8u * 7u);
  for (const Flow& f : flows) EXPECT_EQ(f.bytes.value, 1e6) << "S/n = 8 MB / 8";
  for (const auto& [rank, bytes] : SentBy(flows)) {
    EXPECT_EQ(bytes, 7.0 / 8 * 8e6) << "rank " << rank << ": (n-1)/n S";
  }
}

TEST(Collectives, RingAndDirectMoveTheSameBytes) {
  for (const CollectiveKind kind :
       {CollectiveKind::kAllReduce, CollectiveKind::kReduceScatter, CollectiveKind::kAllGather}) {
    EXPECT_EQ(SentBy(FlowsOf("ring", kind, 8, 8_MB)), SentBy(FlowsOf("direct", kind, 8, 8_MB)));
  }
}

TEST(Collectives, OneRankMovesNothing) {
  for (const std::string& name : CollectiveAlgorithmNames()) {
    EXPECT_TRUE(FlowsOf(name.c_str(), CollectiveKind::kAllReduce, 1, 1_MB).empty()) << name;
    EXPECT_TRUE(FlowsOf(name.c_str(), CollectiveKind::kAllReduce, 4, 0_MB).empty()) << name;
  }
}

TEST(Collectives, PartialBytesAreRoundedUp) {
  for (const Flow& f : FlowsOf("direct", CollectiveKind::kAllToAll, 3, 100_B)) {
    EXPECT_EQ(f.bytes.value, 34) << "ceil(100 / 3)";
  }
}

TEST(Collectives, UnknownNameIsNoAlgorithm) { EXPECT_EQ(MakeCollectiveAlgorithm("rnig"), nullptr); }

}  // namespace
}  // namespace switchyard
