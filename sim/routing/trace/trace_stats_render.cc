// TraceStats as text and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "sim/routing/trace/trace_stats.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

Json ByNumber(const std::map<std::uint32_t, double>& values) {
  Json object = Json::object();
  for (const auto& [key, value] : values) object[std::to_string(key)] = value;
  return object;
}

std::string Spread(std::string_view name, const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return fmt::format("{:<18}{:.3f}  (layers {:.3f} to {:.3f})\n", name, Mean(values), *low, *high);
}

std::string CacheLine(std::string_view name, const std::map<std::uint32_t, double>& rates) {
  std::string line = fmt::format("{:<18}", name);
  for (const auto& [size, rate] : rates) line += fmt::format("{}: {:.3f}  ", size, rate);
  line.erase(line.find_last_not_of(' ') + 1);
  return line + "\n";
}

}  // namespace

std::string ToText(const TraceStats& stats) {
  std::string text = fmt::format("{} experts, top-{}, {} MoE layers, {} tokens\n", stats.experts,
                                 stats.top_k, stats.layers, stats.tokens);
  text += Spread("max/mean load", stats.max_over_mean);
  text += Spread("Gini", stats.gini);
  text += Spread("entropy, bits", stats.entropy);
  for (const auto& [lag, value] : stats.overlap) {
    text += fmt::format("{:<18}{:.3f}  (uniform {:.3f})\n", fmt::format("overlap, lag {}", lag),
                        value, stats.overlap_uniform);
  }
  if (stats.affinity_top1) {
    text += fmt::format("{:<18}{:.3f}  (uniform {:.3f})\n", "affinity, top 1", *stats.affinity_top1,
                        stats.overlap_uniform);
  }
  if (!stats.lru_hit_rate.empty()) {
    text += CacheLine("LRU hit rate", stats.lru_hit_rate);
    text += CacheLine("optimal hit rate", stats.belady_hit_rate);
  }
  return text;
}

std::string ToJson(const TraceStats& stats) {
  Json json;
  json["experts"] = stats.experts;
  json["top_k"] = stats.top_k;
  json["layers"] = stats.layers;
  json["tokens"] = stats.tokens;
  json["max_over_mean"] = Mean(stats.max_over_mean);
  json["gini"] = Mean(stats.gini);
  json["entropy"] = Mean(stats.entropy);
  json["per_layer"] = {
      {"max_over_mean", stats.max_over_mean}, {"gini", stats.gini}, {"entropy", stats.entropy}};
  json["overlap"] = ByNumber(stats.overlap);
  json["overlap_uniform"] = stats.overlap_uniform;
  if (stats.affinity_top1) json["affinity_top1"] = *stats.affinity_top1;
  if (!stats.lru_hit_rate.empty()) {
    json["lru_hit_rate"] = ByNumber(stats.lru_hit_rate);
    json["belady_hit_rate"] = ByNumber(stats.belady_hit_rate);
  }
  return json.dump(2) + "\n";
}

}  // namespace switchyard
