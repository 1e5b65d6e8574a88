// Does the network share links as max-min fairness says? Each test states the sum it expects.
#include "tests/engine/engine_fixture.h"

namespace switchyard::testing {
namespace {

constexpr BytesPerSecond kBandwidth = 50_GBps;
constexpr Seconds kLatency = 1_us;  // of each of the two links of a path
constexpr Seconds kStartup = 5_us;
constexpr double kOverhead = 5e-6 + 2 * 1e-6;  // startup + two links

Timeline RunOneExchange(const Star& star, std::uint32_t devices, std::vector<Flow> flows,
                        bool store_and_forward = false) {
  const ActivityGraph graph{devices, {Exchange(devices)}};
  return RunOrFail(graph, GivenFlows({{0, {std::move(flows), kStartup, store_and_forward}}}), star);
}

TEST(Contention, OneFlow) {
  const Star star(2, kBandwidth, kLatency);
  const Timeline t = RunOneExchange(star, 2, {star.Between(0, 1, 1_MB)});
  ExpectSeconds(kOverhead + 1e6 / 50e9, t.makespan, "5 us + 2 x 1 us + 1 MB / 50 GB/s");
  ExpectSeconds(kOverhead + 1e6 / 50e9, t.at(TaskId(0), DeviceId(0)).end, "sender: the same");
}

TEST(Contention, TwoFlowsOnOneLinkTakeTwiceAsLong) {
  const Star star(3, kBandwidth, kLatency);
  const Timeline t = RunOneExchange(star, 3, {star.Between(0, 1, 1_MB), star.Between(0, 2, 1_MB)});
  ExpectSeconds(kOverhead + 2e6 / 50e9, t.makespan, "7 us + 2 x 1 MB / 50 GB/s (shared up-link)");
}

TEST(Contention, UnequalFlowsOnOneLink) {
  const Star star(3, kBandwidth, kLatency);
  const Timeline t = RunOneExchange(star, 3, {star.Between(0, 1, 1_MB), star.Between(0, 2, 3_MB)});
  ExpectSeconds(kOverhead + 2e6 / 50e9, t.at(TaskId(0), DeviceId(1)).end,
                "7 us + 1 MB / 25 GB/s: half the link until the small flow ends");
  ExpectSeconds(kOverhead + 4e6 / 50e9, t.makespan, "7 us + (1 + 3) MB / 50 GB/s: no byte lost");
}

TEST(Contention, IncastScalesWithSenders) {
  constexpr std::uint32_t kSenders = 7;
  const Star star(kSenders + 1, kBandwidth, kLatency);
  std::vector<Flow> flows;
  for (std::uint32_t s = 1; s <= kSenders; ++s) flows.push_back(star.Between(s, 0, 1_MB));
  const Timeline t = RunOneExchange(star, kSenders + 1, flows);
  ExpectSeconds(kOverhead + kSenders * 1e6 / 50e9, t.makespan, "7 us + 7 x 1 MB / 50 GB/s");
}

TEST(Contention, MaxMinGivesTheRestToWhoCanUseIt) {
  // 0->1 and 0->2 share up-link 0; 3->2 shares down-link 2 with 0->2. Max-min: 0->2 gets half of
  // both links, so do the others; when all carry 1 MB all end together.
  const Star star(4, kBandwidth, 0_s);
  const Timeline t = RunOneExchange(
      star, 4, {star.Between(0, 1, 1_MB), star.Between(0, 2, 1_MB), star.Between(3, 2, 2_MB)});
  ExpectSeconds(5e-6 + 2e6 / 50e9, t.at(TaskId(0), DeviceId(1)).end, "5 us + 1 MB / 25 GB/s");
  ExpectSeconds(5e-6 + 3e6 / 50e9, t.at(TaskId(0), DeviceId(3)).end,
                "5 us + 1 MB at 25 GB/s, then the other 1 MB at 50 GB/s");
}

TEST(Contention, PipelinedHopsOverlap) {
  // 0 -> 1 -> 2: both hops carry 1 MB on different links and run together.
  const Star star(3, kBandwidth, 0_s);
  const Timeline t =
      RunOneExchange(star, 3, {star.ToRelay(0, 1, 1_MB), star.Between(1, 2, 1_MB, 1)});
  ExpectSeconds(5e-6 + 1e6 / 50e9, t.makespan, "5 us + 1 MB / 50 GB/s");
}

TEST(Contention, PipelinedForwardingEndsAfterTheLastByteArrived) {
  // Hop 0 takes 4 MB, hop 1 only 1 MB (the relay reduces): its last byte can leave only when the
  // last of hop 0 is there.
  const Star star(3, kBandwidth, kLatency);
  const Timeline t =
      RunOneExchange(star, 3, {star.ToRelay(0, 1, 4_MB), star.Between(1, 2, 1_MB, 1)});
  ExpectSeconds(5e-6 + (2e-6 + 4e6 / 50e9) + 2e-6, t.at(TaskId(0), DeviceId(2)).end,
                "5 us + (2 us + 4 MB / 50 GB/s) + 2 us");
}

TEST(Contention, StoreAndForwardAddsTheHops) {
  const Star star(3, kBandwidth, kLatency);
  const Timeline t =
      RunOneExchange(star, 3, {star.ToRelay(0, 1, 1_MB), star.Between(1, 2, 2_MB, 1)}, true);
  ExpectSeconds(5e-6 + (2e-6 + 1e6 / 50e9) + (2e-6 + 2e6 / 50e9), t.makespan,
                "5 us + (2 us + 1 MB / 50 GB/s) + (2 us + 2 MB / 50 GB/s)");
}

TEST(Contention, FlowsThatAreNotRelayedDoNotDelayForwarding) {
  const Star star(4, kBandwidth, 0_s);
  const Timeline t = RunOneExchange(
      star, 4, {star.ToRelay(0, 1, 1_MB), star.Between(3, 1, 9_MB), star.Between(1, 2, 1_MB, 1)},
      true);
  ExpectSeconds(5e-6 + 2e6 / 50e9 + 1e6 / 50e9, t.at(TaskId(0), DeviceId(2)).end,
                "5 us + 1 MB at half of 50 GB/s + 1 MB / 50 GB/s");
}

// Combine with an expert that is late: device 3 computes until 1 ms, then sends 1 MB to relay 2,
// which forwards 1 MB to 0. No byte of it can reach device 0 earlier, whatever the relay does
// meanwhile.
class LateExpert : public ::testing::TestWithParam<bool> {};

TEST_P(LateExpert, HoldsTheOriginOfItsTokens) {
  const bool store_and_forward = GetParam();
  const Star star(4, kBandwidth, kLatency);
  const ActivityGraph graph{4, {Compute(4, {0_s, 0_s, 0_s, 1_ms}), Exchange(4, {TaskId(0)})}};
  const GivenFlows flows(
      {{1,
        {{star.ToRelay(1, 2, 1_MB), star.ToRelay(3, 2, 1_MB), star.Between(2, 0, 2_MB, 1)},
         0_s,
         store_and_forward}}});
  const Timeline t = RunOrFail(graph, flows, star);
  const double arrived = 1e-3 + 2e-6 + 1e6 / 50e9;  // the late flow at the relay
  if (store_and_forward) {
    ExpectSeconds(arrived + 2e-6 + 2e6 / 50e9, t.at(TaskId(1), DeviceId(0)).end,
                  "1 ms + (2 us + 1 MB / 50 GB/s) + (2 us + 2 MB / 50 GB/s)");
  } else {
    ExpectSeconds(arrived + 2e-6, t.at(TaskId(1), DeviceId(0)).end,
                  "1 ms + (2 us + 1 MB / 50 GB/s) + 2 us");
  }
  EXPECT_EQ(t.at(TaskId(1), DeviceId(0)).end_cause_device, 3u) << "the late expert, not the relay";
}

INSTANTIATE_TEST_SUITE_P(Forwarding, LateExpert, ::testing::Bool());

TEST(Contention, LateSenderHoldsOnlyItsReceivers) {
  const Star star(3, kBandwidth, 0_s);
  ActivityGraph graph{3, {Compute(3, {0_us, 100_us, 0_us}), Exchange(3, {TaskId(0)})}};
  const GivenFlows flows({{1, {{star.Between(0, 2, 1_MB), star.Between(1, 0, 1_MB)}, 0_s, false}}});
  const Timeline t = RunOrFail(graph, flows, star);
  ExpectSeconds(1e6 / 50e9, t.at(TaskId(1), DeviceId(2)).end, "1 MB / 50 GB/s, not held");
  ExpectSeconds(100e-6 + 1e6 / 50e9, t.at(TaskId(1), DeviceId(0)).end, "100 us + 1 MB / 50 GB/s");
  EXPECT_EQ(t.at(TaskId(1), DeviceId(0)).end_cause_device, 1u) << "device 1 was late";
}

TEST(Contention, TwoExchangesShareALinkWhileBothRun) {
  // A (task 0) on devices 0, 1 from the start; B (task 2) joins at 10 us on the same up-link.
  const Star star(3, kBandwidth, 0_s);
  ActivityGraph graph{3, {Exchange(3), Compute(3, {10_us}), Exchange(3, {TaskId(1)})}};
  graph.tasks[2].label.stream = StreamKind::kCopyIn;
  const GivenFlows flows({{0, {{star.Between(0, 1, 1_MB)}, 0_s, false}},
                          {2, {{star.Between(0, 2, 1_MB)}, 0_s, false}}});
  const Timeline t = RunOrFail(graph, flows, star);
  ExpectSeconds(10e-6 + 2 * (20e-6 - 10e-6), t.at(TaskId(0), DeviceId(1)).end,
                "10 us alone + 0.5 MB at 25 GB/s");
  ExpectSeconds(2e6 / 50e9, t.makespan, "2 MB / 50 GB/s: the link never idles");
}

TEST(Contention, BytesAndBusyTimesOfLinks) {
  const Star star(3, kBandwidth, 0_s);
  const Timeline t = RunOneExchange(star, 3, {star.Between(0, 1, 1_MB), star.Between(0, 2, 3_MB)});
  const auto up = star.platform.FindLink(star.platform.gpu(DeviceId(0)), VertexId(3));
  ASSERT_TRUE(up.has_value());
  EXPECT_EQ(t.links[up->index()].bytes.value, 4e6) << "1 MB + 3 MB";
  ExpectSeconds(4e6 / 50e9, t.links[up->index()].busy, "4 MB / 50 GB/s");
  EXPECT_EQ(t.bytes_sent.value, 4e6);
  EXPECT_EQ(t.bytes_received.value, 4e6);
  double activity = 0;
  for (const LinkActivity& a : t.link_activity) activity += a.bytes.value;
  EXPECT_EQ(activity, 8e6) << "each byte crosses two links";
}

}  // namespace
}  // namespace switchyard::testing
