// How long the closed form of fidelity "port" takes for one skewed all-to-all in two hops, from the
// entry of its first device to the exit of its last.
//
//   port_bench
//
// One model for all iterations, as in a simulated step: paths are found in the first. Counters:
// flows; makespan_ms, simulated; over_bound_permille: how much that is above the busiest link's
// bytes over its capacity (latencies included, which that leaves out).
#include <benchmark/benchmark.h>

#include <cstdint>
#include <utility>

#include "sim/engine/port/port_transfers.h"
#include "tests/engine/flow_harness.h"

namespace switchyard::testing {
namespace {

class OneFlowSet : public FlowSource {
 public:
  explicit OneFlowSet(FlowSet set) : set_(std::move(set)) {}
  [[nodiscard]] FlowSet Flows(TaskId) const override { return set_; }

 private:
  FlowSet set_;
};

// What arrives at another node's GPU is forwarded there, as sim/plan lowers it.
FlowSet Forwarded(const Problem& problem) {
  FlowSet set{problem.flows, 0_s};
  for (Flow& flow : set.flows) {
    const std::size_t from = flow.sender.index() / kGpusPerNode;
    flow.relayed = flow.hop == 0 && from != flow.receiver.index() / kGpusPerNode;
  }
  return set;
}

ActivityGraph OneTransfer(std::uint32_t gpus) {
  Task task;
  task.num_devices = gpus;
  task.is_transfer = true;
  return {gpus, {task}};
}

void Port(benchmark::State& state) {
  const auto gpus = static_cast<std::uint32_t>(state.range(0));
  const Problem problem = MakeProblem(gpus, true, 1.0);
  const OneFlowSet flows(Forwarded(problem));
  const ActivityGraph graph = OneTransfer(gpus);
  const auto paths = MakePathSelector(PathSelection::kRailAware, *problem.platform);
  std::uint32_t left = 0;
  PortTransfers* model = nullptr;
  QueueClock clock([&](Event event) { model->OnEvent(event); });
  PortTransfers transfers({graph, flows, *problem.platform, *paths}, clock,
                          [&](TaskId, DeviceId, DeviceId) { ++left; });
  model = &transfers;
  const auto simulate = [&] {
    const Seconds begin = clock.Now();
    left = 0;
    for (std::uint32_t d = 0; d < gpus; ++d) transfers.Enter(TaskId(0), DeviceId(d));
    clock.Run();
    return (clock.Now() - begin).value;
  };
  double makespan = simulate();
  for (auto _ : state) makespan = simulate();
  if (left != gpus) return state.SkipWithError("a device has not left");
  state.counters["flows"] = static_cast<double>(problem.flows.size());
  state.counters["makespan_ms"] = 1e3 * makespan;
  state.counters["over_bound_permille"] = 1e3 * (makespan / problem.port_bound - 1.0);
  state.SetComplexityN(gpus);
}
BENCHMARK(Port)
    ->ArgName("gpus")
    ->Arg(64)
    ->Arg(256)
    ->Arg(1024)
    ->Complexity()
    ->Unit(benchmark::kMillisecond)
    ->MinTime(0.2)
    ->Repetitions(3)
    ->DisplayAggregatesOnly();

}  // namespace
}  // namespace switchyard::testing
