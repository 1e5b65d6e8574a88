// One skewed all-to-all on a rail cluster, and the flow network driven by a clock without SimGrid.
//
//   const Problem problem = MakeProblem(256, true, 1.0);
//   Harness harness(problem, 0.02);
//   harness.Simulate().makespan;
//   harness.Simulate(entries).makespan;   // device d starts what it sends entries[d] s later
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "sim/engine/flow/flow_network.h"
#include "tests/engine/flow_queue_clock.h"
#include "tests/engine/flow_traffic.h"
#include "topologies/paths/path_selector.h"

namespace switchyard::testing {

inline constexpr std::uint32_t kTokensPerGpu = 1024;
inline constexpr std::uint64_t kTrafficSeed = 1;
// Nodes under one set of leaves: all of up to 1024 GPUs, or few enough that traffic crosses spines.
inline constexpr std::uint32_t kLargeUnit = 128;
inline constexpr std::uint32_t kSmallUnit = 4;

struct Problem {
  std::unique_ptr<Platform> platform;
  std::vector<Flow> flows;
  std::vector<LinkId> links;  // as FlowView
  std::vector<std::uint32_t> path_begin = {0};
  double port_bound = 0.0;  // busiest link's bytes over its capacity: no schedule beats it
};

inline Problem MakeProblem(std::uint32_t gpus, bool two_hops, double oversubscription) {
  Problem problem;
  const std::uint32_t unit = oversubscription > 1.0 ? kSmallUnit : kLargeUnit;
  problem.platform = std::make_unique<Platform>(
      BuildPlatform(RailCluster(gpus / kGpusPerNode, unit, oversubscription)).value());
  const TokenTraffic traffic = DispatchTokens(gpus, kTokensPerGpu, kTrafficSeed);
  problem.flows = two_hops ? TwoHopFlows(*problem.platform, traffic.to_node, traffic.forwarded)
                           : DirectFlows(*problem.platform, traffic.direct);
  const auto selector = MakePathSelector(PathSelection::kRailAware, *problem.platform);
  std::vector<double> load(problem.platform->links().size());
  for (std::size_t f = 0; f < problem.flows.size(); ++f) {
    const Flow& flow = problem.flows[f];
    selector->AppendPath(flow.from, flow.to, f, problem.links);
    for (std::size_t i = problem.path_begin.back(); i < problem.links.size(); ++i) {
      load[problem.links[i].index()] += flow.bytes.value;
    }
    problem.path_begin.push_back(static_cast<std::uint32_t>(problem.links.size()));
  }
  for (std::size_t l = 0; l < load.size(); ++l) {
    const double time = load[l] / problem.platform->links()[l].capacity.value;
    problem.port_bound = std::max(problem.port_bound, time);
  }
  return problem;
}

struct Outcome {
  std::vector<double> end;  // by flow
  double makespan = 0.0;
  FlowCounters counters;
};

// One network for any number of all-to-alls one after the other, as in a simulated step: the first
// grows its tables.
class Harness {
 public:
  Harness(const Problem& problem, double epsilon)
      : problem_(problem),
        clock_([this](Event event) {
          FlowNetwork::Owns(event) ? network_.OnEvent(event) : network_.Start(0, event.a, event.b);
        }),
        network_(*problem.platform, clock_,
                 [this](FlowTag tag) { outcome_.end[tag.flow] = clock_.Now().value - start_; },
                 {epsilon}) {
    outcome_.end.resize(problem.flows.size());
  }

  const Outcome& Simulate() {
    Open();
    network_.Start(0, 0, static_cast<std::uint32_t>(problem_.flows.size()));
    return Finish();
  }
  // Flows are listed sender by sender.
  const Outcome& Simulate(std::span<const double> entries) {
    Open();
    const std::vector<Flow>& flows = problem_.flows;
    for (std::uint32_t first = 0, last = 0; first < flows.size(); first = last) {
      const DeviceId sender = flows[first].sender;
      while (last < flows.size() && flows[last].sender == sender) ++last;
      clock_.At({start_ + entries[sender.index()]}, {kEntry, first, last});
    }
    return Finish();
  }

 private:
  static constexpr std::uint32_t kEntry = 0;  // an event of the harness

  void Open() {
    start_ = clock_.Now().value;
    network_.Open(0, {problem_.flows, problem_.links, problem_.path_begin});
  }
  const Outcome& Finish() {
    clock_.Run();
    outcome_.makespan = clock_.Now().value - start_;
    outcome_.counters = network_.counters();
    return outcome_;
  }

  const Problem& problem_;
  QueueClock clock_;
  FlowNetwork network_;
  Outcome outcome_;
  double start_ = 0.0;
};

}  // namespace switchyard::testing
