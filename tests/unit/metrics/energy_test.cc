// Joules of hand-made timelines: each part is a power times a time, or an energy per byte times
// bytes.
#include "sim/metrics/energy.h"

#include <gtest/gtest.h>

#include "tests/unit/metrics/timelines.h"

namespace switchyard {
namespace {

using testing::HandMade;

// Two devices and one NVLink and one NIC link between them, for their tiers.
Platform TwoDevices() {
  Platform platform;
  const VertexId a = platform.AddVertex({VertexKind::kGpu, 0, 0});
  const VertexId b = platform.AddVertex({VertexKind::kGpu, 0, 1});
  platform.AddLink(a, b, LinkTier::kNvLink, 100_GBps, 1_us);
  platform.AddLink(b, a, LinkTier::kNic, 10_GBps, 1_us);
  return platform;
}

// Device 0 computes 0..4 s and communicates 3..8 s; device 1 computes 0..10 s.
HandMade Example() {
  HandMade made(2);
  made.Add(OpName::kExpertGemm, false, {{0_s, 4_s}, {0_s, 10_s}});
  made.Add(OpName::kDispatch, true, {{3_s, 8_s}, {0_s, 0_s}});
  made.timeline.links = {{1000_B, 1_s}, {500_B, 1_s}};
  return made;
}

constexpr DevicePower kPower{100_W, 700_W, 250_W};

TEST(Energy, PowersTimesTimesOfEachDevice) {
  const HandMade made = Example();
  const Platform platform = TwoDevices();
  const std::vector<DevicePower> powers = {kPower, {50_W, 300_W, 50_W}};
  const EnergyResult e = MeasureEnergy({powers, {}, made.graph, made.timeline, platform}, 20);
  EXPECT_DOUBLE_EQ(e.compute_j, 700 * 4 + 300 * 10);
  EXPECT_DOUBLE_EQ(e.communication_j, 250 * 4) << "4 of 5 s: one is under compute";
  EXPECT_DOUBLE_EQ(e.idle_j, 100 * 2) << "the step lasts 10 s";
  EXPECT_EQ(e.links_j, 0);
  EXPECT_EQ(e.switches_j, 0);
  EXPECT_DOUBLE_EQ(e.total_j, 5800 + 1000 + 200);
  EXPECT_DOUBLE_EQ(e.per_token_j, 7000.0 / 20);
}

TEST(Energy, LinksByTierAndSwitchesAllTheTime) {
  const HandMade made = Example();
  const Platform platform = TwoDevices();
  EnergySpec spec;
  spec.links[static_cast<std::size_t>(LinkTier::kNic)] = JoulesPerByte{8 * 20e-12};
  spec.switch_power = 30_W;
  const std::vector<DevicePower> powers = {kPower, kPower};
  const EnergyResult e = MeasureEnergy({powers, spec, made.graph, made.timeline, platform}, 1);
  EXPECT_DOUBLE_EQ(e.links_j, 500 * 8 * 20e-12) << "500 B at 20 pJ/bit; NVLink is not given";
  EXPECT_DOUBLE_EQ(e.switches_j, 30 * 2 * 10);
  EXPECT_DOUBLE_EQ(e.total_j,
                   e.compute_j + e.communication_j + e.idle_j + e.links_j + e.switches_j);
}

TEST(Energy, CommunicationIsIdleUnlessTheDeviceSaysOtherwise) {
  DeviceSpec device;
  EXPECT_FALSE(PowerOf(device).has_value());
  device.idle_power = 100_W;
  EXPECT_FALSE(PowerOf(device).has_value());
  device.busy_power = 700_W;
  EXPECT_EQ(PowerOf(device)->communicating, 100_W);
  device.comm_power = 250_W;
  EXPECT_EQ(PowerOf(device)->communicating, 250_W);
  EXPECT_EQ(PowerOf(device)->busy, 700_W);
}

}  // namespace
}  // namespace switchyard
