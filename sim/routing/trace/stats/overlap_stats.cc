#include "sim/routing/trace/stats/overlap_stats.h"

#include <algorithm>
#include <bit>
#include <numeric>
#include <span>

#include "sim/base/rng.h"
#include "sim/routing/trace/stats/load_stats.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kLags[] = {1, 4, 16, 64};

struct Shared {
  std::uint64_t choices = 0;  // of the later tokens of all pairs
  std::uint64_t shared = 0;
};

// The expert sets of one layer, such that two are compared fast.
class ExpertSets {
 public:
  explicit ExpertSets(const RouterTrace& trace) : trace_(trace) {
    constexpr std::uint32_t kBits = 64;
    constexpr std::uint32_t kMaxWords = 8;  // beyond, comparing lists is as fast
    const std::uint32_t words = (trace.num_experts + kBits - 1) / kBits;
    if (words <= kMaxWords) words_ = words;
  }

  void SetLayer(std::uint32_t layer) {
    layer_ = layer;
    sizes_.assign(trace_.tokens(), 0);
    bits_.assign(trace_.tokens() * words_, 0);
    for (std::uint64_t t = 0; t < trace_.tokens(); ++t) {
      for (const ExpertIndex e : trace_.Choices(layer, t)) {
        if (e == kNoExpert) continue;
        ++sizes_[t];
        if (words_ > 0) bits_[t * words_ + e / 64] |= std::uint64_t{1} << e % 64;
      }
    }
  }

  // A pair counts where both tokens chose at all.
  void Compare(std::uint64_t token, std::uint64_t before, Shared& sum) const {
    if (sizes_[before] == 0) return;
    sum.choices += sizes_[token];
    if (words_ == 0) {
      sum.shared += CountShared(token, before);
      return;
    }
    for (std::uint32_t w = 0; w < words_; ++w) {
      const std::uint64_t both = bits_[token * words_ + w] & bits_[before * words_ + w];
      sum.shared += static_cast<std::uint64_t>(std::popcount(both));
    }
  }

 private:
  [[nodiscard]] std::uint64_t CountShared(std::uint64_t token, std::uint64_t before) const {
    const auto earlier = trace_.Choices(layer_, before);
    std::uint64_t shared = 0;
    for (const ExpertIndex e : trace_.Choices(layer_, token)) {
      if (e != kNoExpert && std::find(earlier.begin(), earlier.end(), e) != earlier.end()) ++shared;
    }
    return shared;
  }

  const RouterTrace& trace_;
  std::uint32_t layer_ = 0;
  std::uint32_t words_ = 0;           // of a set in bits_; 0: too many experts for bits
  std::vector<std::uint64_t> bits_;   // [token, words_]
  std::vector<std::uint32_t> sizes_;  // [token]
};

using Sequences = std::vector<std::vector<std::uint64_t>>;

Shared SharedAtLag(const ExpertSets& sets, const Sequences& sequences, std::uint32_t lag) {
  Shared sum;
  for (const auto& tokens : sequences) {
    for (std::size_t i = lag; i < tokens.size(); ++i) sets.Compare(tokens[i], tokens[i - lag], sum);
  }
  return sum;
}

double Share(const Shared& sum) {
  if (sum.choices == 0) return 0.0;
  return static_cast<double>(sum.shared) / static_cast<double>(sum.choices);
}

// Sum over layers and the layers' shares, by lag.
struct Overlaps {
  std::map<std::uint32_t, Shared> sums;
  LayerCurves layers;

  void Add(const ExpertSets& sets, const Sequences& sequences) {
    for (const std::uint32_t lag : kLags) {
      const Shared shared = SharedAtLag(sets, sequences, lag);
      sums[lag].shared += shared.shared;
      sums[lag].choices += shared.choices;
      layers[lag].push_back(Share(shared));
    }
  }
  void Take(Curve& curve, LayerCurves& layer_curves) {
    for (const auto& [lag, sum] : sums) {
      if (sum.choices == 0) continue;
      curve[lag] = Share(sum);
      layer_curves[lag] = std::move(layers[lag]);
    }
  }
};

