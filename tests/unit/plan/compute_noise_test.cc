// Jitter and clocks: their arithmetic, their statistics, and that they touch nothing else.
#include "sim/plan/disturb/compute_noise.h"

#include <gtest/gtest.h>

#include <cmath>

#include "topologies/builder.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kDevices = 8;
constexpr std::size_t kTasks = 2000;
constexpr Seconds kDuration = 100_us;

Platform Node() {
  ClusterSpec spec;
  spec.nodes = 1;
  spec.node.gpus = kDevices;
  spec.node.nvlink = LinkSpec{400_GBps, 1_us};
  spec.node.pcie = {50_GBps, 1_us};
  spec.node.host_memory = {200_GBps, 1_us};
  return BuildPlatform(spec).value();
}

// Compute tasks of one duration for all devices, with a transfer and an empty task between.
ActivityGraph Graph() {
  ActivityGraph graph;
  graph.num_devices = kDevices;
  for (std::size_t t = 0; t < kTasks; ++t) {
    Task task;
    task.num_devices = kDevices;
    task.durations = {kDuration};
    graph.tasks.push_back(task);
  }
  graph.tasks[5].is_transfer = true;
  graph.tasks[5].durations.clear();
  graph.tasks[6].durations = {0_s};
  return graph;
}

ActivityGraph With(const Disturbances& d, std::uint64_t seed = 1) {
  ActivityGraph graph = Graph();
  AddComputeNoise(d, Node(), seed, graph);
  return graph;
}

Seconds Of(const ActivityGraph& graph, std::size_t task, std::size_t device) {
  const auto& durations = graph.tasks[task].durations;
  return durations[durations.size() == 1 ? 0 : device];
}

Straggler Jittery(JitterKind kind, double sigma, JitterPer per = JitterPer::kTask) {
  return {{}, kind, sigma, {}, per};
}

// Mean and standard deviation of the factors of all tasks that compute.
std::pair<double, double> Statistics(const Straggler& straggler) {
  Disturbances d;
  d.stragglers = {straggler};
  const ActivityGraph graph = With(d);
  double sum = 0;
  double squares = 0;
  double count = 0;
  for (std::size_t t = 7; t < kTasks; ++t) {
    for (std::size_t device = 0; device < kDevices; ++device) {
      const double factor = Of(graph, t, device) / kDuration;
      sum += factor;
      squares += factor * factor;
      ++count;
    }
  }
  const double mean = sum / count;
  return {mean, std::sqrt(squares / count - mean * mean)};
}

// 15,944 draws: a mean's standard error is sigma / 126, and four of them are the bound; the
// deviation's is sigma / (126 sqrt 2) for the normal law, at most twice that for the others here.
TEST(ComputeNoise, NormalJitterHasItsSpread) {
  const auto [mean, deviation] = Statistics(Jittery(JitterKind::kNormal, 0.1));
  EXPECT_NEAR(mean, 1.0, 4 * 0.1 / 126);
  EXPECT_NEAR(deviation, 0.1, 4 * 0.1 / 178);
}

TEST(ComputeNoise, LogNormalJitterHasItsMean) {
  const auto [mean, deviation] = Statistics(Jittery(JitterKind::kLogNormal, 0.2));
  EXPECT_NEAR(mean, std::exp(0.02), 4 * 0.2 / 126) << "exp(sigma^2 / 2)";
  EXPECT_NEAR(deviation, std::exp(0.02) * std::sqrt(std::exp(0.04) - 1), 8 * 0.2 / 178);
}

TEST(ComputeNoise, ExponentialJitterOnlySlows) {
  const auto [mean, deviation] = Statistics(Jittery(JitterKind::kExponential, 0.3));
  EXPECT_NEAR(mean, 1.3, 4 * 0.3 / 126);
  EXPECT_NEAR(deviation, 0.3, 8 * 0.3 / 178);
  Disturbances d;
  d.stragglers = {Jittery(JitterKind::kExponential, 0.3)};
  const ActivityGraph graph = With(d);
  for (std::size_t t = 7; t < kTasks; ++t) EXPECT_GT(Of(graph, t, 0), kDuration);
}

