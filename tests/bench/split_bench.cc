// How long the split of one batch's tokens over replicas takes, of one layer.
//
//   split_bench --benchmark_filter=ranks:16
//
// Split/...: placements with the hottest experts replicated, over 64 batches of lognormal loads;
// exact least load of the most loaded rank, in doubles and in whole tokens. Counter: balancedness,
// mean over max.
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

#include "sim/base/rng.h"
#include "sim/placement/split/replica_flow.h"

namespace switchyard {
namespace {

constexpr int kBatches = 64;
constexpr double kExpertSkew = 0.7;  // of the logarithm of loads: what lasts
constexpr double kBatchNoise = 0.3;  // and what one batch adds

template <typename Load>
class Workload {
 public:
  Workload(std::uint32_t ranks, std::uint32_t experts, std::uint32_t redundant)
      : experts_(experts) {
    Rng rng(1, Stream("split_bench"));
    std::vector<double> base(experts);
    for (double& load : base) load = std::exp(kExpertSkew * rng.Normal());
    std::vector<ExpertIndex> order(experts);
    std::iota(order.begin(), order.end(), ExpertIndex{0});
    std::sort(order.begin(), order.end(), [&](auto a, auto b) { return base[a] > base[b]; });
    // Hottest first, again from the hottest on: snakes over the ranks.
    std::vector<ExpertIndex> of_slot(experts + redundant);
    const std::uint32_t per_rank = (experts + redundant) / ranks;
    for (std::uint32_t i = 0; i < experts + redundant; ++i) {
      const std::uint32_t row = i / ranks;
      const std::uint32_t rank = row % 2 == 0 ? i % ranks : ranks - 1 - i % ranks;
      of_slot[rank * per_rank + row] = order[i < redundant ? i : i - redundant];
    }
    placement_ = Placement(ranks, per_rank, experts, of_slot);
    for (int b = 0; b < kBatches; ++b) {
      for (const double load : base) {
        loads_.push_back(static_cast<Load>(1000 * load * std::exp(kBatchNoise * rng.Normal())));
      }
    }
  }

  [[nodiscard]] const Placement& placement() const { return placement_; }
  [[nodiscard]] std::span<const Load> Batch(int b) const {
    return {loads_.data() + static_cast<std::size_t>(b) * experts_, experts_};
  }

 private:
  std::uint32_t experts_;
  Placement placement_;
  std::vector<Load> loads_;
};

template <typename Load>
void Split(benchmark::State& state) {
  const auto ranks = static_cast<std::uint32_t>(state.range(0));
  const Workload<Load> workload(ranks, static_cast<std::uint32_t>(state.range(1)),
                                static_cast<std::uint32_t>(state.range(2)));
  ReplicaFlow<Load> flow;
  flow.Reset(workload.placement());
  double balancedness = 0;
  std::int64_t batches = 0;
  for (auto _ : state) {
    const std::span<const Load> batch = workload.Batch(static_cast<int>(batches++ % kBatches));
    const auto largest = static_cast<double>(flow.Solve(batch));
    benchmark::DoNotOptimize(largest);
    balancedness += std::accumulate(batch.begin(), batch.end(), 0.0) / ranks / largest;
  }
  state.counters["balancedness"] = balancedness / static_cast<double>(batches);
}

void Shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgNames({"ranks", "experts", "redundant"});
  bench->Args({16, 64, 16})->Args({32, 64, 32})->Args({64, 256, 64})->Args({144, 256, 32});
}

BENCHMARK(Split<double>)->Name("Split/real")->Apply(Shapes);
BENCHMARK(Split<std::int64_t>)->Name("Split/whole")->Apply(Shapes);

}  // namespace
}  // namespace switchyard
