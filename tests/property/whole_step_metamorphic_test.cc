// Topology and message size always change the answer, in both fidelities: a link on the critical
// path halved, the bytes doubled, a GPU moved to another node.
#include <gtest/gtest.h>

#include "tests/property/simulated_steps.h"

namespace switchyard::testing {
namespace {

class WholeStep : public ::testing::TestWithParam<Fidelity> {
 protected:
  [[nodiscard]] Scenario Base() const {
    Scenario s = SmallScenario();
    s.fidelity = GetParam();
    s.workload.tokens_per_device = 4096;       // bytes, not latencies, decide
    s.cluster.node.pcie.bandwidth = 200_GBps;  // and the NICs before PCIe
    return s;
  }
  [[nodiscard]] double TimeWith(const std::function<void(Scenario&)>& change) const {
    return StepTimeOf(Changed(Base(), change));
  }
};

// The flows between nodes bound the exchanges; the answer moves by more than the batching of
// fidelity flow can blur.
constexpr double kClearly = 1.02;

TEST_P(WholeStep, HalvingEveryNicIsSlowerAndDoublingThemFaster) {
  const auto with = [&](double factor) {
    return TimeWith([factor](Scenario& s) {
      s.cluster.node.nic->bandwidth = factor * s.cluster.node.nic->bandwidth;
    });
  };
  const double half = with(0.5);
  const double base = with(1.0);
  EXPECT_GT(half, kClearly * base);
  EXPECT_GT(base, kClearly * with(2.0));
}

// One link of all: the one that the report names first.
TEST_P(WholeStep, HalvingTheBusiestLinkIsSlower) {
  const double base = StepTimeOf(Base());
  const std::string result = ResultOf(Base());
  const std::size_t name = result.find("\"name\": \"", result.find("\"links\": ")) + 9;
  const std::string busiest = result.substr(name, result.find('"', name) - name);
  const double half = TimeWith([&](Scenario& s) {
    s.disturbances.links = {{busiest, {0.5, 0_s, kForever}}};
  });
  EXPECT_GT(half, kClearly * base) << busiest;
}

TEST_P(WholeStep, TwiceTheBytesOfEachTokenAreSlower) {
  EXPECT_GT(TimeWith([](Scenario& s) {
              s.communication.dispatch_dtype = Dtype::kFp32;
              s.communication.combine_dtype = Dtype::kFp32;
            }),
            kClearly * StepTimeOf(Base()));
}

TEST_P(WholeStep, TwiceTheTokensAreSlower) {
  EXPECT_GT(TimeWith([](Scenario& s) { s.workload.tokens_per_device *= 2; }),
            kClearly * StepTimeOf(Base()));
}

// The same 8 GPUs on 1, 2, 4 and 8 nodes: ever more of the traffic leaves its node.
TEST_P(WholeStep, GpusMovedToOtherNodesAreSlower) {
  double previous = 0;
  for (const std::uint32_t nodes : {1u, 2u, 4u, 8u}) {
    const double time = TimeWith([nodes](Scenario& s) {
      s.cluster.nodes = nodes;
      s.cluster.node.gpus = 8 / nodes;
    });
    EXPECT_GT(time, previous) << nodes << " nodes";
    previous = time;
  }
}

TEST_P(WholeStep, ALongerWayToTheSpineIsSlower) {
  const auto with = [&](std::uint32_t nodes_per_unit, Seconds spine_latency) {
    return TimeWith([&](Scenario& s) {
      std::get<RailOptimizedSpec>(*s.cluster.fabric).nodes_per_unit = nodes_per_unit;
      std::get<RailOptimizedSpec>(*s.cluster.fabric).spine_latency = spine_latency;
    });
  };
  const double under_one_leaf = with(2, 1_us);
  const double across = with(1, 1_us);
  EXPECT_GT(across, under_one_leaf);
  EXPECT_GT(with(1, 10_us), across);
}

INSTANTIATE_TEST_SUITE_P(Fidelities, WholeStep,
                         ::testing::Values(Fidelity::kPairwise, Fidelity::kFlow),
                         [](const auto& test) { return ToString(test.param); });

}  // namespace
}  // namespace switchyard::testing
