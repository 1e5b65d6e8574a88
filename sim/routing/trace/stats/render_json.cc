// TraceStats and its acceptance list as JSON.
#include <nlohmann/json.hpp>

#include "sim/routing/trace/acceptance.h"
#include "sim/routing/trace/trace_stats.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

template <class Curves>
Json ByNumber(const Curves& curves) {
  Json object = Json::object();
  for (const auto& [key, value] : curves) object[std::to_string(key)] = value;
  return object;
}

Json PerLayer(const TraceStats& stats) {
  Json json = {{"layer_id", stats.layer_ids},
               {"max_over_mean", stats.max_over_mean},
               {"gini", stats.gini},
               {"entropy", stats.entropy},
               {"variation", stats.variation}};
  json["overlap"] = ByNumber(stats.layer_overlap);
  json["overlap_shuffled"] = ByNumber(stats.layer_overlap_shuffled);
  if (!stats.same_token_overlap.empty()) json["same_token_overlap"] = stats.same_token_overlap;
  if (!stats.affinity.empty()) {
    json["affinity_top1"] = stats.affinity;
    json["affinity_independent"] = stats.affinity_independent;
    json["mutual_information"] = stats.mutual_information;
  }
  if (!stats.layer_lru.empty()) {
    json["lru_hit_rate"] = ByNumber(stats.layer_lru);
    json["belady_hit_rate"] = ByNumber(stats.layer_belady);
  }
  json["missing_choices"] = stats.layer_missing;
  if (stats.has_drops) json["dropped_choices"] = stats.layer_dropped;
  return json;
}

Json Domains(const TraceStats& stats) {
  Json json = Json::object();
  for (const DomainStats& domain : stats.domains) {
    json[domain.name] = {
        {"tokens", domain.tokens}, {"max_over_mean", domain.max_over_mean}, {"gini", domain.gini}};
  }
  return json;
}

Json AcceptanceJson(const Acceptance& acceptance) {
  Json lines = Json::array();
  for (const AcceptanceLine& line : acceptance.lines) {
    Json json = {{"name", line.name},
                 {"required", line.required},
                 {"verdict", ToString(line.verdict)},
                 {"measured", line.measured}};
    if (acceptance.has_control) json["control"] = line.control;
    if (!line.note.empty()) json["note"] = line.note;
    lines.push_back(std::move(json));
  }
  return {{"accepted", acceptance.accepted()}, {"lines", std::move(lines)}};
}

}  // namespace

std::string ToJson(const TraceStats& stats, const Acceptance* acceptance) {
  Json json;
  json["experts"] = stats.experts;
  json["top_k"] = stats.top_k;
  json["layers"] = stats.layers;
  json["tokens"] = stats.tokens;
  json["max_over_mean"] = Mean(stats.max_over_mean);
  json["gini"] = Mean(stats.gini);
  json["entropy"] = Mean(stats.entropy);
  json["per_layer"] = PerLayer(stats);
  json["overlap"] = ByNumber(stats.overlap);
  json["overlap_uniform"] = stats.overlap_uniform;
  json["overlap_shuffled"] = ByNumber(stats.overlap_shuffled);
  if (stats.affinity_top1) {
    json["affinity_top1"] = *stats.affinity_top1;
    json["affinity_independent"] = Mean(stats.affinity_independent);
    json["mutual_information"] = Mean(stats.mutual_information);
  }
  if (!stats.lru_hit_rate.empty()) {
    json["lru_hit_rate"] = ByNumber(stats.lru_hit_rate);
    json["lru_hit_rate_shuffled"] = ByNumber(stats.lru_hit_rate_shuffled);
    json["belady_hit_rate"] = ByNumber(stats.belady_hit_rate);
  }
  if (!stats.same_token_overlap.empty()) {
    json["same_token_overlap"] = Mean(stats.same_token_overlap);
  }
  json["model_name"] = stats.model_name;
  json["origin"] = ToString(stats.origin);
  json["source"] = stats.source;
  json["sequences"] = stats.sequences;
  json["variation"] = Mean(stats.variation);
  if (stats.sequence_gini) {
    json["sequence"] = {{"max_over_mean", *stats.sequence_max_over_mean},
                        {"gini", *stats.sequence_gini}};
  }
  if (!stats.domains.empty()) json["domains"] = Domains(stats);
  json["missing_choices"] = stats.missing_choices;
  json["gaps"] = stats.gaps;
  if (stats.has_drops) {
    json["drops"] = {{"choices_dropped", stats.dropped_choices},
                     {"tokens_fully_dropped", stats.tokens_fully_dropped}};
  }
  if (acceptance != nullptr) json["acceptance"] = AcceptanceJson(*acceptance);
  // Names come from files and need not be UTF-8.
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace switchyard
