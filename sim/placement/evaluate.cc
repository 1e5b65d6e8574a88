#include "sim/placement/evaluate.h"

#include <algorithm>
#include <numeric>

#include "sim/base/check.h"
#include "sim/placement/split/replica_flow.h"

namespace switchyard {
namespace {

void CheckSplit(TokenSplit split) {
  SWITCHYARD_CHECK(split != TokenSplit::kLocalFirst, "local first needs the senders of tokens");
}

std::vector<double> UniformRankLoads(const Placement& placement, std::span<const double> loads) {
  SWITCHYARD_CHECK(loads.size() == placement.num_experts(), "one load for each expert");
  std::vector<double> rank_loads(placement.ranks());
  for (std::uint32_t e = 0; e < loads.size(); ++e) {
    const std::span<const std::uint32_t> slots = placement.SlotsOf(e);
    const double share = loads[e] / static_cast<double>(slots.size());
    for (const std::uint32_t slot : slots) rank_loads[placement.RankOf(slot)] += share;
  }
  return rank_loads;
}

double MeanOverMax(double total, std::uint32_t ranks, double max) {
  return max > 0 ? total / ranks / max : 1.0;
}

// One placement, judged on window after window.
class Judge {
 public:
  Judge(const Placement& placement, TokenSplit split) : placement_(placement), split_(split) {
    CheckSplit(split);
    if (split == TokenSplit::kLp) flow_.Reset(placement);
  }

  double Balancedness(std::span<const double> loads) {
    const double total = std::accumulate(loads.begin(), loads.end(), 0.0);
    return std::min(MeanOverMax(total, placement_.ranks(), MaxLoad(loads)), 1.0);
  }

 private:
  double MaxLoad(std::span<const double> loads) {
    if (split_ == TokenSplit::kLp) return flow_.Solve(loads);
    const std::vector<double> rank_loads = UniformRankLoads(placement_, loads);
    return *std::max_element(rank_loads.begin(), rank_loads.end());
  }

  const Placement& placement_;
  TokenSplit split_;
  ReplicaFlow<double> flow_;
};

}  // namespace

std::vector<double> RankLoads(const Placement& placement, std::span<const double> loads,
                              TokenSplit split) {
  CheckSplit(split);
  if (split == TokenSplit::kUniform) return UniformRankLoads(placement, loads);
  ReplicaFlow<double> flow;
  flow.Reset(placement);
  flow.Solve(loads);
  return {flow.rank_loads().begin(), flow.rank_loads().end()};
}

double Balancedness(const Placement& placement, std::span<const double> loads, TokenSplit split) {
  return Judge(placement, split).Balancedness(loads);
}

double MeanBalancedness(const Placement& placement, const WindowLoads& loads, TokenSplit split) {
  if (loads.windows() == 0) return 1.0;
  Judge judge(placement, split);
  double sum = 0;
  for (std::uint32_t w = 0; w < loads.windows(); ++w) sum += judge.Balancedness(loads.Window(w));
  return sum / loads.windows();
}

}  // namespace switchyard
