// Does the engine respect dependencies, and does a step by hand come out?
#include "tests/engine/engine_fixture.h"

namespace switchyard::testing {
namespace {

TEST(GraphExecution, FourRankStepByHand) {
  // Four ranks compute 100, 110, 120, 130 us, exchange 1 MB with every other rank over 50 GB/s
  // ports, then compute 50 us. Rank r's up-link carries 3 MB and starts when r does; rank 3 starts
  // last, at 130 us. Until then ranks 0-2 send at the max-min rates of the flows that exist; the
  // last bytes into 0, 1, 2 and out of 3 are those of rank 3.
  const Star star(4, 50_GBps, 0_s);
  std::vector<Flow> flows;
  for (std::uint32_t from = 0; from < 4; ++from) {
    for (std::uint32_t to = 0; to < 4; ++to) {
      if (from != to) flows.push_back(star.Between(from, to, 1_MB));
    }
  }
  const ActivityGraph graph{4,
                            {Compute(4, {100_us, 110_us, 120_us, 130_us}), Exchange(4, {TaskId(0)}),
                             Compute(4, {50_us}, {TaskId(1)})}};
  const Timeline t = RunOrFail(graph, GivenFlows({{1, {flows, 0_s, false}}}), star);
  // Rank 3 has its up-link to itself from 130 us: 3 MB / 50 GB/s = 60 us is a lower bound, and its
  // receivers' ports are never fuller than its own, so it is met: by 130 us each of the other
  // senders has put out at least half a MB.
  ExpectSeconds(130e-6 + 3e6 / 50e9, t.at(TaskId(1), DeviceId(3)).end, "130 us + 3 MB / 50 GB/s");
  ExpectSeconds(130e-6 + 3e6 / 50e9 + 50e-6, t.makespan, "190 us + 50 us");
  EXPECT_EQ(t.bytes_received.value, 12e6) << "4 x 3 x 1 MB";
}

TEST(GraphExecution, StreamsAreChainsNotProcessorSharing) {
  // Three 1 s kernels on one stream end at 1, 2, 3 s; sharing the processor would end all three at
  // 3 s.
  const Star star(1, 1_GBps, 0_s);
  const ActivityGraph graph{
      1, {Compute(1, {1_s}), Compute(1, {1_s}, {TaskId(0)}), Compute(1, {1_s}, {TaskId(1)})}};
  const Timeline t = RunOrFail(graph, GivenFlows({}), star);
  for (std::uint32_t k = 0; k < 3; ++k) {
    ExpectSeconds(k + 1.0, t.at(TaskId(k), DeviceId(0)).end, "kernels before it + 1 s");
  }
}

TEST(GraphExecution, UnorderedTasksOfOneStreamAreRefused) {
  const Star star(1, 1_GBps, 0_s);
  const ActivityGraph graph{1, {Compute(1, {1_s}), Compute(1, {1_s})}};
  const auto result =
      MakeExecutor("pairwise")->Run({graph, GivenFlows({}), star.platform, *star.paths});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(ToString(result.errors()).find("share a stream but no order"), std::string::npos)
      << ToString(result.errors());
}

TEST(GraphExecution, CyclesAreRefused) {
  const Star star(1, 1_GBps, 0_s);
  const ActivityGraph graph{1, {Compute(1, {1_s}, {TaskId(1)}), Compute(1, {1_s}, {TaskId(0)})}};
  const auto result =
      MakeExecutor("pairwise")->Run({graph, GivenFlows({}), star.platform, *star.paths});
  ASSERT_FALSE(result.ok());
  EXPECT_NE(ToString(result.errors()).find("in a cycle"), std::string::npos);
}

TEST(GraphExecution, ManyShortTasksDoNotDrift) {
  // 1,000 kernels of 0.3 us: SimGrid's clock must not lose them to its precision.
  const Star star(1, 1_GBps, 0_s);
  ActivityGraph graph{1, {}};
  for (std::uint32_t k = 0; k < 1000; ++k) {
    graph.tasks.push_back(k == 0 ? Compute(1, {0.3_us}) : Compute(1, {0.3_us}, {TaskId(k - 1)}));
  }
  const Timeline t = RunOrFail(graph, GivenFlows({}), star);
  ExpectSeconds(1000 * 0.3e-6, t.makespan, "1,000 x 0.3 us");
}

TEST(GraphExecution, EmptyExchangeCostsItsStartup) {
  const Star star(2, 1_GBps, 0_s);
  const ActivityGraph graph{2, {Exchange(2), Compute(2, {1_us}, {TaskId(0)})}};
  const Timeline t = RunOrFail(graph, GivenFlows({{0, {{}, 5_us, false}}}), star);
  ExpectSeconds(5e-6 + 1e-6, t.makespan, "5 us + 1 us");
}

TEST(GraphExecution, CausesLeadBackToTheStart) {
  const Star star(2, 50_GBps, 0_s);
  const ActivityGraph graph{
      2, {Compute(2, {10_us, 20_us}), Exchange(2, {TaskId(0)}), Compute(2, {1_us}, {TaskId(1)})}};
  const Timeline t = RunOrFail(
      graph, GivenFlows({{1, {{star.Between(0, 1, 1_MB), star.Between(1, 0, 1_MB)}, 0_s, false}}}),
      star);
  EXPECT_EQ(t.at(TaskId(0), DeviceId(0)).start_cause_task, kNoCause);
  EXPECT_EQ(t.at(TaskId(1), DeviceId(0)).start_cause_task, 0u);
  EXPECT_EQ(t.at(TaskId(1), DeviceId(0)).end_cause_device, 1u) << "device 1 sends last";
  EXPECT_EQ(t.at(TaskId(2), DeviceId(0)).start_cause_task, 1u);
}

}  // namespace
}  // namespace switchyard::testing
