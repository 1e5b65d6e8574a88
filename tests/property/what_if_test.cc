// What disturbances may and may not do to a whole step: no effect without strength, never faster
// for being slower, no more lost than was taken away.
#include <gtest/gtest.h>

#include <algorithm>

#include "sim/base/rng.h"
#include "tests/property/simulated_steps.h"

namespace switchyard::testing {
namespace {

constexpr std::uint32_t kDevices = 8;

Scenario Base(Fidelity fidelity = Fidelity::kFlow) {
  Scenario s = SmallScenario();
  s.fidelity = fidelity;
  s.workload.tokens_per_device = 512;
  return s;
}

NamedSlowdown Slow(const std::string& name, double factor, Seconds from = {}) {
  return {name, {factor, from, kForever}};
}

Background Share(const std::string& link, double share) {
  Background b;
  b.link = link;
  b.share = share;
  return b;
}

// What the result says beside the sentences about the disturbances.
std::string Numbers(const std::string& result) {
  return result.substr(0, result.find("\"assumptions\""));
}

TEST(WhatIf, StrengthlessDisturbancesChangeNotAByte) {
  for (const Fidelity fidelity : {Fidelity::kPairwise, Fidelity::kFlow}) {
    Scenario s = Base(fidelity);
    const std::string base = Numbers(ResultOf(s));
    ASSERT_FALSE(base.empty());
    Disturbances& d = s.disturbances;
    d.links = {Slow("nic", 1), Slow("n000.nvswitch", 1, 10_us)};
    d.nics = {Slow("n001.nic2", 1)};
    d.gpus = {Slow("*", 1, 5_us)};
    d.stragglers = {{{}, JitterKind::kNormal, 0, {}, JitterPer::kTask},
                    {{"1"}, JitterKind::kDelay, 0, 0_s, JitterPer::kTask}};
    d.clocks = {{{}, 1, 0}};
    d.background = {Share("leaf_spine", 0)};
    EXPECT_EQ(Numbers(ResultOf(s)), base) << ToString(fidelity);
  }
}

// With seeds of their own: a GPU slower, at the start or within the step, by jitter or by clock.
TEST(WhatIf, ASlowerGpuNeverMakesTheStepFaster) {
  const double base = StepTimeOf(Base());
  ASSERT_GT(base, 0);
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    Rng rng(seed, Stream("what_if_test"));
    Scenario s = Base();
    const std::string gpu = std::to_string(rng.Below(kDevices));
    Disturbances& d = s.disturbances;
    switch (rng.Below(3)) {
      case 0:
        d.gpus = {Slow(gpu, 0.1 + 0.8 * rng.Uniform(), rng.Uniform() * Seconds{base})};
        break;
      case 1:
        d.stragglers = {{{gpu}, JitterKind::kExponential, rng.Uniform(), {}, JitterPer::kTask}};
        break;
      default:
        d.clocks = {{{gpu}, 0.1 + 0.8 * rng.Uniform(), 0}};
    }
    // Fidelity flow may end flows early by a part of its windows, 2 % of an exchange at most.
    EXPECT_GE(StepTimeOf(s), base * (1 - 1e-3)) << "seed " << seed << ", GPU " << gpu;
  }
}

// In the reference, where nothing is batched, without any tolerance but the clock's.
TEST(WhatIf, InTheReferenceNeverAtAll) {
  const double base = StepTimeOf(Base(Fidelity::kPairwise));
  double previous = base;
  for (const double factor : {0.9, 0.5, 0.2}) {
    Scenario s = Base(Fidelity::kPairwise);
    s.disturbances.gpus = {Slow("3", factor)};
    const double time = StepTimeOf(s);
    EXPECT_GE(time, previous * (1 - 1e-9)) << factor;
    previous = time;
  }
  EXPECT_GT(previous, base);
}

double NumComputeTasks(const Scenario& scenario) {
  const auto step = Simulate(scenario);  // here: the last simulation of its test
  double tasks = 0;
  if (!step.ok()) return tasks;
  for (const Task& task : step.value()->graph.tasks) tasks += task.is_transfer ? 0 : 1;
  return tasks;
}

// Each of a GPU's compute tasks D later: every chain of dependencies grows by at most D for each
// compute task on it, so the step by at most D times all of them. One delay: by at most D.
TEST(WhatIf, AStragglerCostsAtMostItsOwnDelays) {
  constexpr Seconds kDelay = 20_us;
  const double base = StepTimeOf(Base(Fidelity::kPairwise));
  std::vector<double> each;
  for (const char* gpu : {"0", "5", "*"}) {
    Scenario s = Base(Fidelity::kPairwise);
    s.disturbances.stragglers = {{{gpu}, JitterKind::kDelay, 0, kDelay, JitterPer::kTask}};
    each.push_back(StepTimeOf(s) - base);
    s.disturbances.stragglers[0].per = JitterPer::kStep;
    EXPECT_LE(StepTimeOf(s) - base, kDelay.value * (1 + 1e-9)) << gpu;
  }
  const double most = kDelay.value * NumComputeTasks(Base(Fidelity::kPairwise));
  ASSERT_GT(most, 0);
  EXPECT_GT(each[0], 0);
  EXPECT_GT(each[1], 0);
  EXPECT_LE(each[0], most * (1 + 1e-9));
  EXPECT_LE(each[1], most * (1 + 1e-9));
  EXPECT_NEAR(each[2], most, 1e-9) << "all GPUs alike, nothing overlaps: the whole of it";
}

// Half of every link gone, by background or by fault: as if the cards said half.
TEST(WhatIf, ASteadyShareIsASlowerLink) {
  Scenario slower = Base();
  slower.cluster.node.nic->bandwidth = 0.6 * slower.cluster.node.nic->bandwidth;
  Scenario share = Base();
  share.disturbances.background = {Share("nic", 0.4)};
  Scenario fault = Base();
  fault.disturbances.links = {Slow("nic", 0.6)};
  const double time = StepTimeOf(slower);
  EXPECT_NEAR(StepTimeOf(share), time, 1e-9 * time);
  EXPECT_NEAR(StepTimeOf(fault), time, 1e-9 * time);
}

// When every byte crosses the NICs and nothing else limits, a share u taken away makes the time in
// transfers 1 / (1 - u) times as long: time(u) = fixed + bytes / ((1 - u) B).
TEST(WhatIf, BackgroundScalesTheTimeOfTransfersByWhatIsLeft) {
  const auto with = [](double share) {
    Scenario s = Base(Fidelity::kPairwise);
    s.cluster.nodes = kDevices;
    s.cluster.node.gpus = 1;
    s.cluster.node.pcie.bandwidth = 5000_GBps;  // the NICs are the only bottleneck
    s.disturbances.background = {Share("nic", share)};
    return StepTimeOf(s);
  };
  const double whole = with(0);
  const double half = with(0.5);
  const double fifth = with(0.8);
  const double transfers = half - whole;  // bytes / B, once more
  ASSERT_GT(transfers, 0);
  // Ranks enter a little apart, which does not scale: 0.1 % of the transfers' time.
  EXPECT_NEAR(fifth - whole, 4 * transfers, 1e-3 * transfers) << "1 / 0.2 = 5 times, 4 more";
}

TEST(WhatIf, ADeadNicIsServedByTheOthersAndNoByteIsLost) {
  for (const Fidelity fidelity : {Fidelity::kPairwise, Fidelity::kFlow}) {
    Scenario s = Base(fidelity);
    const double base = StepTimeOf(s);
    s.disturbances.nics = {Slow("n001.nic2", 0)};
    const std::string result = ResultOf(s);
    EXPECT_NE(result.find("\"ok\": true"), std::string::npos);
    EXPECT_EQ(result.find("n001.nic2"), result.find("n001.nic2 dead")) << "no traffic on its links";
    EXPECT_GT(StepTimeOf(s), base);
  }
}

TEST(WhatIf, BurstsCostBetweenNothingAndAlways) {
  Scenario s = Base();
  const double base = StepTimeOf(s);
  s.disturbances.background = {Share("nic", 0.5)};
  const double always = StepTimeOf(s);
  s.disturbances.background[0].until = 10_ms;
  s.disturbances.background[0].bursts = Bursts{20_us, 10_us};
  const double half = StepTimeOf(s);
  EXPECT_GT(half, base);
  EXPECT_LT(half, always);
}

TEST(WhatIf, TheSameSeedGivesTheSameJitterAnotherGivesAnother) {
  Scenario s = Base();
  s.disturbances.stragglers = {{{}, JitterKind::kLogNormal, 0.2, {}, JitterPer::kTask}};
  const std::string first = ResultOf(s);
  EXPECT_EQ(ResultOf(s), first);
  // The routing has a stream of its own, but the seed is the whole scenario's: only times of the
  // same routing are compared, by another spread.
  s.disturbances.stragglers[0].sigma = 0.3;
  EXPECT_NE(ResultOf(s), first);
}

}  // namespace
}  // namespace switchyard::testing
