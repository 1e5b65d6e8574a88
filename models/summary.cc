#include "models/summary.h"

#include <cmath>
#include <cstdint>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

// Whole numbers below 2^53 are exact in a double.
constexpr double kExactInteger = 9007199254740992.0;

Json Number(double value) {
  if (value >= 0 && value < kExactInteger && value == std::floor(value)) {
    return static_cast<std::uint64_t>(value);
  }
  return value;
}

std::string Line(const char* name, const std::string& value) {
  return fmt::format("{:<27}{}\n", name, value);
}

std::string Line(const char* name, std::uint32_t value) {
  return Line(name, std::to_string(value));
}

std::string Billions(double parameters) {
  constexpr double kBillion = 1e9;
  return fmt::format("{:.2f} B", parameters / kBillion);
}

}  // namespace

ModelSummary Summarize(const ModelSpec& model, std::vector<std::string> notes) {
  ModelSummary summary;
  summary.name = model.name;
  summary.hidden_size = model.hidden_size;
  summary.num_layers = model.num_layers;
  summary.num_moe_layers = model.NumMoeLayers();
  summary.moe = model.moe;
  summary.params_total = CountParameters(model).Total();
  summary.params_active = CountActiveParameters(model);
  summary.kv_bytes_per_token = KvBytesPerToken(model).value;
  summary.notes = std::move(notes);
  return summary;
}

std::string SummaryJson(const ModelSummary& summary) {
  Json json;
  json["name"] = summary.name;
  json["hidden_size"] = summary.hidden_size;
  json["num_layers"] = summary.num_layers;
  json["num_moe_layers"] = summary.num_moe_layers;
  if (summary.moe) {
    json["num_experts"] = summary.moe->num_experts;
    json["top_k"] = summary.moe->top_k;
    json["moe_intermediate_size"] = summary.moe->intermediate_size;
    json["shared_intermediate_size"] = summary.moe->shared_intermediate_size;
    json["num_groups"] = summary.moe->num_groups;
    json["topk_groups"] = summary.moe->topk_groups;
    json["score_function"] = ToString(summary.moe->score);
  }
  json["params_total"] = Number(summary.params_total);
  json["params_active"] = Number(summary.params_active);
  json["kv_bytes_per_token"] = Number(summary.kv_bytes_per_token);
  if (!summary.notes.empty()) json["notes"] = summary.notes;
  // Names come from files: bytes that are not UTF-8 are replaced, not thrown on.
  constexpr int kIndent = 2;
  return json.dump(kIndent, ' ', false, Json::error_handler_t::replace) + '\n';
}

std::string SummaryText(const ModelSummary& summary) {
  std::string text = Line("name", summary.name);
  text += Line("hidden size", summary.hidden_size);
  text += Line("layers", summary.num_layers);
  text += Line("MoE layers", summary.num_moe_layers);
  if (summary.moe) {
    const MoeSpec& moe = *summary.moe;
    text += Line("experts per MoE layer", moe.num_experts);
    text += Line("experts per token", moe.top_k);
    text += Line("expert width", moe.intermediate_size);
    text += Line("shared experts' width", moe.shared_intermediate_size);
    text += Line("expert groups",
                 moe.num_groups == 1
                     ? std::string("none")
                     : fmt::format("{}, {} per token", moe.num_groups, moe.topk_groups));
    text += Line("router score", std::string(ToString(moe.score)));
  }
  text += Line("parameters", Billions(summary.params_total));
  text += Line("parameters per token", Billions(summary.params_active));
  text += Line("cache per token", fmt::format("{} B", summary.kv_bytes_per_token));
  for (const std::string& note : summary.notes) text += fmt::format("note: {}\n", note);
  return text;
}

}  // namespace switchyard
