#include "sim/placement/windows/score.h"

#include <algorithm>
#include <numeric>

namespace switchyard {

ScenarioScore::ScenarioScore(const PlacementShape& shape, const Scenarios& scenarios)
    : shape_(shape), scenarios_(scenarios), order_(scenarios.size()), max_load_(scenarios.size()) {
  std::iota(order_.begin(), order_.end(), 0U);
}

double ScenarioScore::Of(std::span<const ExpertIndex> expert_of_slot, double limit) {
  Prepare(expert_of_slot);
  double mean = 1;  // as if every scenario were balanced
  for (const std::uint32_t i : order_) {
    max_load_[i] = MaxLoad(scenarios_.At(i));
    mean += scenarios_.Weight(i) * (max_load_[i] - 1);
    if (mean > limit) return mean;
  }
  std::stable_sort(order_.begin(), order_.end(),
                   [&](auto a, auto b) { return max_load_[a] > max_load_[b]; });
  return mean;
}

EvenScore::EvenScore(const PlacementShape& shape, const Scenarios& scenarios)
    : ScenarioScore(shape, scenarios), count_(shape.experts), share_(shape.experts) {}

void EvenScore::Prepare(std::span<const ExpertIndex> expert_of_slot) {
  expert_of_slot_ = expert_of_slot;
  std::fill(count_.begin(), count_.end(), 0U);
  for (const ExpertIndex e : expert_of_slot) {
    if (e != kNoExpert) ++count_[e];
  }
  for (std::uint32_t e = 0; e < count_.size(); ++e) share_[e] = 1.0 / std::max(1U, count_[e]);
}

double EvenScore::MaxLoad(std::span<const double> loads) {
  double most = 0;
  const ExpertIndex* slot = expert_of_slot_.data();
  for (std::uint32_t r = 0; r < shape_.ranks; ++r) {
    double load = 0;
    for (std::uint32_t i = 0; i < shape_.slots_per_rank; ++i, ++slot) {
      if (*slot != kNoExpert) load += loads[*slot] * share_[*slot];
    }
    most = std::max(most, load);
  }
  return most;
}

void SplitScore::Prepare(std::span<const ExpertIndex> expert_of_slot) {
  flow_.Reset(shape_.ranks, shape_.experts, expert_of_slot);
}

double SplitScore::MaxLoad(std::span<const double> loads) { return flow_.Solve(loads); }

}  // namespace switchyard
