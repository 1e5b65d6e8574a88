#include "sim/routing/trace/trace_stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "sim/routing/trace/cache_stats.h"

namespace switchyard {
namespace {

constexpr std::uint32_t kLags[] = {1, 4, 16, 64};
// A pair matrix of this many experts takes 64 MiB.
constexpr std::uint32_t kMaxExperts = 4096;

std::vector<std::uint64_t> Loads(const RouterTrace& trace, std::uint32_t layer) {
  std::vector<std::uint64_t> loads(trace.num_experts, 0);
  for (const ExpertIndex e : trace.experts[layer]) {
    if (e != kNoExpert) ++loads[e];
  }
  return loads;
}

// With loads sorted ascending, gini = sum (2 i - E - 1) n_i / (E sum n), i from 1.
double Gini(std::vector<std::uint64_t> loads) {
  std::sort(loads.begin(), loads.end());
  const auto count = static_cast<double>(loads.size());
  double weighted = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const auto n = static_cast<double>(loads[i]);
    weighted += (2.0 * static_cast<double>(i + 1) - count - 1.0) * n;
    sum += n;
  }
  return sum > 0.0 ? weighted / (count * sum) : 0.0;
}

double Entropy(const std::vector<std::uint64_t>& loads) {
  const auto sum =
      static_cast<double>(std::accumulate(loads.begin(), loads.end(), std::uint64_t{0}));
  double entropy = 0.0;
  for (const std::uint64_t n : loads) {
    const double p = static_cast<double>(n) / sum;
    if (n > 0) entropy -= p * std::log2(p);
  }
  return entropy;
}

void AddLoadStats(const RouterTrace& trace, TraceStats& stats) {
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    const std::vector<std::uint64_t> loads = Loads(trace, l);
    const auto sum =
        static_cast<double>(std::accumulate(loads.begin(), loads.end(), std::uint64_t{0}));
    const auto max = static_cast<double>(*std::max_element(loads.begin(), loads.end()));
    stats.max_over_mean.push_back(sum > 0.0 ? max * static_cast<double>(loads.size()) / sum : 0.0);
    stats.gini.push_back(Gini(loads));
    stats.entropy.push_back(Entropy(loads));
  }
}

// Token indices of each sequence, in the order in which they come.
std::vector<std::vector<std::uint64_t>> Sequences(const RouterTrace& trace) {
  std::map<std::uint32_t, std::vector<std::uint64_t>> sequences;
  std::uint64_t token = 0;
  for (const TraceRun& run : trace.runs) {
    std::vector<std::uint64_t>& tokens = sequences[run.sequence];
    for (std::uint32_t i = 0; i < run.tokens; ++i) tokens.push_back(token++);
  }
  std::vector<std::vector<std::uint64_t>> result;
  result.reserve(sequences.size());
  for (auto& [id, tokens] : sequences) result.push_back(std::move(tokens));
  return result;
}

std::uint64_t CountShared(std::span<const ExpertIndex> a, std::span<const ExpertIndex> b) {
  std::uint64_t shared = 0;
  for (const ExpertIndex e : a) {
    if (e != kNoExpert && std::find(b.begin(), b.end(), e) != b.end()) ++shared;
  }
  return shared;
}

// Choices that tokens share with the token `lag` before them, over all layers.
std::uint64_t SharedAtLag(const RouterTrace& trace, const std::vector<std::uint64_t>& tokens,
                          std::uint32_t lag) {
  std::uint64_t shared = 0;
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    for (std::size_t i = lag; i < tokens.size(); ++i) {
      shared += CountShared(trace.Choices(l, tokens[i]), trace.Choices(l, tokens[i - lag]));
    }
  }
  return shared;
}

void AddOverlap(const RouterTrace& trace, TraceStats& stats) {
  const auto sequences = Sequences(trace);
  for (const std::uint32_t lag : kLags) {
    std::uint64_t shared = 0;
    std::uint64_t pairs = 0;
    for (const auto& tokens : sequences) {
      if (tokens.size() <= lag) continue;
      pairs += (tokens.size() - lag) * trace.layers();
      shared += SharedAtLag(trace, tokens, lag);
    }
    if (pairs == 0) continue;
    stats.overlap[lag] = static_cast<double>(shared) / (static_cast<double>(pairs) * trace.top_k);
  }
  stats.overlap_uniform = static_cast<double>(trace.top_k) / trace.num_experts;
}

// sum_e max_e' pairs(e, e') / choices of the lower layer.
double Affinity(const RouterTrace& trace, std::uint32_t layer,
                std::vector<std::uint32_t>& pair_counts) {
  const std::size_t n = trace.num_experts;
  pair_counts.assign(n * n, 0);
  std::uint64_t choices = 0;
  for (std::uint64_t t = 0; t < trace.tokens(); ++t) {
    const auto next = trace.Choices(layer + 1, t);
    for (const ExpertIndex e : trace.Choices(layer, t)) {
      if (e == kNoExpert) continue;
      ++choices;
      for (const ExpertIndex f : next) {
        if (f != kNoExpert) ++pair_counts[e * n + f];
      }
    }
  }
  std::uint64_t best = 0;
  for (auto row = pair_counts.begin(); row != pair_counts.end(); row += std::ptrdiff_t(n)) {
    best += *std::max_element(row, row + std::ptrdiff_t(n));
  }
  return choices > 0 ? static_cast<double>(best) / static_cast<double>(choices) : 0.0;
}

void AddAffinity(const RouterTrace& trace, TraceStats& stats) {
  if (trace.layers() < 2) return;
  std::vector<std::uint32_t> pair_counts;
  double sum = 0.0;
  for (std::uint32_t l = 0; l + 1 < trace.layers(); ++l) sum += Affinity(trace, l, pair_counts);
  stats.affinity_top1 = sum / (trace.layers() - 1);
}

void AddCacheHits(const RouterTrace& trace, TraceStats& stats) {
  const std::uint32_t e = trace.num_experts;
  std::vector<std::uint32_t> sizes = {e / 8, e / 4, e / 2, 3 * e / 4};
  std::erase(sizes, 0U);
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  std::vector<std::uint64_t> lru(sizes.size(), 0);
  std::vector<std::uint64_t> belady(sizes.size(), 0);
  std::uint64_t choices = 0;
  for (const auto& layer : trace.experts) {
    const LayerAccesses accesses{layer, trace.top_k, e};
    const std::vector<std::uint64_t> hits = LruHits(accesses, sizes);
    for (std::size_t i = 0; i < sizes.size(); ++i) {
      lru[i] += hits[i];
      belady[i] += BeladyHits(accesses, sizes[i]);
    }
    choices += layer.size() -
               static_cast<std::uint64_t>(std::count(layer.begin(), layer.end(), kNoExpert));
  }
  if (choices == 0) return;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    stats.lru_hit_rate[sizes[i]] = static_cast<double>(lru[i]) / static_cast<double>(choices);
    stats.belady_hit_rate[sizes[i]] = static_cast<double>(belady[i]) / static_cast<double>(choices);
  }
}

}  // namespace

double Mean(const std::vector<double>& values) {
  if (values.empty()) return 0.0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TraceStats ComputeTraceStats(const RouterTrace& trace) {
  TraceStats stats;
  stats.experts = trace.num_experts;
  stats.top_k = trace.top_k;
  stats.layers = trace.layers();
  stats.tokens = trace.tokens();
  AddLoadStats(trace, stats);
  AddOverlap(trace, stats);
  if (trace.num_experts <= kMaxExperts) {
    AddAffinity(trace, stats);
    AddCacheHits(trace, stats);
  }
  return stats;
}

}  // namespace switchyard
