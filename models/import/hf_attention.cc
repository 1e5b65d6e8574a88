#include <fmt/format.h>

#include "models/import/hf_sections.h"

namespace switchyard {
namespace {

LatentAttention ReadLatent(ConfigReader& reader, std::uint32_t heads) {
  LatentAttention attention;
  attention.heads = heads;
  attention.kv_lora_rank = reader.Required({"kv_lora_rank"}, kMaxWidth);
  attention.qk_nope_head_dim = reader.Required({"qk_nope_head_dim"}, kMaxHeads);
  attention.qk_rope_head_dim = reader.Required({"qk_rope_head_dim"}, kMaxHeads);
  attention.v_head_dim = reader.Required({"v_head_dim"}, kMaxHeads);
  // Null and 0 both say that the query has a full projection; an absent key says nothing.
  if (!reader.Has("q_lora_rank")) {
    reader.Missing({"q_lora_rank"}, "a whole number, or null for a full query projection,");
  }
  const std::uint32_t q_lora_rank = reader.Number({"q_lora_rank"}, kMaxWidth).value_or(0);
  if (q_lora_rank > 0) attention.q_lora_rank = q_lora_rank;
  return attention;
}

std::uint32_t ReadKvHeads(ConfigReader& reader, const ConfigContext& context, std::uint32_t heads) {
  constexpr std::string_view kKey = "num_key_value_heads";
  // Switch is a T5: plain multi-head attention, no such key. Null means the same elsewhere.
  const bool multi_head = context.dialect == ConfigDialect::kSwitch || reader.Has(kKey);
  const auto kv_heads = reader.Number({kKey}, kMaxHeads, 1);
  if (kv_heads) return *kv_heads;
  if (!multi_head) return reader.Required({kKey}, kMaxHeads);
  return heads;
}

std::uint32_t ReadHeadDim(ConfigReader& reader, const ConfigContext& context, std::uint32_t heads) {
  const ConfigReader::Keys keys = {"head_dim", "d_kv"};
  const bool must_be_stated = context.family != nullptr && context.family->states_head_dim;
  if (must_be_stated || reader.States(keys)) return reader.Required(keys, kMaxHeads);
  if (heads == 0 || context.hidden_size == 0) return 0;  // reported already
  if (context.hidden_size % heads != 0) {
    reader.Error("head_dim",
                 fmt::format("missing, and hidden_size {} is not a multiple of {} heads",
                             context.hidden_size, heads));
  }
  return context.hidden_size / heads;
}

}  // namespace

AttentionSpec ReadAttention(ConfigReader& reader, const ConfigContext& context) {
  const std::uint32_t heads =
      reader.Required({"num_attention_heads", "n_heads", "num_heads"}, kMaxHeads);
  const bool latent = context.family != nullptr && context.family->latent;
  if (latent || context.dialect == ConfigDialect::kDeepSeekNative ||
      reader.Number({"kv_lora_rank"}, kMaxWidth)) {
    return ReadLatent(reader, heads);
  }
  GroupedAttention attention;
  attention.heads = heads;
  attention.kv_heads = ReadKvHeads(reader, context, heads);
  attention.head_dim = ReadHeadDim(reader, context, heads);
  if (attention.kv_heads > 0 && heads % attention.kv_heads != 0) {
    reader.Error("num_key_value_heads",
                 fmt::format("found {}; a divisor of the {} attention heads is needed",
                             attention.kv_heads, heads));
  }
  return attention;
}

}  // namespace switchyard
