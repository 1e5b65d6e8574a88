#include "sim/routing/trace/stats/cache_stats.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace switchyard {
namespace {

constexpr std::uint32_t kNever = std::numeric_limits<std::uint32_t>::max();

// How deep in the list the choices' experts were found; summed to hits by size.
class Depths {
 public:
  explicit Depths(std::uint32_t num_experts) : counts_(num_experts, 0) {}

  void Add(std::size_t depth) { ++counts_[depth]; }
  [[nodiscard]] std::vector<std::uint64_t> HitsBySize(std::span<const std::uint32_t> sizes) const {
    std::vector<std::uint64_t> hits(sizes.size(), 0);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      const std::size_t end = std::min<std::size_t>(sizes[i], counts_.size());
      for (std::size_t depth = 0; depth < end; ++depth) hits[i] += counts_[depth];
    }
    return hits;
  }

 private:
  std::vector<std::uint64_t> counts_;
};

void MoveToFront(ExpertIndex expert, std::vector<ExpertIndex>& list) {
  auto at = std::find(list.begin(), list.end(), expert);
  if (at == list.end()) {
    list.push_back(expert);
    at = list.end() - 1;
  }
  std::copy_backward(list.begin(), at, at + 1);
  list.front() = expert;
}

// next[i]: the token after choice i's own that chooses the same expert, kNever when none does.
std::vector<std::uint32_t> NextUses(const LayerAccesses& accesses) {
  std::vector<std::uint32_t> next(accesses.choices.size(), kNever);
  std::vector<std::uint32_t> upcoming(accesses.num_experts, kNever);
  const std::size_t k = accesses.top_k;
  for (std::size_t t = next.size() / k; t-- > 0;) {
    for (std::size_t i = t * k; i < (t + 1) * k; ++i) {
      const ExpertIndex e = accesses.choices[i];
      if (e == kNoExpert) continue;
      next[i] = upcoming[e];
      upcoming[e] = static_cast<std::uint32_t>(t);
    }
  }
  return next;
}

// Belady's list. A cache of c that takes in an expert gives up, of its own and that one, the one
// needed last; so the expert wanders down the list, and at each place the one needed sooner stays.
class BeladyList {
 public:
  explicit BeladyList(std::uint32_t num_experts) : needed_at_(num_experts, kNever) {}

  [[nodiscard]] std::size_t Find(ExpertIndex expert) const {
    return static_cast<std::size_t>(std::find(list_.begin(), list_.end(), expert) - list_.begin());
  }
  [[nodiscard]] std::size_t size() const { return list_.size(); }
  void SetNeed(ExpertIndex expert, std::uint32_t token) { needed_at_[expert] = token; }

  void TakeIn(ExpertIndex expert) {
    ExpertIndex given_up = expert;
    for (ExpertIndex& place : list_) {
      const bool was_here = place == expert;
      if (was_here || needed_at_[given_up] < needed_at_[place]) std::swap(given_up, place);
      if (was_here) return;
    }
    list_.push_back(given_up);
  }

 private:
  std::vector<ExpertIndex> list_;
  std::vector<std::uint32_t> needed_at_;  // token of the next use, [expert]
};

}  // namespace

std::vector<std::uint64_t> LruHits(const LayerAccesses& accesses,
                                   std::span<const std::uint32_t> sizes) {
  Depths depths(accesses.num_experts);
  std::vector<ExpertIndex> list;  // last used first
  list.reserve(accesses.num_experts);
  const std::size_t k = accesses.top_k;
  for (std::size_t begin = 0; begin < accesses.choices.size(); begin += k) {
    const auto token = accesses.choices.subspan(begin, k);
    for (const ExpertIndex e : token) {
      const auto at = std::find(list.begin(), list.end(), e);
      if (at != list.end()) depths.Add(static_cast<std::size_t>(at - list.begin()));
    }
    // The best choice is used last: of a token's experts it is the likeliest to return.
    for (std::size_t j = k; j-- > 0;) {
      if (token[j] != kNoExpert) MoveToFront(token[j], list);
    }
  }
  return depths.HitsBySize(sizes);
}

std::vector<std::uint64_t> BeladyHits(const LayerAccesses& accesses,
                                      std::span<const std::uint32_t> sizes) {
  const std::vector<std::uint32_t> next = NextUses(accesses);
  Depths depths(accesses.num_experts);
  BeladyList list(accesses.num_experts);
  const std::size_t k = accesses.top_k;
  for (std::size_t begin = 0; begin < accesses.choices.size(); begin += k) {
    for (std::size_t i = begin; i < begin + k; ++i) {
      const ExpertIndex e = accesses.choices[i];
      if (e == kNoExpert) continue;
      const std::size_t depth = list.Find(e);
      if (depth < list.size()) depths.Add(depth);
      list.SetNeed(e, next[i]);
    }
    // A token's own experts are distinct, so no next use is the token itself.
    for (std::size_t i = begin; i < begin + k; ++i) {
      if (accesses.choices[i] != kNoExpert) list.TakeIn(accesses.choices[i]);
    }
  }
  return depths.HitsBySize(sizes);
}

namespace {

std::vector<std::uint32_t> CacheSizes(std::uint32_t experts) {
  std::vector<std::uint32_t> sizes = {experts / 8, experts / 4, experts / 2, 3 * experts / 4};
  std::erase(sizes, 0U);
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes;
}

// Hits and accesses of one policy, summed over layers.
class HitRates {
 public:
  void Add(std::span<const std::uint32_t> sizes, const std::vector<std::uint64_t>& hits,
           std::uint64_t accesses) {
    accesses_ += accesses;
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      hits_[sizes[i]] += hits[i];
      layers_[sizes[i]].push_back(Rate(hits[i], accesses));
    }
  }
  [[nodiscard]] Curve All() const {
    Curve rates;
    for (const auto& [size, hits] : hits_) rates[size] = Rate(hits, accesses_);
    return rates;
  }
  [[nodiscard]] const LayerCurves& layers() const { return layers_; }

 private:
  static double Rate(std::uint64_t hits, std::uint64_t accesses) {
    return accesses > 0 ? static_cast<double>(hits) / static_cast<double>(accesses) : 0.0;
  }
  std::map<std::uint32_t, std::uint64_t> hits_;
  LayerCurves layers_;
  std::uint64_t accesses_ = 0;
};

}  // namespace

void AddCacheHits(const RouterTrace& trace, const std::vector<std::uint64_t>& shuffled,
                  TraceStats& stats) {
  const std::vector<std::uint32_t> sizes = CacheSizes(trace.num_experts);
  HitRates lru;
  HitRates lru_shuffled;
  HitRates belady;
  std::vector<ExpertIndex> permuted;
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    const std::uint64_t accesses = trace.experts[l].size() - stats.layer_missing[l];
    LayerAccesses layer{trace.experts[l], trace.top_k, trace.num_experts};
    lru.Add(sizes, LruHits(layer, sizes), accesses);
    belady.Add(sizes, BeladyHits(layer, sizes), accesses);
    permuted.clear();
    for (const std::uint64_t t : shuffled) {
      const auto choices = trace.Choices(l, t);
      permuted.insert(permuted.end(), choices.begin(), choices.end());
    }
    layer.choices = permuted;
    lru_shuffled.Add(sizes, LruHits(layer, sizes), accesses);
  }
  stats.lru_hit_rate = lru.All();
  stats.layer_lru = lru.layers();
  stats.lru_hit_rate_shuffled = lru_shuffled.All();
  stats.belady_hit_rate = belady.All();
  stats.layer_belady = belady.layers();
}

}  // namespace switchyard