// Tokens by id: those of one id are neighbours.
std::vector<std::uint64_t> TokensById(const RouterTrace& trace) {
  std::vector<std::uint64_t> order;
  for (std::uint64_t t = 0; t < trace.tokens(); ++t) {
    if (trace.token_ids[t] != kNoTokenId) order.push_back(t);
  }
  std::stable_sort(order.begin(), order.end(), [&](std::uint64_t a, std::uint64_t b) {
    return trace.token_ids[a] < trace.token_ids[b];
  });
  return order;
}

// The sums of one layer over token ids.
class SameToken {
 public:
  SameToken(const RouterTrace& trace, std::uint32_t layer)
      : trace_(trace), layer_(layer), counts_(trace.num_experts, 0) {}

  // The occurrences of one token id.
  void Add(std::span<const std::uint64_t> tokens) {
    std::uint64_t occurrences = 0;
    std::uint64_t made = 0;
    for (const std::uint64_t t : tokens) {
      const std::uint64_t choices = Count(t);
      occurrences += choices > 0 ? 1 : 0;
      made += choices;
    }
    std::uint64_t pairs = 0;
    for (const std::uint64_t t : tokens) pairs += TakePairs(t);
    if (occurrences < 2) return;
    shared_ += static_cast<double>(pairs) / static_cast<double>(occurrences - 1);
    choices_ += made;
  }
  [[nodiscard]] std::uint64_t choices() const { return choices_; }
  [[nodiscard]] double Overlap() const {
    return choices_ > 0 ? shared_ / static_cast<double>(choices_) : 0.0;
  }

 private:
  std::uint64_t Count(std::uint64_t token) {
    std::uint64_t choices = 0;
    for (const ExpertIndex e : trace_.Choices(layer_, token)) {
      if (e == kNoExpert) continue;
      ++counts_[e];
      ++choices;
    }
    return choices;
  }
  // c (c - 1) of the token's experts, whose counts are 0 afterwards.
  std::uint64_t TakePairs(std::uint64_t token) {
    std::uint64_t pairs = 0;
    for (const ExpertIndex e : trace_.Choices(layer_, token)) {
      if (e == kNoExpert || counts_[e] == 0) continue;
      pairs += counts_[e] * (counts_[e] - 1);
      counts_[e] = 0;
    }
    return pairs;
  }

  const RouterTrace& trace_;
  std::uint32_t layer_;
  std::vector<std::uint64_t> counts_;  // [expert], all 0 between token ids
  double shared_ = 0.0;
  std::uint64_t choices_ = 0;
};

}  // namespace

std::vector<std::uint64_t> ShuffledTokens(std::uint64_t tokens) {
  std::vector<std::uint64_t> order(tokens);
  std::iota(order.begin(), order.end(), std::uint64_t{0});
  Rng rng(0, Stream("trace info: shuffled tokens"));
  for (std::uint64_t i = tokens; i > 1; --i) std::swap(order[i - 1], order[rng.Below(i)]);
  return order;
}

void AddOverlap(const RouterTrace& trace, const std::vector<std::uint64_t>& shuffled,
                TraceStats& stats) {
  stats.overlap_uniform = static_cast<double>(trace.top_k) / trace.num_experts;
  const Sequences in_order = UnbrokenTokens(trace);
  Sequences permuted = in_order;
  for (auto& tokens : permuted) {
    for (std::uint64_t& t : tokens) t = shuffled[t];
  }
  Overlaps ordered;
  Overlaps random;
  ExpertSets sets(trace);
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    sets.SetLayer(l);
    ordered.Add(sets, in_order);
    random.Add(sets, permuted);
  }
  ordered.Take(stats.overlap, stats.layer_overlap);
  random.Take(stats.overlap_shuffled, stats.layer_overlap_shuffled);
}

void AddSameTokenOverlap(const RouterTrace& trace, TraceStats& stats) {
  if (trace.token_ids.empty()) return;
  const std::vector<std::uint64_t> order = TokensById(trace);
  const auto id = [&](std::size_t i) { return trace.token_ids[order[i]]; };
  std::uint64_t choices = 0;
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    SameToken layer(trace, l);
    for (std::size_t begin = 0; begin < order.size();) {
      std::size_t end = begin + 1;
      while (end < order.size() && id(end) == id(begin)) ++end;
      layer.Add(std::span(order).subspan(begin, end - begin));
      begin = end;
    }
    stats.same_token_overlap.push_back(layer.Overlap());
    choices += layer.choices();
  }
  if (choices == 0) stats.same_token_overlap.clear();  // no id occurs twice
}

}  // namespace switchyard
