// Fidelity "port": the closed form by hand, and how far it is from exact sharing.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "sim/engine/executors.h"
#include "tests/engine/engine_fixture.h"
#include "tests/engine/flow_in_child.h"
#include "tests/engine/flow_traffic.h"

namespace switchyard::testing {
namespace {

Timeline RunPort(const ActivityGraph& graph, const FlowSource& flows, const Star& star) {
  Result<Timeline> timeline =
      MakePortExecutor()->Run({graph, flows, star.platform, *star.paths, {}, true});
  if (!timeline.ok()) {
    ADD_FAILURE() << ToString(timeline.errors());
    return {};
  }
  return std::move(timeline).value();
}

Seconds End(const Timeline& timeline, std::uint32_t task, std::uint32_t device) {
  return timeline.at(TaskId(task), DeviceId(device)).end;
}

TEST(Port, SharesALinkEqually) {
  // 0 sends 1 MB to 1 and 2 MB to 2 over its 50 GB/s: the first is through when both have sent 1
  // MB, the second when all 3 MB are.
  const Star star(3, 50_GBps, 1_us);
  const GivenFlows flows({{0, {{star.Between(0, 1, 1_MB), star.Between(0, 2, 2_MB)}, 3_us}}});
  const Timeline t = RunPort({3, {Exchange(3)}}, flows, star);
  ExpectSeconds(5e-6 + 2e6 / 50e9, End(t, 0, 1), "3 us + 2 links x 1 us + 2 x 1 MB / 50 GB/s");
  ExpectSeconds(5e-6 + 3e6 / 50e9, End(t, 0, 2), "5 us + 3 MB / 50 GB/s");
  ExpectSeconds(5e-6 + 3e6 / 50e9, End(t, 0, 0), "the sender, when its last flow has ended");
  EXPECT_EQ(t.at(TaskId(0), DeviceId(2)).end_cause_device, 0u);
}

TEST(Port, AFlowEndsNotBeforeItWouldAlone) {
  // 0 enters at 0, 1 at 100 us; each sends 1 MB to 2. 2's link is idle between 20 and 100 us.
  const Star star(3, 50_GBps, 0_s);
  const GivenFlows flows({{1, {{star.Between(0, 2, 1_MB), star.Between(1, 2, 1_MB)}, 0_s}}});
  const Timeline t =
      RunPort({3, {Compute(3, {0_s, 100_us, 0_s}), Exchange(3, {TaskId(0)})}}, flows, star);
  ExpectSeconds(120e-6, End(t, 1, 2), "100 us + 1 MB / 50 GB/s");
  ExpectSeconds(120e-6, End(t, 1, 1), "the same");
}

TEST(Port, AGroupDoesNotWaitForAnother) {
  // 0 > 1 and 2 > 3 in one transfer; 2 enters a second later.
  const Star star(4, 50_GBps, 0_s);
  const GivenFlows flows({{1, {{star.Between(0, 1, 1_MB), star.Between(2, 3, 1_MB)}, 0_s}}});
  const Timeline t =
      RunPort({4, {Compute(4, {0_s, 0_s, 1_s, 0_s}), Exchange(4, {TaskId(0)})}}, flows, star);
  ExpectSeconds(20e-6, End(t, 1, 1), "1 MB / 50 GB/s");
  ExpectSeconds(1 + 20e-6, End(t, 1, 3), "1 s + 1 MB / 50 GB/s");
}

TEST(Port, ARelayEndsAfterWhatItForwards) {
  // 2 MB to relay 1 (40 us), which forwards 0.1 MB (2 us) at the same time: that ends one latency
  // after the relay has all. Stored first: 40 us + latencies, then 2 us.
  const Star star(3, 50_GBps, 1_us);
  FlowSet set{{star.ToRelay(0, 1, 2_MB), star.Between(1, 2, 100_KB, 1)}, 0_s};
  const Timeline streamed = RunPort({3, {Exchange(3)}}, GivenFlows({{0, set}}), star);
  ExpectSeconds(44e-6, End(streamed, 0, 2), "2 us + 40 us + 2 us");
  EXPECT_EQ(streamed.at(TaskId(0), DeviceId(2)).end_cause_device, 0u) << "0's flow came last";
}

TEST(Port, AStoringRelayForwardsAfterwards) {
  const Star star(3, 50_GBps, 1_us);
  FlowSet set{{star.ToRelay(0, 1, 2_MB), star.Between(1, 2, 100_KB, 1)}, 0_s, true};
  const Timeline stored = RunPort({3, {Exchange(3)}}, GivenFlows({{0, set}}), star);
  ExpectSeconds(46e-6, End(stored, 0, 2), "2 us + 40 us, then 2 us + 2 us");
}

TEST(Port, TransfersOnOneLinkLoseNoWork) {
  // Two transfers of 1 MB from 0, entered together on two streams: the last ends when 2 MB are
  // sent.
  const Star star(3, 50_GBps, 0_s);
  const GivenFlows flows(
      {{0, {{star.Between(0, 1, 1_MB)}, 0_s}}, {1, {{star.Between(0, 2, 1_MB)}, 0_s}}});
  ActivityGraph graph{3, {Exchange(3), Exchange(3)}};
  graph.tasks[1].label.stream = StreamKind::kCopyIn;
  const Timeline t = RunPort(graph, flows, star);
  ExpectSeconds(40e-6, t.makespan, "2 MB / 50 GB/s");
  EXPECT_EQ(t.bytes_sent.value, 2e6);
  const LinkUsage& up = t.links[star.platform.out_links(star.platform.gpu(DeviceId(0)))[0].index()];
  EXPECT_EQ(up.bytes.value, 2e6);
  ExpectSeconds(40e-6, up.busy, "the link is never idle");
  EXPECT_EQ(t.link_activity.size(), 4u) << "two links for each transfer";
}

// One skewed exchange of 64 GPUs, all entering together.
struct Ends {
  std::vector<double> exact;
  std::vector<double> port;
};
Ends EndsOf(bool two_hops, double oversubscription, std::uint64_t seed) {
  const Platform platform = BuildPlatform(RailCluster(8, 4, oversubscription)).value();
  const auto paths = MakePathSelector(PathSelection::kRailAware, platform);
  const TokenTraffic traffic = DispatchTokens(64, 512, seed);
  FlowSet set;
  set.flows = two_hops ? TwoHopFlows(platform, traffic.to_node, traffic.forwarded)
                       : DirectFlows(platform, traffic.direct);
  const GivenFlows flows({{0, set}});
  const ActivityGraph graph{64, {Exchange(64)}};
  const auto run = [&](const Executor& executor) {
    return InChild([&] {
      const Result<Timeline> t = executor.Run({graph, flows, platform, *paths});
      std::vector<double> ends;
      for (const Interval& i : t.value().intervals) ends.push_back(i.end.value);
      return ends;
    });
  };
  return {run(*MakeFlowExecutor(0.0)), run(*MakePortExecutor())};
}

// The last end is exact where one tier limits (the busiest link's drain time is a bound that exact
// sharing reaches); with two tiers of similar load the closed form is early by up to a fifth.
TEST(Port, LastEndIsExactWhereOneTierLimits) {
  for (const bool two_hops : {true, false}) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
      const Ends ends = EndsOf(two_hops, 1.0, seed);
      const double exact = *std::max_element(ends.exact.begin(), ends.exact.end());
      const double port = *std::max_element(ends.port.begin(), ends.port.end());
      EXPECT_NEAR(port / exact, 1.0, 0.003) << "two hops " << two_hops << ", seed " << seed;
      double mean = 0.0;
      for (std::size_t i = 0; i < 64; ++i) mean += std::abs(ends.port[i] / ends.exact[i] - 1) / 64;
      EXPECT_LT(mean, 0.03) << "ends of devices";
    }
  }
}

// Two tiers of similar load: exact sharing is slower than either alone.
TEST(Port, OversubscribedItIsEarly) {
  for (const double oversubscription : {2.0, 4.0}) {
    const Ends ends = EndsOf(true, oversubscription, 1);
    const double exact = *std::max_element(ends.exact.begin(), ends.exact.end());
    const double port = *std::max_element(ends.port.begin(), ends.port.end());
    EXPECT_LT(port / exact, 1.01);
    EXPECT_GT(port / exact, 0.8);
  }
}

}  // namespace
}  // namespace switchyard::testing
