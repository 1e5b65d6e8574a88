// How long a platform takes to build and its paths to find, by the number of GPUs.
//
//   platform_bench --benchmark_filter=Build
//
// Counters: vertices, links; peak_MB, the process's peak memory so far (run one size alone for its
// own). Routes are timed as the engine asks for them, each once, by a new selector and in the order
// of transfers: for each of 64 senders, spread over the cluster, the paths to 64 receivers; counter
// s_per_path.
#include <benchmark/benchmark.h>
#include <sys/resource.h>

#include <cstdint>
#include <vector>

#include "sim/base/check.h"
#include "topologies/builder.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kGpusPerNode = 8;
constexpr std::size_t kEnds = 64;

ClusterSpec Nodes(std::uint32_t gpus) {
  ClusterSpec spec;
  spec.name = "bench";
  spec.nodes = gpus / kGpusPerNode;
  spec.node.gpus = kGpusPerNode;
  spec.node.nvlink = LinkSpec{370_GBps, 1_us};
  spec.node.pcie = {55_GBps, 0.3_us};
  spec.node.nic = LinkSpec{48_GBps, 0.8_us};
  spec.node.host_memory = {490_GBps, 0.1_us};
  return spec;
}

ClusterSpec RailOptimized(std::uint32_t gpus) {
  ClusterSpec spec = Nodes(gpus);
  spec.fabric = RailOptimizedSpec{32, 1.0, 0.9_us};
  return spec;
}

// The least radix that takes the NICs: k^3 / 4 of them.
ClusterSpec FatTree(std::uint32_t gpus) {
  ClusterSpec spec = Nodes(gpus);
  std::uint32_t radix = 2;
  while (radix * radix * radix / 4 < gpus) radix += 2;
  spec.fabric = FatTreeSpec{radix, 1.0, 0.9_us};
  return spec;
}

// Groups of 16 routers with 8 NICs each.
ClusterSpec Dragonfly(std::uint32_t gpus) {
  constexpr std::uint32_t kRouters = 16;
  constexpr std::uint32_t kNics = 8;
  ClusterSpec spec = Nodes(gpus);
  spec.fabric = DragonflySpec{(gpus - 1) / (kRouters * kNics) + 1,
                              kRouters,
                              kNics,
                              4,
                              {48_GBps, 0.3_us},
                              {48_GBps, 0.7_us}};
  return spec;
}

// As near to a cube as powers of two come.
ClusterSpec Torus(std::uint32_t gpus) {
  ClusterSpec spec = Nodes(gpus);
  std::vector<std::uint32_t> dimensions = {1, 1, 1};
  for (std::uint32_t left = gpus, d = 0; left > 1; left /= 2) dimensions[d++ % 3] *= 2;
  spec.fabric = TorusSpec{dimensions, {50_GBps, 1_us}};
  return spec;
}

using MakeSpec = ClusterSpec (*)(std::uint32_t);

void BuildBench(benchmark::State& state, MakeSpec make) {
  const ClusterSpec spec = make(static_cast<std::uint32_t>(state.range(0)));
  std::size_t vertices = 0;
  std::size_t links = 0;
  for (auto _ : state) {
    const Result<Platform> platform = BuildPlatform(spec);
    SWITCHYARD_CHECK(platform.ok(), "a benchmark's cluster is wrong");
    vertices = platform.value().vertices().size();
    links = platform.value().links().size();
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  state.counters["vertices"] = static_cast<double>(vertices);
  state.counters["links"] = static_cast<double>(links);
  state.counters["peak_MB"] = static_cast<double>(usage.ru_maxrss) / 1e3;
  state.SetComplexityN(state.range(0));
}

void RoutesBench(benchmark::State& state, MakeSpec make, PathSelection selection) {
  const Result<Platform> platform = BuildPlatform(make(static_cast<std::uint32_t>(state.range(0))));
  const std::size_t stride = platform.value().num_devices() / kEnds;
  std::vector<LinkId> links;
  for (auto _ : state) {
    const auto paths = MakePathSelector(selection, platform.value());
    for (std::size_t from = 0; from < kEnds; ++from) {
      for (std::size_t to = 0; to < kEnds; ++to) {
        links.clear();
        paths->AppendPath(platform.value().gpu(DeviceId(from * stride)),
                          platform.value().gpu(DeviceId(to * stride)), to, links);
        benchmark::DoNotOptimize(links.data());
      }
    }
  }
  state.counters["s_per_path"] = benchmark::Counter(
      static_cast<double>(kEnds * kEnds),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
  state.SetComplexityN(state.range(0));
}

void Sizes(benchmark::internal::Benchmark* bench) {
  bench->ArgName("gpus")
      ->RangeMultiplier(4)
      ->Range(256, 16384)
      ->Complexity()
      ->MinTime(0.02)
      ->Repetitions(5)
      ->DisplayAggregatesOnly()
      ->Unit(benchmark::kMillisecond);
}

BENCHMARK_CAPTURE(BuildBench, rail_optimized, RailOptimized)->Apply(Sizes);
BENCHMARK_CAPTURE(BuildBench, fat_tree, FatTree)->Apply(Sizes);
BENCHMARK_CAPTURE(BuildBench, dragonfly, Dragonfly)->Apply(Sizes);
BENCHMARK_CAPTURE(BuildBench, torus, Torus)->Apply(Sizes);
BENCHMARK_CAPTURE(RoutesBench, rail_aware, RailOptimized, PathSelection::kRailAware)->Apply(Sizes);
BENCHMARK_CAPTURE(RoutesBench, shortest, RailOptimized, PathSelection::kShortest)->Apply(Sizes);
BENCHMARK_CAPTURE(RoutesBench, ecmp_fat_tree, FatTree, PathSelection::kEcmp)->Apply(Sizes);
BENCHMARK_CAPTURE(RoutesBench, adaptive_fat_tree, FatTree, PathSelection::kAdaptive)->Apply(Sizes);
BENCHMARK_CAPTURE(RoutesBench, ecmp_torus, Torus, PathSelection::kEcmp)->Apply(Sizes);

}  // namespace
}  // namespace switchyard
