// Links whose capacity changes while bytes are on them, and devices that become slower: the
// arithmetic, and both fidelities against each other.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/engine/executors.h"
#include "tests/engine/engine_fixture.h"
#include "tests/engine/flow_in_child.h"

namespace switchyard::testing {
namespace {

constexpr BytesPerSecond kBandwidth = 10_GBps;

// Link from device d up to the switch (2 d) or down from it (2 d + 1), as Star adds them.
LinkId Up(std::uint32_t device) { return LinkId(2 * device); }
LinkId Down(std::uint32_t device) { return LinkId(2 * device + 1); }

struct Changes {
  std::vector<LinkChange> links;
  std::vector<SpeedChange> speeds;
};

// Ends of every task on every device, by (task, device).
std::vector<double> EndsOf(const ActivityGraph& graph, const FlowSource& flows, const Star& star,
                           const Changes& changes, const Executor& executor) {
  return InChild([&] {
    ExecutionRequest request{graph, flows, star.platform, *star.paths};
    request.link_changes = changes.links;
    request.speed_changes = changes.speeds;
    const Result<Timeline> t = executor.Run(request);
    std::vector<double> ends;
    if (!t.ok()) return ends;
    for (const Interval& interval : t.value().intervals) ends.push_back(interval.end.value);
    return ends;
  });
}

// The end of one exchange of these flows, the same in both fidelities.
double LastEnd(std::uint32_t devices, const std::vector<Flow>& flows, const Star& star,
               const std::vector<LinkChange>& links) {
  const ActivityGraph graph{devices, {Exchange(devices)}};
  const GivenFlows source({{0, {flows, 0_s}}});
  const auto last = [&](const Executor& executor) {
    const std::vector<double> ends = EndsOf(graph, source, star, {links, {}}, executor);
    return ends.empty() ? -1.0 : *std::max_element(ends.begin(), ends.end());
  };
  const double pairwise = last(*MakePairwiseExecutor());
  EXPECT_NEAR(last(*MakeFlowExecutor(0.0)), pairwise, 1e-9) << "flow against pairwise";
  return pairwise;
}

TEST(LinkChange, HalvedInMidFlight) {
  const Star star(2, kBandwidth, 0_s);
  const double end = LastEnd(2, {star.Between(0, 1, 10_MB)}, star, {{0.5_ms, Up(0), 0.5}});
  ExpectSeconds(1.5e-3, {end}, "5 MB / 10 GB/s until 0.5 ms, 5 MB / 5 GB/s after it");
}

TEST(LinkChange, FromTheStart) {
  const Star star(2, kBandwidth, 0_s);
  const double end = LastEnd(2, {star.Between(0, 1, 10_MB)}, star, {{0_s, Down(1), 0.25}});
  ExpectSeconds(4e-3, {end}, "10 MB / 2.5 GB/s");
}

TEST(LinkChange, FactorsAreOfTheNominalCapacity) {
  const Star star(2, kBandwidth, 0_s);
  // Halved at 0.5 ms, whole again at 0.9 ms: 5 MB, 2 MB, then 3 MB at 10 GB/s.
  const double end =
      LastEnd(2, {star.Between(0, 1, 10_MB)}, star, {{0.9_ms, Up(0), 1.0}, {0.5_ms, Up(0), 0.5}});
  ExpectSeconds(1.2e-3, {end}, "0.9 ms + 3 MB / 10 GB/s");
}

TEST(LinkChange, AFlowThatStartsOnASlowLinkSpeedsUpWithIt) {
  const Star star(2, kBandwidth, 0_s);
  const double end =
      LastEnd(2, {star.Between(0, 1, 10_MB)}, star, {{0_s, Up(0), 0.1}, {0.5_ms, Up(0), 1.0}});
  ExpectSeconds(1.45e-3, {end}, "0.5 MB at 1 GB/s until 0.5 ms, 9.5 MB at 10 GB/s after it");
}

TEST(LinkChange, OtherLinksTakeWhatBecomesFree) {
  // 0 -> 1 and 0 -> 2 share up-link 0, 5 GB/s each, until device 1's down-link falls to 2 GB/s at
  // 0.4 ms: 0 -> 2 then gets 8. It has 4 MB left of its 6 and ends at 0.9 ms; 0 -> 1 has 3 MB left
  // of its 5 and ends at 0.4 ms + 3 MB / 2 GB/s.
  const Star star(3, kBandwidth, 0_s);
  const double end = LastEnd(3, {star.Between(0, 1, 5_MB), star.Between(0, 2, 6_MB)}, star,
                             {{0.4_ms, Down(1), 0.2}});
  ExpectSeconds(1.9e-3, {end}, "0.4 ms + 3 MB / 2 GB/s");
}

TEST(LinkChange, AfterTheLastEndNothingIsWaitedFor) {
  const Star star(2, kBandwidth, 0_s);
  const double end =
      LastEnd(2, {star.Between(0, 1, 10_MB)}, star, {{5_s, Up(0), 0.5}, {500_s, Up(0), 1.0}});
  ExpectSeconds(1e-3, {end}, "10 MB / 10 GB/s");
}

TEST(SpeedChange, OnlyComputeIsSlower) {
  const Star star(2, kBandwidth, 0_s);
  const ActivityGraph graph{2, {Compute(2, {1_ms}), Exchange(2, {TaskId(0)})}};
  const GivenFlows flows({{1, {{star.Between(0, 1, 10_MB)}, 0_s}}});
  const auto ends =
      EndsOf(graph, flows, star, {{}, {{0.5_ms, DeviceId(0), 0.5}}}, *MakePairwiseExecutor());
  ASSERT_EQ(ends.size(), 4u);
  ExpectSeconds(1.5e-3, {ends[0]}, "0.5 ms at full speed, 0.5 ms of work at half");
  ExpectSeconds(1e-3, {ends[1]}, "the other device");
  ExpectSeconds(2.5e-3, {ends[2]}, "1.5 ms + 10 MB / 10 GB/s");
}

// Random exchanges between six devices that enter apart, ten changes in mid-flight. The bound is
// that of flow_agreement_test.cc.
TEST(LinkChange, FidelitiesAgree) {
  constexpr std::uint32_t kDevices = 6;
  constexpr double kAgreement = 1e-6;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    Rng rng(seed, Stream("changes_test"));
    const Star star(kDevices, kBandwidth, 1_us);
    FlowSet set;
    for (std::uint32_t from = 0; from < kDevices; ++from) {
      for (std::uint32_t to = 0; to < kDevices; ++to) {
        const Bytes bytes{1e4 + static_cast<double>(rng.Below(1'000'000))};
        if (from != to) set.flows.push_back(star.Between(from, to, bytes));
      }
    }
    std::vector<Seconds> entries(kDevices);
    for (Seconds& entry : entries) entry = rng.Uniform() * 100_us;
    const ActivityGraph graph{kDevices,
                              {Compute(kDevices, entries), Exchange(kDevices, {TaskId(0)})}};
    const GivenFlows flows({{1, set}});
    Changes changes;
    for (int i = 0; i < 10; ++i) {
      changes.links.push_back(
          {rng.Uniform() * 400_us, LinkId(rng.Below(2 * kDevices)), 0.1 + 0.9 * rng.Uniform()});
    }
    const auto nominal = EndsOf(graph, flows, star, {}, *MakePairwiseExecutor());
    const auto pairwise = EndsOf(graph, flows, star, changes, *MakePairwiseExecutor());
    const auto exact = EndsOf(graph, flows, star, changes, *MakeFlowExecutor(0.0));
    ASSERT_EQ(pairwise.size(), exact.size());
    ASSERT_FALSE(pairwise.empty());
    for (std::size_t i = 0; i < exact.size(); ++i) {
      EXPECT_NEAR(exact[i] / pairwise[i], 1.0, kAgreement) << "seed " << seed << ", end " << i;
    }
    const double slowest = *std::max_element(pairwise.begin(), pairwise.end());
    EXPECT_GT(slowest, *std::max_element(nominal.begin(), nominal.end())) << "the changes act";
  }
}

// Fidelity port in closed form, when a link has another capacity from the start: as exact as it is
// without (port_test.cc). All enter together.
TEST(LinkChange, PortAgreesOnALinkThatIsHalfAsFastFromTheStart) {
  constexpr std::uint32_t kDevices = 8;
  const Star star(kDevices, kBandwidth, 1_us);
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    Rng rng(seed, Stream("changes_test"));
    FlowSet set;
    std::vector<double> received(kDevices);
    for (std::uint32_t from = 0; from < kDevices; ++from) {
      for (std::uint32_t to = 0; to < kDevices; ++to) {
        const Bytes bytes{1e5 + static_cast<double>(rng.Below(1'000'000))};
        if (from == to) continue;
        set.flows.push_back(star.Between(from, to, bytes));
        received[to] += bytes.value;
      }
    }
    const auto most = std::max_element(received.begin(), received.end());
    const LinkId busiest = Down(static_cast<std::uint32_t>(most - received.begin()));
    const ActivityGraph graph{kDevices, {Exchange(kDevices)}};
    const GivenFlows flows({{0, set}});
    const auto last = [&](const Executor& executor, const Changes& changes) {
      const std::vector<double> ends = EndsOf(graph, flows, star, changes, executor);
      return ends.empty() ? -1.0 : *std::max_element(ends.begin(), ends.end());
    };
    const Changes halved{{{0_s, busiest, 0.5}}, {}};
    const double port = last(*MakePortExecutor(), halved);
    EXPECT_NEAR(port / last(*MakeFlowExecutor(0.0), halved), 1.0, 0.02) << "seed " << seed;
    ExpectSeconds(2e-6 + *most / 5e9, {port}, "two latencies + what it receives / half of 10 GB/s");
  }
}

TEST(LinkChange, InMidFlightPortCountsItForLaterTransfersOnly) {
  // Its ends are known when a transfer begins. Two of 10 MB one after the other, a change at 0.5
  // ms.
  const Star star(2, kBandwidth, 0_s);
  const ActivityGraph graph{2, {Exchange(2), Exchange(2, {TaskId(0)})}};
  const FlowSet set{{star.Between(0, 1, 10_MB)}, 0_s};
  const auto ends = EndsOf(graph, GivenFlows({{0, set}, {1, set}}), star,
                           {{{0.5_ms, Up(0), 0.5}}, {}}, *MakePortExecutor());
  ASSERT_EQ(ends.size(), 4u);
  ExpectSeconds(1e-3, {ends[0]}, "10 MB / 10 GB/s, begun before the change");
  ExpectSeconds(3e-3, {ends[2]}, "1 ms + 10 MB / 5 GB/s");
}

}  // namespace
}  // namespace switchyard::testing
