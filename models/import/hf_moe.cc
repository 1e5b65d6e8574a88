#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "models/import/hf_sections.h"

namespace switchyard {
namespace {

const ConfigReader::Keys kExpertKeys = {"n_routed_experts", "num_experts", "num_local_experts"};

std::uint32_t ReadTopK(ConfigReader& reader, const ConfigContext& context) {
  const ConfigReader::Keys keys = {"num_experts_per_tok", "num_experts_per_token", "top_k_experts",
                                   "experts_per_token", "n_activated_experts"};
  if (context.dialect == ConfigDialect::kSwitch && !reader.States(keys)) {
    return 1;  // Switch routing is top-1 by definition (Fedus et al., JMLR 2022)
  }
  return reader.Required(keys, kMaxTopK);
}

std::uint32_t ReadExpertWidth(ConfigReader& reader, const ConfigContext& context) {
  const ConfigReader::Keys keys = {"moe_intermediate_size", "moe_inter_dim"};
  if (context.dialect == ConfigDialect::kSwitch) return reader.Required({"d_ff"}, kMaxWidth);
  const bool known = context.family != nullptr;
  const bool stated = reader.States(keys);
  if (!stated && known && context.family->width == WidthMeaning::kExpert) {
    return reader.Required({"intermediate_size"}, kMaxWidth);
  }
  if (!stated && !known && reader.States({"intermediate_size"})) {
    reader.Error("intermediate_size",
                 fmt::format("ambiguous: the width of an expert in some families, of a dense FFN "
                             "in others, and model_type '{}' is not a known family; state "
                             "moe_intermediate_size",
                             context.model_type));
    return 0;
  }
  return reader.Required(keys, kMaxWidth);
}

std::uint32_t ReadSharedWidth(ConfigReader& reader, const ConfigContext& context,
                              std::uint32_t expert_width) {
  if (context.Llama4()) return expert_width;  // one shared expert, not stated (Llama4TextMoe)
  const ConfigReader::Keys count_keys = {"n_shared_experts", "num_shared_experts"};
  const ConfigReader::Keys width_keys = {"shared_expert_intermediate_size",
                                         "moe_shared_expert_intermediate_size"};
  const bool native = context.dialect == ConfigDialect::kDeepSeekNative;
  const SharedExperts kind = context.family != nullptr ? context.family->shared
                             : native                  ? SharedExperts::kCounted
                                                       : SharedExperts::kNone;
  if (kind == SharedExperts::kCounted && !reader.HasAny(count_keys)) {
    reader.Missing(count_keys, "the number of shared experts, or null for none,");
  }
  if (kind == SharedExperts::kOneOfWidth && !reader.HasAny(width_keys)) {
    reader.Missing(width_keys, "the width of the shared expert, or 0 for none,");
  }
  const auto count = reader.Number(count_keys, kMaxExperts);
  const auto width = reader.Number(width_keys, kMaxWidth);
  const std::uint64_t total =
      static_cast<std::uint64_t>(count.value_or(width ? 1 : 0)) * width.value_or(expert_width);
  if (total > kMaxWidth) {
    reader.Error("n_shared_experts", fmt::format("the shared experts' summed width is {}; at most "
                                                 "{} is supported",
                                                 total, kMaxWidth));
    return 0;
  }
  return static_cast<std::uint32_t>(total);
}

// 1 and an absent pair both mean that groups do not limit the choice.
void ReadGroups(ConfigReader& reader, const ConfigContext& context, MoeSpec& moe) {
  const ConfigReader::Keys group_keys = {"n_group", "num_expert_group", "n_expert_groups"};
  const ConfigReader::Keys topk_keys = {"topk_group", "n_limited_groups"};
  const bool limited = reader.Text({"topk_method"}) != "greedy";
  const bool needed = context.family != nullptr && context.family->states_groups && limited;
  const bool groups_stated = reader.HasAny(group_keys);
  const bool topk_stated = reader.HasAny(topk_keys);
  if (!groups_stated && (needed || topk_stated)) {
    reader.Missing(group_keys, "the number of expert groups, 1 for no grouping,");
  }
  if (!topk_stated && (needed || groups_stated)) {
    reader.Missing(topk_keys, "the number of groups that one token may use");
  }
  moe.num_groups = reader.Number(group_keys, kMaxExperts, 1).value_or(1);
  moe.topk_groups = reader.Number(topk_keys, kMaxExperts, 1).value_or(1);
  if (moe.num_experts % moe.num_groups != 0) {
    reader.Error(context.dialect == ConfigDialect::kDeepSeekNative ? "n_expert_groups" : "n_group",
                 fmt::format("found {}; a divisor of the {} experts is needed", moe.num_groups,
                             moe.num_experts));
  }
  if (moe.topk_groups > moe.num_groups) {
    reader.Error(
        context.dialect == ConfigDialect::kDeepSeekNative ? "n_limited_groups" : "topk_group",
        fmt::format("found {}; at most the {} groups", moe.topk_groups, moe.num_groups));
  }
}

ScoreFunction ReadScore(ConfigReader& reader, const ConfigContext& context) {
  const ConfigReader::Keys keys = {"scoring_func", "score_func", "moe_router_activation_func"};
  const std::size_t errors_before = reader.errors().size();
  const auto stated = reader.Text(keys);
  if (reader.errors().size() != errors_before) return ScoreFunction::kSoftmax;
  if (stated) {
    std::vector<std::string> names;
    for (const auto score :
         {ScoreFunction::kSoftmax, ScoreFunction::kSigmoid, ScoreFunction::kSqrtSoftplus}) {
      if (*stated == ToString(score)) return score;
      names.emplace_back(ToString(score));
    }
    const auto* key = std::find_if(keys.begin(), keys.end(),
                                   [&](std::string_view name) { return reader.Has(name); });
    reader.Error(*key, fmt::format("found \"{}\"{}", Printable(*stated),
                                   Suggestion(Printable(*stated), names)));
    return ScoreFunction::kSoftmax;
  }
  if (context.dialect == ConfigDialect::kDeepSeekNative) {
    reader.Note("score_func is not stated; softmax, the default of DeepSeek's inference code");
    return ScoreFunction::kSoftmax;
  }
  if (context.family != nullptr && context.family->score) {
    reader.Note(
        fmt::format("the router's score is not stated; {}, as the modelling code of {} has it",
                    ToString(*context.family->score), context.family->model_type));
    return *context.family->score;
  }
  reader.Missing(keys, "softmax, sigmoid or sqrtsoftplus");
  return ScoreFunction::kSoftmax;
}

}  // namespace

std::optional<MoeSpec> ReadMoe(ConfigReader& reader, const ConfigContext& context) {
  const bool may_be_dense =
      context.family == nullptr && context.dialect == ConfigDialect::kHuggingFace;
  if (may_be_dense && !reader.States(kExpertKeys)) return std::nullopt;
  MoeSpec moe;
  moe.num_experts = reader.Required(kExpertKeys, kMaxExperts);
  moe.top_k = ReadTopK(reader, context);
  if (moe.num_experts > 0 && moe.top_k > moe.num_experts) {
    reader.Error("num_experts_per_tok",
                 fmt::format("found {}; at most the {} experts", moe.top_k, moe.num_experts));
  }
  moe.intermediate_size = ReadExpertWidth(reader, context);
  moe.shared_intermediate_size = ReadSharedWidth(reader, context, moe.intermediate_size);
  ReadGroups(reader, context, moe);
  moe.score = ReadScore(reader, context);
  return moe;
}

}  // namespace switchyard
