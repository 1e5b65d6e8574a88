#include "sim/routing/routers/popularity_sampler.h"

#include <numeric>

#include "sim/routing/routers/arrival_weights.h"

namespace switchyard {
namespace {

// Rejections of one choice before the scan, and the share of the popularity below which the scan is
// used at once: a scan of 256 experts costs about as much as 64 rejected draws.
constexpr int kMaxRejections = 64;
constexpr double kMinRemainingShare = 1.0 / 16;

}  // namespace

PopularitySampler::PopularitySampler(const RoutingShape& shape, std::vector<double> popularity)
    : group_size_(shape.num_experts / shape.num_groups),
      topk_groups_(shape.topk_groups),
      popularity_(std::move(popularity)),
      drawn_at_(shape.num_experts, 0),
      grouped_at_(shape.num_groups, 0) {
  for (std::uint32_t g = 0; g < shape.num_groups; ++g) {
    const std::span<const double> members(popularity_.data() + std::size_t{g} * group_size_,
                                          group_size_);
    tables_.emplace_back(members);
    group_popularity_.push_back(std::accumulate(members.begin(), members.end(), 0.0));
  }
  chosen_groups_.assign(topk_groups_, 0);
  std::iota(chosen_groups_.begin(), chosen_groups_.end(), 0U);
  for (const std::uint32_t g : chosen_groups_) chosen_popularity_ += group_popularity_[g];
}

void PopularitySampler::Draw(Rng& rng, std::span<ExpertIndex> experts, std::span<float> weights) {
  ++token_;
  if (topk_groups_ < tables_.size()) ChooseGroups(rng);
  double remaining = chosen_popularity_;
  ArrivalWeights arrivals;
  for (std::size_t j = 0; j < experts.size(); ++j) {
    bool scan = remaining < kMinRemainingShare * chosen_popularity_;
    std::uint32_t expert = 0;
    for (int tries = 0; !scan; ++tries) {
      expert = DrawFromTables(rng);
      if (drawn_at_[expert] != token_) break;
      scan = tries == kMaxRejections;
    }
    if (scan) {
      remaining = ScanRemaining();  // exact, where the running difference has lost its digits
      expert = DrawByScan(rng, remaining);
    }
    weights[j] = arrivals.Next(rng, remaining);
    experts[j] = static_cast<ExpertIndex>(expert);
    drawn_at_[expert] = token_;
    remaining -= popularity_[expert];
  }
  NormalizeWeights(weights);
}

void PopularitySampler::ChooseGroups(Rng& rng) {
  chosen_popularity_ = 0.0;
  for (std::uint32_t& chosen : chosen_groups_) {
    double left = 0.0;
    for (std::uint32_t g = 0; g < tables_.size(); ++g) {
      if (grouped_at_[g] != token_) left += group_popularity_[g];
    }
    double u = rng.Uniform() * left;
    for (std::uint32_t g = 0; g < tables_.size(); ++g) {
      if (grouped_at_[g] == token_) continue;
      chosen = g;  // the last one left stands in for what rounding leaves over
      u -= group_popularity_[g];
      if (u < 0.0) break;
    }
    grouped_at_[chosen] = token_;
    chosen_popularity_ += group_popularity_[chosen];
  }
}

std::uint32_t PopularitySampler::DrawFromTables(Rng& rng) const {
  std::uint32_t group = chosen_groups_.front();
  if (chosen_groups_.size() > 1) {
    double u = rng.Uniform() * chosen_popularity_;
    for (const std::uint32_t g : chosen_groups_) {
      group = g;
      u -= group_popularity_[g];
      if (u < 0.0) break;
    }
  }
  return group * group_size_ + tables_[group].Draw(rng);
}

double PopularitySampler::ScanRemaining() const {
  double sum = 0.0;
  for (const std::uint32_t g : chosen_groups_) {
    for (std::uint32_t e = g * group_size_; e < (g + 1) * group_size_; ++e) {
      if (drawn_at_[e] != token_) sum += popularity_[e];
    }
  }
  return sum;
}

std::uint32_t PopularitySampler::DrawByScan(Rng& rng, double remaining) const {
  double u = rng.Uniform() * remaining;
  std::uint32_t last = 0;
  for (const std::uint32_t g : chosen_groups_) {
    for (std::uint32_t e = g * group_size_; e < (g + 1) * group_size_; ++e) {
      if (drawn_at_[e] == token_) continue;
      last = e;
      u -= popularity_[e];
      if (u < 0.0) return e;
    }
  }
  return last;
}

}  // namespace switchyard
