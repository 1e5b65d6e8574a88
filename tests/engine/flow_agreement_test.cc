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

struct Setting {
  const char* name;
  PathSelection paths;
  std::unique_ptr<Platform> (*platform)();
};

void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.name; }

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

// Two servers on a fat tree of radix 4, whose 16 ports they fill: 4 ways from pod to pod.
std::unique_ptr<Platform> FatTreePlatform() {
  ClusterSpec spec = RailCluster(2);
  spec.fabric = FatTreeSpec{4, 1.0, 1_us};
  return std::make_unique<Platform>(BuildPlatform(spec).value());
}

// The same servers on 4 groups of 2 routers with 2 NICs each.
std::unique_ptr<Platform> DragonflyPlatform() {
  ClusterSpec spec = RailCluster(2);
  spec.fabric = DragonflySpec{4, 2, 2, 1, {50_GBps, 1_us}, {40_GBps, 2_us}};
  return std::make_unique<Platform>(BuildPlatform(spec).value());
}

std::unique_ptr<Platform> TorusPlatform() {
  ClusterSpec spec = RailCluster(1);
  spec.nodes = 4;
  spec.node.gpus = 4;
  spec.node.nvlink.reset();
  spec.node.nic.reset();
  spec.fabric = TorusSpec{{4, 4}, {50_GBps, 1_us}};
  return std::make_unique<Platform>(BuildPlatform(spec).value());
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
Case RandomCase(const Setting& setting, Seconds stagger, std::uint64_t seed) {
  Rng rng(seed, Stream("flow_agreement"));
  Case c;
  c.platform = setting.platform();
  const auto gpus = static_cast<std::uint32_t>(c.platform->num_devices());
  c.paths = MakePathSelector(setting.paths, *c.platform);
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

void ExpectAgreement(const Setting& setting, Seconds stagger, std::uint64_t seed) {
  const Case c = RandomCase(setting, stagger, seed);
  SCOPED_TRACE(std::to_string(c.graph.num_devices) + " GPUs, stagger " +
               std::to_string(stagger.value) + " s, seed " + std::to_string(seed));
  const std::vector<double> pairwise = Ends(c, *MakePairwiseExecutor());
  ASSERT_FALSE(pairwise.empty());
  EXPECT_LT(WorstError(pairwise, Ends(c, *MakeFlowExecutor(0.0))), kAgreement);
  ExpectSmallError(pairwise, Ends(c, *MakeExecutor("flow")));
}

class FlowAgreement : public ::testing::TestWithParam<Setting> {};

TEST_P(FlowAgreement, AllEnterTogether) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) ExpectAgreement(GetParam(), 0_s, seed);
}

TEST_P(FlowAgreement, DevicesEnterApart) {
  for (std::uint64_t seed = 11; seed <= 13; ++seed) {
    ExpectAgreement(GetParam(), 300_us, seed);
  }
}

constexpr PathSelection kRails = PathSelection::kRailAware, kEcmp = PathSelection::kEcmp,
                        kAdaptive = PathSelection::kAdaptive;

const Setting kSettings[] = {
    {"Star13", PathSelection::kShortest, [] { return StarPlatform(13); }},
    {"OneNode8", kRails, [] { return RailPlatform(1, 1.0); }},
    {"Rails16Over1", kRails, [] { return RailPlatform(2, 1.0); }},
    {"Rails24Over2", kRails, [] { return RailPlatform(3, 2.0); }},
    {"Rails24Over4", kRails, [] { return RailPlatform(3, 4.0); }},
    {"Rails64Over1", kRails, [] { return RailPlatform(8, 1.0); }},
    {"Rails64Over2", kRails, [] { return RailPlatform(8, 2.0); }},
    {"FatTreeEcmp", kEcmp, FatTreePlatform},
    {"FatTreeAdaptive", kAdaptive, FatTreePlatform},
    {"DragonflyEcmp", kEcmp, DragonflyPlatform},
    {"DragonflyAdaptive", kAdaptive, DragonflyPlatform},
    {"TorusEcmp", kEcmp, TorusPlatform},
    {"TorusAdaptive", kAdaptive, TorusPlatform},
};

INSTANTIATE_TEST_SUITE_P(Platforms, FlowAgreement, ::testing::ValuesIn(kSettings),
                         [](const auto& setting) { return setting.param.name; });

}  // namespace
}  // namespace switchyard::testing
