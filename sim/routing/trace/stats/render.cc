// TraceStats as text and as CSV.
#include <fmt/format.h>

#include <algorithm>

#include "sim/routing/trace/trace_stats.h"

namespace switchyard {
namespace {

std::string Range(const std::vector<double>& values) {
  if (values.empty()) return "";
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format("layers {:.3f} to {:.3f}", *low, *high);
}

std::string Line(std::string_view name, double value, const std::string& more) {
  std::string line = fmt::format("{:<20}{:.3f}", name, value);
  if (!more.empty()) line += "  (" + more + ")";
  return line + "\n";
}

std::string Spread(std::string_view name, const std::vector<double>& values) {
  return Line(name, Mean(values), Range(values));
}

std::string CacheLine(std::string_view name, const Curve& rates) {
  std::string line = fmt::format("{:<20}", name);
  for (const auto& [size, rate] : rates) line += fmt::format("{}: {:.3f}  ", size, rate);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

std::string Origin(const TraceStats& stats) {
  std::string text = ToString(stats.origin);
  if (!stats.model_name.empty()) text = stats.model_name + ", " + text;
  if (!stats.source.empty()) text += ": " + stats.source;
  return fmt::format("{:<20}{}\n", "origin", text);
}

std::string Loads(const TraceStats& stats) {
  std::string text = Spread("max/mean load", stats.max_over_mean);
  if (stats.sequence_max_over_mean) {
    text += Line("  of one sequence", *stats.sequence_max_over_mean,
                 "of at least 128 tokens; much of it is noise");
  }
  for (const DomainStats& domain : stats.domains) {
    text += Line("  " + domain.name, domain.max_over_mean, fmt::format("{} tokens", domain.tokens));
  }
  text += Spread("Gini", stats.gini);
  text += Spread("entropy, bits", stats.entropy);
  return text;
}

std::string Overlap(const TraceStats& stats) {
  std::string text;
  for (const auto& [lag, value] : stats.overlap) {
    text +=
        Line(fmt::format("overlap, lag {}", lag), value,
             fmt::format("{}; shuffled {:.3f}, uniform {:.3f}", Range(stats.layer_overlap.at(lag)),
                         stats.overlap_shuffled.at(lag), stats.overlap_uniform));
  }
  if (!stats.same_token_overlap.empty()) text += Spread("same token", stats.same_token_overlap);
  return text;
}

std::string Affinity(const TraceStats& stats) {
  if (!stats.affinity_top1) return "";
  return Line("affinity, top 1", *stats.affinity_top1,
              fmt::format("{}; independent {:.3f}, uniform {:.3f}", Range(stats.affinity),
                          Mean(stats.affinity_independent), stats.overlap_uniform)) +
         Spread("mutual inf., bits", stats.mutual_information);
}

std::string Losses(const TraceStats& stats) {
  std::string text;
  const double choices = static_cast<double>(stats.tokens) * stats.layers * stats.top_k;
  if (stats.has_drops) {
    text += fmt::format("{:<20}{} choices ({:.2f} %), all of {} tokens in a layer\n", "dropped",
                        stats.dropped_choices,
                        100.0 * static_cast<double>(stats.dropped_choices) / choices,
                        stats.tokens_fully_dropped);
  }
  if (stats.missing_choices > 0 || stats.gaps > 0) {
    text += fmt::format("{:<20}{} choices ({:.2f} %); {} gaps in the recording\n", "no choice",
                        stats.missing_choices,
                        100.0 * static_cast<double>(stats.missing_choices) / choices, stats.gaps);
  }
  return text;
}

// "name_1,name_4,": the columns of a figure by lag or size.
std::string Columns(std::string_view name, const LayerCurves& curves) {
  std::string text;
  for (const auto& [key, values] : curves) text += fmt::format(",{}_{}", name, key);
  return text;
}

std::string Fields(const LayerCurves& curves, std::size_t layer) {
  std::string text;
  for (const auto& [key, values] : curves) text += fmt::format(",{:.6g}", values[layer]);
  return text;
}

template <class T>
std::string Field(const std::vector<T>& values, std::size_t layer) {
  return layer < values.size() ? fmt::format(",{:.6g}", static_cast<double>(values[layer])) : ",";
}

}  // namespace

std::string ToString(TraceOrigin origin) {
  switch (origin) {
    case TraceOrigin::kRecordedGpu:
      return "recorded on a GPU";
    case TraceOrigin::kRecordedCpu:
      return "recorded on a CPU";
    case TraceOrigin::kFitted:
      return "synthetic, fitted";
    case TraceOrigin::kSynthetic:
      return "synthetic";
    case TraceOrigin::kUnknown:
      break;
  }
  return "unknown";
}

std::string ToText(const TraceStats& stats) {
  std::string text =
      fmt::format("{} experts, top-{}, {} MoE layers, {} tokens in {} sequences\n", stats.experts,
                  stats.top_k, stats.layers, stats.tokens, stats.sequences);
  text += Origin(stats) + Loads(stats) + Overlap(stats) + Affinity(stats);
  if (!stats.lru_hit_rate.empty()) {
    text += CacheLine("LRU hit rate", stats.lru_hit_rate);
    text += CacheLine("  shuffled", stats.lru_hit_rate_shuffled);
    text += CacheLine("optimal hit rate", stats.belady_hit_rate);
  }
  return text + Losses(stats);
}

std::string ToCsv(const TraceStats& stats) {
  std::string text = "moe_layer,layer_id,max_over_mean,gini,entropy,variation";
  text += Columns("overlap", stats.layer_overlap);
  text += Columns("overlap_shuffled", stats.layer_overlap_shuffled);
  text += ",same_token_overlap,affinity_top1,affinity_independent,mutual_information";
  text += Columns("lru", stats.layer_lru) + Columns("belady", stats.layer_belady);
  text += ",missing,dropped\n";
  for (std::size_t l = 0; l < stats.layers; ++l) {
    text += fmt::format("{},{}", l, stats.layer_ids[l]);
    text += Field(stats.max_over_mean, l) + Field(stats.gini, l) + Field(stats.entropy, l);
    text += Field(stats.variation, l) + Fields(stats.layer_overlap, l);
    text += Fields(stats.layer_overlap_shuffled, l) + Field(stats.same_token_overlap, l);
    text += Field(stats.affinity, l) + Field(stats.affinity_independent, l);
    text += Field(stats.mutual_information, l) + Fields(stats.layer_lru, l);
    text += Fields(stats.layer_belady, l) + Field(stats.layer_missing, l);
    text += Field(stats.layer_dropped, l) + "\n";
  }
  return text;
}

}  // namespace switchyard