TEST(ComputeNoise, PerStepIsOneDrawForEachGpu) {
  Disturbances d;
  d.stragglers = {Jittery(JitterKind::kNormal, 0.1, JitterPer::kStep)};
  const ActivityGraph graph = With(d);
  for (std::size_t device = 0; device < kDevices; ++device) {
    EXPECT_EQ(Of(graph, 0, device), Of(graph, kTasks - 1, device));
    EXPECT_NE(Of(graph, 0, device), Of(graph, 0, (device + 1) % kDevices));
  }
}

TEST(ComputeNoise, ADelayIsAddedToItsGpusOnly) {
  Disturbances d;
  d.stragglers = {{{"n000.gpu2", "5"}, JitterKind::kDelay, 0, 30_us, JitterPer::kTask}};
  ActivityGraph graph = With(d);
  for (std::size_t device = 0; device < kDevices; ++device) {
    const bool slow = device == 2 || device == 5;
    EXPECT_EQ(Of(graph, 0, device), slow ? kDuration + 30_us : kDuration) << device;
    EXPECT_EQ(Of(graph, 6, device), 0_s) << "nothing runs there";
  }
  EXPECT_TRUE(graph.tasks[5].durations.empty()) << "transfers have no durations";
  d.stragglers[0].per = JitterPer::kStep;
  graph = With(d);
  EXPECT_EQ(Of(graph, 0, 2), kDuration + 30_us);
  EXPECT_EQ(Of(graph, 1, 2), kDuration) << "only once";
}

TEST(ComputeNoise, ClocksDivideAndMultiplyUp) {
  Disturbances d;
  d.clocks = {{{}, 0.8, 0.0}, {{"3"}, 0.5, 0.0}};
  const ActivityGraph graph = With(d);
  EXPECT_EQ(Of(graph, 0, 0).value, kDuration.value / 0.8);
  EXPECT_EQ(Of(graph, 0, 3).value, kDuration.value / (0.8 * 0.5));
}

TEST(ComputeNoise, WithoutSpreadNotABitChanges) {
  Disturbances d;
  d.stragglers = {Jittery(JitterKind::kNormal, 0),
                  Jittery(JitterKind::kLogNormal, 0),
                  Jittery(JitterKind::kExponential, 0),
                  {{}, JitterKind::kDelay, 0, 0_s, JitterPer::kTask}};
  d.clocks = {{{}, 1.0, 0.0}};
  const ActivityGraph graph = With(d);
  const ActivityGraph before = Graph();
  for (std::size_t t = 0; t < kTasks; ++t) {
    for (std::size_t device = 0; device < kDevices && t != 5; ++device) {
      ASSERT_EQ(Of(graph, t, device).value, Of(before, t, device).value) << t;
    }
  }
}

TEST(ComputeNoise, DrawsDoNotDependOnOtherEntriesOrGpus) {
  Disturbances one;
  one.stragglers = {Jittery(JitterKind::kNormal, 0.1)};
  Disturbances two = one;
  two.stragglers.push_back({{"0"}, JitterKind::kNormal, 0.5, {}, JitterPer::kTask});
  two.clocks = {{{"1"}, 1.0, 0.2}};
  const ActivityGraph a = With(one);
  const ActivityGraph b = With(two);
  EXPECT_NE(Of(a, 0, 0), Of(b, 0, 0));
  EXPECT_NE(Of(a, 0, 1), Of(b, 0, 1));
  for (std::size_t t = 7; t < kTasks; ++t) EXPECT_EQ(Of(a, t, 2), Of(b, t, 2));
  EXPECT_NE(Of(With(one, 2), 0, 2), Of(a, 0, 2)) << "another seed, other draws";
  EXPECT_EQ(Of(With(one, 1), 0, 2), Of(a, 0, 2)) << "the same seed, the same";
}

}  // namespace
}  // namespace switchyard
