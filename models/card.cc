#include "models/card.h"

#include <fmt/format.h>

namespace switchyard {
namespace {

std::string Comment(std::string_view source) {
  std::string text = "# ";
  for (const char c : source) {
    if (c == '\n') {
      text += "\n# ";
    } else if (static_cast<unsigned char>(c) >= ' ' || c == '\t') {
      text += c;
    }
  }
  return text + '\n';
}

// Double-quoted where YAML could read a plain scalar as something else.
std::string Scalar(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.";
  const bool letter_first =
      !text.empty() && ((text[0] >= 'a' && text[0] <= 'z') || (text[0] >= 'A' && text[0] <= 'Z'));
  const bool reserved = text == "true" || text == "false" || text == "null" || text == "yes" ||
                        text == "no" || text == "on" || text == "off" || text == "y" || text == "n";
  if (letter_first && !reserved && text.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(text);
  }
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      quoted += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + '"';
}

std::string AttentionYaml(const GroupedAttention& attention) {
  return fmt::format(
      "  attention:\n"
      "    heads: {}\n"
      "    grouped:\n"
      "      kv_heads: {}\n"
      "      head_dim: {}\n",
      attention.heads, attention.kv_heads, attention.head_dim);
}

std::string AttentionYaml(const LatentAttention& attention) {
  std::string text = fmt::format(
      "  attention:\n"
      "    heads: {}\n"
      "    latent:\n",
      attention.heads);
  if (attention.q_lora_rank) text += fmt::format("      q_lora_rank: {}\n", *attention.q_lora_rank);
  return text + fmt::format(
                    "      kv_lora_rank: {}\n"
                    "      qk_nope_head_dim: {}\n"
                    "      qk_rope_head_dim: {}\n"
                    "      v_head_dim: {}\n",
                    attention.kv_lora_rank, attention.qk_nope_head_dim, attention.qk_rope_head_dim,
                    attention.v_head_dim);
}

std::string MoeYaml(const MoeSpec& moe) {
  return fmt::format(
      "  moe:\n"
      "    num_experts: {}\n"
      "    top_k: {}\n"
      "    intermediate_size: {}\n"
      "    shared_intermediate_size: {}\n"
      "    num_groups: {}\n"
      "    topk_groups: {}\n"
      "    score_function: {}\n",
      moe.num_experts, moe.top_k, moe.intermediate_size, moe.shared_intermediate_size,
      moe.num_groups, moe.topk_groups, ToString(moe.score));
}

std::string DtypesYaml(const ModelDtypes& dtypes) {
  return fmt::format(
      "  dtypes:\n"
      "    attention_weights: {}\n"
      "    expert_weights: {}\n"
      "    activations: {}\n"
      "    kv_cache: {}\n",
      ToString(dtypes.attention_weights), ToString(dtypes.expert_weights),
      ToString(dtypes.activations), ToString(dtypes.kv_cache));
}

}  // namespace

std::string ModelCardYaml(const ModelSpec& model, std::string_view source) {
  std::string text = Comment(source);
  text += fmt::format(
      "schema_version: 1\n"
      "model:\n"
      "  name: {}\n"
      "  hidden_size: {}\n"
      "  num_layers: {}\n"
      "  vocab_size: {}\n"
      "  dense_intermediate_size: {}\n"
      "  dense_layers: [{}]\n"
      "  tied_embeddings: {}\n",
      Scalar(model.name), model.hidden_size, model.num_layers, model.vocab_size,
      model.dense_intermediate_size, fmt::join(model.dense_layers, ", "), model.tied_embeddings);
  text += std::visit([](const auto& kind) { return AttentionYaml(kind); }, model.attention);
  if (model.moe) text += MoeYaml(*model.moe);
  text += fmt::format("  ffn_matrices: {}\n", model.ffn_matrices);
  return text + DtypesYaml(model.dtypes);
}

}  // namespace switchyard
