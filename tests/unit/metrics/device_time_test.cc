// Does the breakdown of a device's time sum to the step, with overlap counted once?
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "sim/metrics/metrics.h"
#include "tests/unit/metrics/timelines.h"

namespace switchyard::testing {
namespace {

using Parts = std::vector<std::pair<std::string, double>>;

double Sum(const DeviceTime& time) {
  double sum = 0;
  for (const auto& [name, seconds] : time.parts) sum += seconds;
  return sum;
}

TEST(DeviceTime, ExposedCommunicationIsWhatComputeDoesNotCover) {
  HandMade h(1);
  h.Add(OpName::kAttention, false, {{0_s, 4_s}});
  h.Add(OpName::kDispatch, true, {{3_s, 10_s}});
  h.Add(OpName::kSharedExpert, false, {{5_s, 6_s}});
  h.Add(OpName::kExpertGemm, false, {{10_s, 12_s}});
  const DeviceTime time = TimeOfDevice(h.graph, h.timeline, DeviceId(0));
  EXPECT_EQ(time.parts, (Parts{{"attention", 4},
                               {"shared_expert", 1},
                               {"expert_gemm", 2},
                               {"dispatch", (10 - 3) - (4 - 3) - (6 - 5)}}));
  EXPECT_EQ(time.comm_s, 7);
  EXPECT_EQ(time.exposed_comm_s, 5);
  EXPECT_EQ(Sum(time), h.timeline.makespan.value);
}

TEST(DeviceTime, AGapIsIdle) {
  HandMade h(2);
  h.Add(OpName::kAttention, false, {{0_s, 1_s}, {0_s, 5_s}});
  h.Add(OpName::kExpertGemm, false, {{2_s, 3_s}, {5_s, 6_s}});
  const DeviceTime time = TimeOfDevice(h.graph, h.timeline, DeviceId(0));
  EXPECT_EQ(time.parts, (Parts{{"attention", 1}, {"expert_gemm", 1}, {"idle", 6 - 2}}));
  EXPECT_EQ(Sum(time), h.timeline.makespan.value);
}

TEST(DeviceTime, OverlappingTransfersCountOnce) {
  HandMade h(1);
  h.Add(OpName::kDispatch, true, {{0_s, 4_s}});
  h.Add(OpName::kCombine, true, {{3_s, 6_s}});
  const DeviceTime time = TimeOfDevice(h.graph, h.timeline, DeviceId(0));
  EXPECT_EQ(time.parts, (Parts{{"dispatch", 4}, {"combine", 2}}));
  EXPECT_EQ(time.comm_s, 6);
}

}  // namespace
}  // namespace switchyard::testing
