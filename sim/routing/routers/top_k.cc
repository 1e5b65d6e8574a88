#include "sim/routing/routers/top_k.h"

#include <algorithm>
#include <limits>

namespace switchyard {

TopK::TopK(const RoutingShape& shape)
    : group_size_(shape.num_experts / shape.num_groups),
      num_groups_(shape.num_groups),
      topk_groups_(shape.topk_groups),
      top_k_(shape.top_k) {
  best_.reserve(top_k_ + std::size_t{1});
  groups_.reserve(topk_groups_ + std::size_t{1});
}

void TopK::Insert(std::vector<Candidate>& best, std::size_t limit, Candidate candidate) {
  // Candidates come in ascending index, so an equal key already inside stays in front.
  if (best.size() == limit && candidate.key <= best.back().key) return;
  if (best.size() == limit) best.pop_back();
  std::size_t i = best.size();
  best.push_back(candidate);
  for (; i > 0 && best[i - 1].key < candidate.key; --i) best[i] = best[i - 1];
  best[i] = candidate;
}

void TopK::Offer(std::span<const float> keys, std::uint32_t begin, std::uint32_t end) {
  float worst = best_.size() < top_k_ ? -std::numeric_limits<float>::infinity() : best_.back().key;
  for (std::uint32_t e = begin; e < end; ++e) {
    if (best_.size() == top_k_ && keys[e] <= worst) continue;
    Insert(best_, top_k_, {keys[e], e});
    worst = best_.back().key;
  }
}

void TopK::ChooseGroups(std::span<const float> keys) {
  groups_.clear();
  for (std::uint32_t g = 0; g < num_groups_; ++g) {
    const auto members = keys.subspan(std::size_t{g} * group_size_, group_size_);
    float first = -std::numeric_limits<float>::infinity();
    float second = first;
    for (const float key : members) {
      second = std::max(second, std::min(first, key));
      first = std::max(first, key);
    }
    Insert(groups_, topk_groups_, {group_size_ > 1 ? first + second : first, g});
  }
  std::sort(groups_.begin(), groups_.end(),
            [](const Candidate& a, const Candidate& b) { return a.index < b.index; });
}

void TopK::Choose(std::span<const float> keys, std::span<ExpertIndex> experts) {
  best_.clear();
  if (topk_groups_ < num_groups_) {
    ChooseGroups(keys);
    for (const Candidate& g : groups_) {
      Offer(keys, g.index * group_size_, (g.index + 1) * group_size_);
    }
  } else {
    Offer(keys, 0, static_cast<std::uint32_t>(keys.size()));
  }
  for (std::size_t j = 0; j < experts.size(); ++j) {
    experts[j] = static_cast<ExpertIndex>(best_[j].index);
  }
}

}  // namespace switchyard
