// Work on a device whose speed changes: the end is where the integral of the speed reaches it.
#include "sim/engine/device_speeds.h"

#include <gtest/gtest.h>

#include <array>

#include "sim/base/rng.h"

namespace switchyard {
namespace {

TEST(DeviceSpeeds, WithoutChangesTheSumIsExact) {
  const DeviceSpeeds none({}, 2);
  EXPECT_EQ(none.EndOf(DeviceId(1), 0.1_s, 0.2_s).value, 0.1 + 0.2);
  const std::array changes = {SpeedChange{0_s, DeviceId(0), 0.5}};
  const DeviceSpeeds other(changes, 2);
  EXPECT_EQ(other.EndOf(DeviceId(1), 0.1_s, 0.2_s).value, 0.1 + 0.2) << "device 1 has no changes";
}

TEST(DeviceSpeeds, SlowFromTheStart) {
  const std::array changes = {SpeedChange{0_s, DeviceId(0), 0.5}};
  const DeviceSpeeds speeds(changes, 1);
  EXPECT_DOUBLE_EQ(speeds.EndOf(DeviceId(0), 1_s, 3_s).value, 1 + 3 / 0.5);
}

TEST(DeviceSpeeds, ATaskOverSeveralChangesIntegratesThem) {
  const std::array changes = {SpeedChange{4_s, DeviceId(0), 2.0},
                              SpeedChange{2_s, DeviceId(0), 0.5}};  // in any order
  const DeviceSpeeds speeds(changes, 1);
  // From 1 s: 1 s at 1 does 1, 2 s at 0.5 do 1, the other 3 of the 5 at 2 take 1.5 s.
  EXPECT_DOUBLE_EQ(speeds.EndOf(DeviceId(0), 1_s, 5_s).value, 4 + 3 / 2.0);
  EXPECT_DOUBLE_EQ(speeds.EndOf(DeviceId(0), 1_s, 1_s).value, 2) << "done when the change comes";
  EXPECT_DOUBLE_EQ(speeds.EndOf(DeviceId(0), 1_s, 1.5_s).value, 3) << "1 s + 0.5 / 0.5";
  EXPECT_DOUBLE_EQ(speeds.EndOf(DeviceId(0), 10_s, 1_s).value, 10.5) << "all changes are past";
}

TEST(DeviceSpeeds, OfSeveralChangesAtOneTimeTheLastHolds) {
  const std::array changes = {SpeedChange{0_s, DeviceId(0), 0.1},
                              SpeedChange{0_s, DeviceId(0), 0.5}};
  EXPECT_DOUBLE_EQ(DeviceSpeeds(changes, 1).EndOf(DeviceId(0), 0_s, 1_s).value, 2);
}

// A slower device is never earlier, and two halves of the work take as long as the whole.
TEST(DeviceSpeeds, IsMonotonousAndAdditive) {
  Rng rng(1, Stream("device_speeds"));
  for (int round = 0; round < 200; ++round) {
    std::vector<SpeedChange> fast(4);
    for (SpeedChange& change : fast) {
      change = {Seconds{rng.Uniform()}, DeviceId(0), 0.1 + rng.Uniform()};
    }
    std::vector<SpeedChange> slow = fast;
    slow[rng.Below(4)].factor *= 0.5;
    const DeviceSpeeds speeds(fast, 1);
    const Seconds start{rng.Uniform()};
    const Seconds work{rng.Uniform()};
    const Seconds end = speeds.EndOf(DeviceId(0), start, work);
    EXPECT_GE(DeviceSpeeds(slow, 1).EndOf(DeviceId(0), start, work).value, end.value - 1e-12);
    const Seconds half = speeds.EndOf(DeviceId(0), start, work / 2);
    EXPECT_NEAR(speeds.EndOf(DeviceId(0), half, work / 2).value, end.value, 1e-12);
  }
}

}  // namespace
}  // namespace switchyard
