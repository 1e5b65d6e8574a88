// Does the critical path lead from the last end to the start, across devices, without gap or
// overlap?
#include <gtest/gtest.h>

#include "sim/metrics/metrics.h"
#include "tests/unit/metrics/timelines.h"

namespace switchyard::testing {
namespace {

TEST(CriticalPath, FollowsTheLateSender) {
  // Device 1 computes until 5 and then sends to device 0, which had entered at 2; device 0 ends
  // last.
  HandMade h(2);
  h.Add(OpName::kAttention, false, {{0_s, 2_s}, {0_s, 5_s}});
  h.Add(OpName::kDispatch, true, {{2_s, 8_s, 0, 1}, {5_s, 7_s, 0, 1}});
  h.Add(OpName::kExpertGemm, false, {{8_s, 12_s, 1}, {7_s, 9_s, 1}});
  EXPECT_EQ(SlowestDevice(h.timeline), DeviceId(0));
  const auto path = CriticalPath(h.graph, h.timeline);
  ASSERT_EQ(path.size(), 3u);
  EXPECT_EQ(path[0].name, "attention");
  EXPECT_EQ(path[0].time_s, 5) << "on device 1";
  EXPECT_EQ(path[1].name, "expert_gemm");
  EXPECT_EQ(path[1].time_s, 4) << "on device 0";
  EXPECT_EQ(path[2].name, "dispatch");
  EXPECT_EQ(path[2].time_s, 3) << "from device 1's entry at 5 to device 0's end at 8";
  EXPECT_EQ(path[0].time_s + path[1].time_s + path[2].time_s, h.timeline.makespan.value);
}

TEST(CriticalPath, TheLowestOfSeveralSlowestDevices) {
  HandMade h(3);
  h.Add(OpName::kAttention, false, {{0_s, 1_s}, {0_s, 2_s}, {0_s, 2_s}});
  EXPECT_EQ(SlowestDevice(h.timeline), DeviceId(1));
}

TEST(CriticalPath, EmptyStepHasNone) {
  HandMade h(1);
  EXPECT_TRUE(CriticalPath(h.graph, h.timeline).empty());
}

}  // namespace
}  // namespace switchyard::testing
