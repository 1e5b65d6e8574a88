// Does a whole step react to its inputs as physics says? Each case simulates twice, the second time
// in a child's stead: SimGrid allows one simulation per process, so the reference runs in a forked
// child.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <functional>
#include <variant>

#include "models/cost/compute_cost.h"
#include "sim/pipeline/simulate.h"
#include "sim/plan/lower.h"
#include "tests/unit/plan/scenarios.h"

namespace switchyard::testing {
namespace {

// The step time of a scenario, simulated in a child process.
double StepTime(const Scenario& scenario) {
  int ends[2];
  if (::pipe(ends) != 0) return -1;
  const pid_t child = ::fork();
  if (child == 0) {
    const auto step = Simulate(scenario);
    const double time = step.ok() ? step.value()->result.step_time_s : -1;
    const ssize_t written = ::write(ends[1], &time, sizeof time);
    std::_Exit(written == sizeof time ? 0 : 1);
  }
  ::close(ends[1]);
  double time = -1;
  if (::read(ends[0], &time, sizeof time) != sizeof time) time = -1;
  ::close(ends[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  return time;
}

Scenario Changed(const std::function<void(Scenario&)>& change) {
  Scenario s = SmallScenario();
  change(s);
  return s;
}

TEST(StepScaling, EverythingTwiceAsSlowTakesTwiceAsLong) {
  const double base = StepTime(SmallScenario());
  ASSERT_GT(base, 0);
  const double slow = StepTime(Changed([](Scenario& s) {
    constexpr double kSlower = 2;
    DeviceSpec& d = s.cluster.device;
    d.bf16_rate = d.bf16_rate / kSlower;
    d.memory_bandwidth = d.memory_bandwidth / kSlower;
    s.compute.kernel_overhead = kSlower * s.compute.kernel_overhead;
    s.communication.launch_overhead = kSlower * s.communication.launch_overhead;
    NodeSpec& n = s.cluster.node;
    for (LinkSpec* link : {&*n.nvlink, &n.pcie, &*n.nic, &n.host_memory}) {
      link->bandwidth = link->bandwidth / kSlower;
      link->latency = kSlower * link->latency;
    }
    RailOptimizedSpec& rails = std::get<RailOptimizedSpec>(*s.cluster.fabric);
    rails.spine_latency = kSlower * rails.spine_latency;
  }));
  EXPECT_NEAR(slow, 2 * base, 1e-9 * base) << "time has no unit of its own in the model";
}

TEST(StepScaling, HalvingALinkOnTheCriticalPathIsSlower) {
  const double base = StepTime(SmallScenario());
  EXPECT_GT(StepTime(Changed([](Scenario& s) {
              s.cluster.node.nic->bandwidth = s.cluster.node.nic->bandwidth / 2;
            })),
            base);
}

TEST(StepScaling, DoublingTheBytesIsSlower) {
  const double base = StepTime(SmallScenario());
  EXPECT_GT(StepTime(Changed([](Scenario& s) { s.communication.combine_dtype = Dtype::kFp32; })),
            base);
}

TEST(StepScaling, TheSameGpusOnMoreNodesAreSlower) {
  const double together = StepTime(Changed([](Scenario& s) {
    s.cluster.nodes = 1;
    s.cluster.node.gpus = 8;
    s.cluster.fabric.reset();
  }));
  const double apart = StepTime(SmallScenario());
  const double further = StepTime(Changed([](Scenario& s) {
    s.cluster.nodes = 4;
    s.cluster.node.gpus = 2;
  }));
  EXPECT_LT(together, apart);
  EXPECT_LT(apart, further);
}

TEST(StepScaling, MoreTokensAreNeverFaster) {
  double previous = 0;
  for (const std::uint32_t tokens : {32u, 64u, 128u, 256u}) {
    const double time =
        StepTime(Changed([tokens](Scenario& s) { s.workload.tokens_per_device = tokens; }));
    EXPECT_GT(time, previous) << tokens;
    previous = time;
  }
}

TEST(StepScaling, OverlapNeverHidesMoreThanThereIs) {
  const auto with = [](std::uint32_t micro_batches) {
    return Changed([micro_batches](Scenario& s) {
      s.workload.micro_batches = micro_batches;
      s.workload.tokens_per_device = 4096;
    });
  };
  const auto step = Simulate(with(2));
  ASSERT_TRUE(step.ok());
  const RunResult& result = step.value()->result;
  EXPECT_GE(result.overlap_fraction, 0);
  EXPECT_LE(result.overlap_fraction, 1);
  EXPECT_GT(result.overlap_fraction, 0.05) << "two micro-batches hide some communication";
  EXPECT_TRUE(result.conservation.ok);
}

TEST(StepScaling, DenseModelOnOneDeviceHasNoTraffic) {
  const auto step = Simulate(Changed([](Scenario& s) {
    s.model.moe.reset();
    s.model.dense_layers = {0, 1, 2};
    s.cluster.nodes = 1;
    s.cluster.node.gpus = 1;
    s.cluster.fabric.reset();
    s.parallelism = {1, 1};
  }));
  ASSERT_TRUE(step.ok()) << ToString(step.errors());
  const RunResult& result = step.value()->result;
  EXPECT_EQ(result.sim.flows, 0u);
  EXPECT_FALSE(result.load.has_value());
  EXPECT_TRUE(result.conservation.ok);
}

// One of the two nodes at half the FLOP rate; nothing waits for memory or launches.
Scenario WithOneSlowNode() {
  return Changed([](Scenario& s) {
    s.compute.kernel_overhead = Seconds{0};
    s.cluster.device.memory_bandwidth = BytesPerSecond{1e30};
    s.cluster.node_groups = {{1, s.cluster.device, s.cluster.node}};
    DeviceSpec& slow = s.cluster.node_groups[0].device;
    slow.bf16_rate = slow.bf16_rate / 2;
  });
}

TEST(MixedNodes, ComputeTakesTwiceAsLongAtHalfTheRate) {
  const auto step = Simulate(WithOneSlowNode());
  ASSERT_TRUE(step.ok()) << ToString(step.errors());
  const DeviceSpec& device = step.value()->scenario.cluster.device;
  const auto fast = MakeRoofline({device.memory_bandwidth, {}, device.bf16_rate, {}, {}},
                                 step.value()->scenario.compute);
  const ActivityGraph alike = Lower(step.value()->step, *fast);
  const std::uint32_t gpus = step.value()->scenario.cluster.node.gpus;
  std::size_t compute_tasks = 0;
  for (std::size_t t = 0; t < alike.tasks.size(); ++t) {
    if (alike.tasks[t].is_transfer) continue;
    ++compute_tasks;
    const std::vector<Seconds>& mixed = step.value()->graph.tasks[t].durations;
    ASSERT_EQ(mixed.size(), 2 * gpus);
    for (std::uint32_t d = 0; d < mixed.size(); ++d) {
      const std::vector<Seconds>& all = alike.tasks[t].durations;
      const double expected = all[all.size() == 1 ? 0 : d].value * (d < gpus ? 2 : 1);
      EXPECT_DOUBLE_EQ(mixed[d].value, expected) << t << " on device " << d;
    }
  }
  EXPECT_GT(compute_tasks, 0u);
  EXPECT_LT(step.value()->result.slowest_device, gpus) << "on the slow node, which others wait for";
}

TEST(MixedNodes, TheSlowNodeDelaysTheStep) {
  const double alike = StepTime(Changed([](Scenario& s) {
    s = WithOneSlowNode();
    s.cluster.node_groups.clear();
  }));
  const double all_slow = StepTime(Changed([](Scenario& s) {
    s = WithOneSlowNode();
    s.cluster.device = s.cluster.node_groups[0].device;
    s.cluster.node_groups.clear();
  }));
  const double mixed = StepTime(WithOneSlowNode());
  EXPECT_GT(mixed, alike);
  EXPECT_LE(mixed, all_slow * (1 + 1e-9));
}

TEST(MixedNodes, EnergyAndMemoryAreCountedDeviceByDevice) {
  Scenario scenario = WithOneSlowNode();
  scenario.cluster.device.idle_power = scenario.cluster.device.busy_power = Watts{0};
  DeviceSpec& slow = scenario.cluster.node_groups[0].device;
  slow.idle_power = slow.busy_power = Watts{100};
  slow.memory_capacity = Bytes{1};
  const auto step = Simulate(scenario);
  ASSERT_TRUE(step.ok()) << ToString(step.errors());
  const RunResult& result = step.value()->result;
  // 4 devices of 100 W all the time, 4 of none.
  ASSERT_TRUE(result.energy.has_value());
  EXPECT_DOUBLE_EQ(result.energy.value().total_j, 4 * 100 * result.step_time_s);
  EXPECT_FALSE(result.memory.fits) << "the smallest memory decides";
}

}  // namespace
}  // namespace switchyard::testing
