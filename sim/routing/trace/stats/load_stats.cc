#include "sim/routing/trace/stats/load_stats.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>

namespace switchyard {
namespace {

// Shorter sequences have more noise than skew.
constexpr std::size_t kMinSequence = 128;

void Count(std::span<const ExpertIndex> choices, std::vector<std::uint64_t>& loads) {
  for (const ExpertIndex e : choices) {
    if (e != kNoExpert) ++loads[e];
  }
}

// Means over the layers of the skew of these tokens alone.
Skew SkewOfTokens(const RouterTrace& trace, const std::vector<std::uint64_t>& tokens) {
  Skew mean;
  std::vector<std::uint64_t> loads;
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    loads.assign(trace.num_experts, 0);
    for (const std::uint64_t t : tokens) Count(trace.Choices(l, t), loads);
    const Skew skew = SkewOf(loads);
    mean.max_over_mean += skew.max_over_mean / trace.layers();
    mean.gini += skew.gini / trace.layers();
  }
  return mean;
}

}  // namespace

// With loads sorted ascending, gini = sum (2 i - E - 1) n_i / (E sum n), i from 1.
Skew SkewOf(std::vector<std::uint64_t> loads) {
  const auto sum =
      static_cast<double>(std::accumulate(loads.begin(), loads.end(), std::uint64_t{0}));
  if (sum <= 0.0) return {};
  std::sort(loads.begin(), loads.end());
  const auto count = static_cast<double>(loads.size());
  const double mean = sum / count;
  Skew skew;
  skew.max_over_mean = static_cast<double>(loads.back()) / mean;
  double weighted = 0.0;
  double squares = 0.0;
  for (std::size_t i = 0; i < loads.size(); ++i) {
    const auto n = static_cast<double>(loads[i]);
    weighted += (2.0 * static_cast<double>(i + 1) - count - 1.0) * n;
    squares += (n - mean) * (n - mean);
    if (n > 0.0) skew.entropy -= n / sum * std::log2(n / sum);
  }
  skew.gini = weighted / (count * sum);
  skew.variation = std::sqrt(squares / count) / mean;
  return skew;
}

std::vector<std::uint64_t> LayerLoads(const RouterTrace& trace, std::uint32_t layer) {
  std::vector<std::uint64_t> loads(trace.num_experts, 0);
  Count(trace.experts[layer], loads);
  return loads;
}

std::vector<std::vector<std::uint64_t>> SequenceTokens(const RouterTrace& trace) {
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

std::vector<std::vector<std::uint64_t>> UnbrokenTokens(const RouterTrace& trace) {
  struct Piece {
    std::size_t index = 0;
    std::uint64_t end = 0;  // position behind its last token
  };
  std::map<std::uint32_t, Piece> last;  // by sequence
  std::vector<std::vector<std::uint64_t>> pieces;
  std::uint64_t token = 0;
  for (const TraceRun& run : trace.runs) {
    const auto [found, is_new] = last.try_emplace(run.sequence);
    Piece& piece = found->second;
    if (is_new || piece.end != run.position) {
      piece.index = pieces.size();
      pieces.emplace_back();
    }
    piece.end = std::uint64_t{run.position} + run.tokens;
    for (std::uint32_t i = 0; i < run.tokens; ++i) pieces[piece.index].push_back(token++);
  }
  return pieces;
}

void AddLoadStats(const RouterTrace& trace, TraceStats& stats) {
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    const Skew skew = SkewOf(LayerLoads(trace, l));
    stats.max_over_mean.push_back(skew.max_over_mean);
    stats.gini.push_back(skew.gini);
    stats.entropy.push_back(skew.entropy);
    stats.variation.push_back(skew.variation);
  }
}

void AddSequenceStats(const RouterTrace& trace, TraceStats& stats) {
  const auto sequences = SequenceTokens(trace);
  stats.sequences = sequences.size();
  std::vector<double> max_over_mean;
  std::vector<double> gini;
  for (const auto& tokens : sequences) {
    if (tokens.size() < kMinSequence) continue;
    const Skew skew = SkewOfTokens(trace, tokens);
    max_over_mean.push_back(skew.max_over_mean);
    gini.push_back(skew.gini);
  }
  if (gini.empty()) return;
  stats.sequence_max_over_mean = Mean(max_over_mean);
  stats.sequence_gini = Mean(gini);
}

void AddDomainStats(const RouterTrace& trace, TraceStats& stats) {
  std::vector<std::vector<std::uint64_t>> tokens(trace.domains.size());
  std::uint64_t token = 0;
  for (const TraceRun& run : trace.runs) {
    const std::uint64_t end = token + run.tokens;
    if (run.domain < tokens.size()) {
      for (std::uint64_t t = token; t < end; ++t) tokens[run.domain].push_back(t);
    }
    token = end;
  }
  for (std::size_t d = 0; d < tokens.size(); ++d) {
    if (tokens[d].empty()) continue;
    const Skew skew = SkewOfTokens(trace, tokens[d]);
    stats.domains.push_back({trace.domains[d], tokens[d].size(), skew.max_over_mean, skew.gini});
  }
}

void AddLosses(const RouterTrace& trace, TraceStats& stats) {
  stats.gaps = trace.gaps.size();
  stats.has_drops = !trace.kept.empty();
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    const std::vector<ExpertIndex>& choices = trace.experts[l];
    const auto missing =
        static_cast<std::uint64_t>(std::count(choices.begin(), choices.end(), kNoExpert));
    stats.layer_missing.push_back(missing);
    stats.missing_choices += missing;
    if (!stats.has_drops) continue;
    const KeptMask& kept = trace.kept[l];
    std::uint64_t dropped = 0;
    for (std::uint64_t t = 0; t < trace.tokens(); ++t) {
      const std::size_t begin = t * trace.top_k;
      std::uint32_t made = 0;
      std::uint32_t computed = 0;
      for (std::size_t i = begin; i < begin + trace.top_k; ++i) {
        made += choices[i] != kNoExpert ? 1 : 0;
        computed += kept[i] != 0 ? 1 : 0;
      }
      dropped += made - computed;
      stats.tokens_fully_dropped += made > 0 && computed == 0 ? 1 : 0;
    }
    stats.layer_dropped.push_back(dropped);
    stats.dropped_choices += dropped;
  }
}

}  // namespace switchyard
