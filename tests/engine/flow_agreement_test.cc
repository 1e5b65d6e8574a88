// Does fidelity "flow" say what "pairwise", SimGrid's own solver, says? Random platforms, flows and
// entry times; every device's end of every task is compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "sim/engine/executors.h"
#include "sim/engine/flow/flow_network.h"
#include "tests/engine/engine_fixture.h"
#include "tests/engine/flow_in_child.h"
#include "tests/engine/flow_traffic.h"

namespace switchyard::testing {
namespace {

struct Case {
  std::unique_ptr<Platform> platform;
  std::unique_ptr<PathSelector> paths;
  ActivityGraph graph;
  std::map<std::uint32_t, FlowSet> flows;
};

std::unique_ptr<Platform> StarPlatform(std::uint32_t gpus) {
  return std::make_unique<Platform>(Star(gpus, 50_GBps, 1_us).platform);
}

std::unique_ptr<Platform> RailPlatform(std::uint32_t nodes, double oversubscription) {
  const std::uint32_t nodes_per_unit = std::max(1u, nodes / 2);
  return std::make_unique<Platform>(
      BuildPlatform(RailCluster(nodes, nodes_per_unit, oversubscription)).value());
}

// Direct flows or two hops; on more than 24 GPUs two hops, for SimGrid's sake.
FlowSet RandomFlows(const Platform& platform, Rng& rng) {
  constexpr std::uint32_t kMostDirect = 24;
  const auto gpus = static_cast<std::uint32_t>(platform.num_devices());
  const bool two_hops = gpus > kMostDirect || (gpus % kGpusPerNode == 0 && rng.Below(2) == 0);
  const ByteMatrix bytes = RandomMatrix(gpus, rng);
  FlowSet set;
  set.flows = two_hops ? TwoHopFlows(platform, bytes, RandomMatrix(gpus, rng))
                       : DirectFlows(platform, bytes);
  set.startup = rng.Below(2) == 0 ? 0_s : 3_us;
  set.store_and_forward = two_hops && rng.Below(2) == 0;
  return set;
}

// Two chains of compute, all-to-all, all-to-all on streams of their own, so that up to two
// exchanges are in flight; devices enter each up to `stagger` apart.
Case RandomCase(std::unique_ptr<Platform> platform, Seconds stagger, std::uint64_t seed) {
  Rng rng(seed, Stream("flow_agreement"));
  Case c;
  c.platform = std::move(platform);
  const auto gpus = static_cast<std::uint32_t>(c.platform->num_devices());
  c.paths = MakePathSelector(gpus % kGpusPerNode == 0 && c.platform->num_nodes() > 0
                                 ? PathSelection::kRailAware
                                 : PathSelection::kShortest,
                             *c.platform);
  c.graph.num_devices = gpus;
  for (const StreamKind stream : {StreamKind::kComm, StreamKind::kCopyIn}) {
    std::vector<TaskId> after;
    for (int round = 0; round < 2; ++round) {
      std::vector<Seconds> durations(gpus);
      for (Seconds& d : durations) d = rng.Uniform() * stagger;
      c.graph.tasks.push_back(Compute(gpus, durations, after));
      c.graph.tasks.back().label.stream = stream;
      after = {TaskId(c.graph.tasks.size() - 1)};
      c.graph.tasks.push_back(Exchange(gpus, after));
      c.graph.tasks.back().label.stream = stream;
      after = {TaskId(c.graph.tasks.size() - 1)};
      c.flows[after[0].value] = RandomFlows(*c.platform, rng);
    }
  }
  return c;
}

// Ends of all tasks on all devices, by (task, device).
std::vector<double> Ends(const Case& c, const Executor& executor) {
  return InChild([&] {
    const GivenFlows source(c.flows);
    const Result<Timeline> t = executor.Run({c.graph, source, *c.platform, *c.paths});
    std::vector<double> ends;
    if (!t.ok()) return ends;
    for (const Interval& interval : t.value().intervals) ends.push_back(interval.end.value);
    return ends;
  });
}

double WorstError(const std::vector<double>& expected, const std::vector<double>& measured) {
  EXPECT_EQ(expected.size(), measured.size());
  if (expected.size() != measured.size() || expected.empty()) return 1.0;
  double worst = 0.0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(measured[i] / expected[i] - 1.0));
  }
  return worst;
}

// Relative. SimGrid's clock resolves 1e-12 s and ends here are > 1e-5 s; it drops up to 1e-5 bytes
// of a flow, of at least 2e3.
constexpr double kAgreement = 1e-6;

// Of the default epsilon, for chains of two exchanges beside each other: not more than half of it
// for the last end, a quarter for all ends on average, both as parts of the last end.
void ExpectSmallError(const std::vector<double>& exact, const std::vector<double>& batched) {
  ASSERT_EQ(exact.size(), batched.size());
  const double last = *std::max_element(exact.begin(), exact.end());
  const double last_batched = *std::max_element(batched.begin(), batched.end());
  double mean = 0.0;
  for (std::size_t i = 0; i < exact.size(); ++i) {
    mean += std::abs(batched[i] - exact[i]) / last / static_cast<double>(exact.size());
  }
  EXPECT_NEAR(last_batched / last, 1.0, kDefaultFlowEpsilon / 2);
  EXPECT_LT(mean, kDefaultFlowEpsilon / 4);
}

void ExpectAgreement(std::unique_ptr<Platform> platform, Seconds stagger, std::uint64_t seed) {
  const Case c = RandomCase(std::move(platform), stagger, seed);
  SCOPED_TRACE(std::to_string(c.graph.num_devices) + " GPUs, stagger " +
               std::to_string(stagger.value) + " s, seed " + std::to_string(seed));
  const std::vector<double> pairwise = Ends(c, *MakePairwiseExecutor());
  ASSERT_FALSE(pairwise.empty());
  EXPECT_LT(WorstError(pairwise, Ends(c, *MakeFlowExecutor(0.0))), kAgreement);
  ExpectSmallError(pairwise, Ends(c, *MakeExecutor("flow")));
}

struct Setting {
  const char* name;
  std::unique_ptr<Platform> (*platform)();
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

class FlowAgreement : public ::testing::TestWithParam<Setting> {};

TEST_P(FlowAgreement, AllEnterTogether) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) ExpectAgreement(GetParam().platform(), 0_s, seed);
}

TEST_P(FlowAgreement, DevicesEnterApart) {
  for (std::uint64_t seed = 11; seed <= 13; ++seed) {
    ExpectAgreement(GetParam().platform(), 300_us, seed);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Platforms, FlowAgreement,
    ::testing::Values(Setting{"Star13", [] { return StarPlatform(13); }},
                      Setting{"OneNode8", [] { return RailPlatform(1, 1.0); }},
                      Setting{"Rails16Over1", [] { return RailPlatform(2, 1.0); }},
                      Setting{"Rails24Over2", [] { return RailPlatform(3, 2.0); }},
                      Setting{"Rails24Over4", [] { return RailPlatform(3, 4.0); }},
                      Setting{"Rails64Over1", [] { return RailPlatform(8, 1.0); }},
                      Setting{"Rails64Over2", [] { return RailPlatform(8, 2.0); }}),
    [](const auto& setting) { return setting.param.name; });

}  // namespace
}  // namespace switchyard::testing
