// A uniform all-to-all on a fat tree: even spreading against hashing, and both against the busiest
// link.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "sim/engine/executors.h"
#include "tests/engine/engine_fixture.h"
#include "tests/engine/flow_in_child.h"
#include "tests/engine/flow_traffic.h"

namespace switchyard::testing {
namespace {

constexpr double kBytes = 1e6;  // from each GPU to each other

struct Spread {
  double end = 0.0;         // of the last flow, exact
  double port_end = 0.0;    // the same in fidelity port
  double drain_time = 0.0;  // of the busiest link: no schedule beats it
};

Spread Simulate(const Platform& platform, PathSelection selection) {
  const auto paths = MakePathSelector(selection, platform);
  const auto gpus = static_cast<std::uint32_t>(platform.num_devices());
  const ByteMatrix uniform{gpus, std::vector<double>(std::size_t{gpus} * gpus, kBytes)};
  const ActivityGraph graph{gpus, {Exchange(gpus)}};
  const GivenFlows flows({{0, {DirectFlows(platform, uniform), 0_s}}});
  const auto run = [&](const Executor& executor) {
    return InChild([&] {
      const Result<Timeline> t = executor.Run({graph, flows, platform, *paths});
      std::vector<double> result = {t.value().makespan.value, 0.0, t.value().bytes_received.value};
      for (std::size_t l = 0; l < t.value().links.size(); ++l) {
        const Seconds drain = t.value().links[l].bytes / platform.link(LinkId(l)).capacity;
        result[1] = std::max(result[1], drain.value);
      }
      return result;
    });
  };
  const std::vector<double> exact = run(*MakeFlowExecutor(0.0));
  const std::vector<double> port = run(*MakePortExecutor());
  EXPECT_EQ(exact[2], kBytes * gpus * (gpus - 1)) << "every byte arrives";
  EXPECT_EQ(port[2], exact[2]);
  EXPECT_DOUBLE_EQ(port[1], exact[1]) << "the same bytes on the busiest link";
  return {exact[0], port[0], exact[1]};
}

// 8 servers on radix 8, half full: 64 GPUs in 4 pods, 16 ways from pod to pod.
TEST(Spreading, IsNotSlowerThanHashingAndNotFasterThanTheBusiestLink) {
  ClusterSpec spec = RailCluster(8);
  spec.fabric = FatTreeSpec{8, 1.0, 1_us};
  const Platform platform = BuildPlatform(spec).value();
  const Spread hashed = Simulate(platform, PathSelection::kEcmp);
  const Spread spread = Simulate(platform, PathSelection::kAdaptive);
  EXPECT_LT(spread.end, hashed.end);
  for (const Spread& s : {hashed, spread}) {
    EXPECT_GE(s.end, s.drain_time);
    EXPECT_GE(s.port_end, s.drain_time);
    EXPECT_LT(s.port_end, s.end * 1.01) << "port is early, never late by much";
  }
  // 56 GPUs of other nodes over a NIC of 50 GB/s, and every link above it carries no more; 6 links
  // of the way have a latency, below 10 us together.
  const double nic = 56 * kBytes / 50e9;
  EXPECT_NEAR(spread.drain_time, nic, 1e-12);
  EXPECT_LT(spread.end, nic + 10e-6);
}

}  // namespace
}  // namespace switchyard::testing
