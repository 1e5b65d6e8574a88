#include "sim/routing/trace/stats/affinity_stats.h"

#include <algorithm>
#include <cmath>
#include <span>

#include "sim/routing/trace/stats/load_stats.h"

namespace switchyard {
namespace {

bool MadeChoice(std::span<const ExpertIndex> choices) {
  return std::any_of(choices.begin(), choices.end(), [](ExpertIndex e) { return e != kNoExpert; });
}

// Tokens that choose at all in the layer after `layer`, and their choices in `layer`.
struct PairedTokens {
  std::uint64_t tokens = 0;
  std::uint64_t lower_choices = 0;
};

PairedTokens CountPaired(const RouterTrace& trace, std::uint32_t layer) {
  PairedTokens paired;
  for (std::uint64_t t = 0; t < trace.tokens(); ++t) {
    if (!MadeChoice(trace.Choices(layer + 1, t))) continue;
    const auto lower = trace.Choices(layer, t);
    const auto missing =
        static_cast<std::uint64_t>(std::count(lower.begin(), lower.end(), kNoExpert));
    paired.lower_choices += lower.size() - missing;
    ++paired.tokens;
  }
  return paired;
}

double Share(std::uint64_t part, std::uint64_t whole) {
  return whole > 0 ? static_cast<double>(part) / static_cast<double>(whole) : 0.0;
}

// sum_e max_f pairs(e, f)
std::uint64_t BestCompanions(const std::vector<std::uint32_t>& pairs, std::size_t experts) {
  std::uint64_t best = 0;
  for (std::size_t row = 0; row < pairs.size(); row += experts) {
    const auto begin = pairs.begin() + static_cast<std::ptrdiff_t>(row);
    best += *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(experts));
  }
  return best;
}

double MutualInformation(const std::vector<std::uint32_t>& pairs, std::size_t experts) {
  std::vector<double> rows(experts, 0.0);
  std::vector<double> columns(experts, 0.0);
  double sum = 0.0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    rows[i / experts] += pairs[i];
    columns[i % experts] += pairs[i];
    sum += pairs[i];
  }
  double bits = 0.0;
  for (std::size_t i = 0; i < pairs.size(); ++i) {
    if (pairs[i] == 0) continue;
    const double n = pairs[i];
    bits += n / sum * std::log2(n * sum / (rows[i / experts] * columns[i % experts]));
  }
  return bits;
}

}  // namespace

std::vector<std::uint32_t> NextLayerPairs(const RouterTrace& trace, std::uint32_t layer) {
  const std::size_t n = trace.num_experts;
  std::vector<std::uint32_t> pairs(n * n, 0);
  for (std::uint64_t t = 0; t < trace.tokens(); ++t) {
    const auto next = trace.Choices(layer + 1, t);
    for (const ExpertIndex e : trace.Choices(layer, t)) {
      if (e == kNoExpert) continue;
      std::uint32_t* const row = pairs.data() + e * n;
      for (const ExpertIndex f : next) {
        if (f != kNoExpert) ++row[f];
      }
    }
  }
  return pairs;
}

void AddAffinity(const RouterTrace& trace, TraceStats& stats) {
  if (trace.layers() < 2) return;
  for (std::uint32_t l = 0; l + 1 < trace.layers(); ++l) {
    const std::vector<std::uint32_t> pairs = NextLayerPairs(trace, l);
    const PairedTokens paired = CountPaired(trace, l);
    const std::vector<std::uint64_t> next = LayerLoads(trace, l + 1);
    const std::uint64_t most = *std::max_element(next.begin(), next.end());
    stats.affinity.push_back(Share(BestCompanions(pairs, trace.num_experts), paired.lower_choices));
    stats.affinity_independent.push_back(Share(most, paired.tokens));
    stats.mutual_information.push_back(MutualInformation(pairs, trace.num_experts));
  }
  stats.affinity_top1 = Mean(stats.affinity);
}

}  // namespace switchyard
