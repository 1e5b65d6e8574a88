#include "models/cost/memory.h"

#include <algorithm>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// Logits are produced in FP32.
constexpr double kLogitBytes = 4;

// Weights of one layer's attention on one tensor rank. Down-projections of latent attention and
// key/value heads fewer than ranks cannot be split: each rank holds a copy.
double LocalAttentionParameters(const ModelSpec& model, double tensor) {
  const double hidden = model.hidden_size;
  if (const auto* latent = std::get_if<LatentAttention>(&model.attention)) {
    const double down = hidden * (static_cast<double>(latent->kv_lora_rank) +
                                  latent->qk_rope_head_dim + latent->q_lora_rank.value_or(0));
    return down + (AttentionParameters(model) - down) / tensor;
  }
  const auto& grouped = std::get<GroupedAttention>(model.attention);
  const double query = static_cast<double>(grouped.heads) * grouped.head_dim / tensor;
  const double kv = std::max(1.0, grouped.kv_heads / tensor) * grouped.head_dim;
  return 2 * hidden * (query + kv);
}

// The cached latent belongs to all heads: every tensor rank holds it whole.
Bytes LocalKvBytesPerToken(const ModelSpec& model, double tensor) {
  const Bytes whole = KvBytesPerToken(model);
  const auto* grouped = std::get_if<GroupedAttention>(&model.attention);
  if (grouped == nullptr) return whole;
  const double kv_heads = grouped->kv_heads;
  return whole * (std::max(1.0, kv_heads / tensor) / kv_heads);
}

// Query, key, value and attention output elements of one token on one rank.
double AttentionElements(const ModelSpec& model, const TokenBatch& batch, double tensor) {
  if (const auto* latent = std::get_if<LatentAttention>(&model.attention)) {
    const double heads = latent->heads / tensor;
    const double query = heads * (latent->qk_nope_head_dim + latent->qk_rope_head_dim);
    const double down = static_cast<double>(latent->kv_lora_rank) + latent->qk_rope_head_dim +
                        latent->q_lora_rank.value_or(0);
    const double values = heads * latent->v_head_dim;
    // Decode holds absorbed queries and results in the latent, prefill expanded keys and values.
    const double inner = batch.decode
                             ? heads * (2.0 * latent->kv_lora_rank + latent->qk_rope_head_dim)
                             : heads * latent->qk_nope_head_dim + values;
    return query + down + inner + values;
  }
  const auto& grouped = std::get<GroupedAttention>(model.attention);
  const double query = static_cast<double>(grouped.heads) * grouped.head_dim / tensor;
  return 2 * query + 2 * std::max(1.0, grouped.kv_heads / tensor) * grouped.head_dim;
}

// Up (and gate) outputs, activation output and result of one row.
double FfnElements(const ModelSpec& model, double width) {
  if (width <= 0) return 0;
  return model.ffn_matrices * width + model.hidden_size;
}

Bytes Activations(const ModelSpec& model, const WeightSharding& sharding, const StepLoad& load) {
  const double tensor = sharding.tensor;
  const double rows = load.batch.tokens;
  const double own_rows = rows / tensor;  // a rank's share of its replica's tokens
  const double dtype = BytesPerElement(model.dtypes.activations);
  const double attention = rows * AttentionElements(model, load.batch, tensor);
  double ffn = 0;
  if (model.NumMoeLayers() < model.num_layers) {
    ffn = rows * FfnElements(model, model.dense_intermediate_size / tensor);
  }
  if (model.moe) {
    const double expert_rows = load.expert_rows.value_or(own_rows * model.moe->top_k);
    const double routed =
        expert_rows * (model.hidden_size + FfnElements(model, model.moe->intermediate_size));
    const double shared = own_rows * FfnElements(model, model.moe->shared_intermediate_size);
    ffn = std::max(ffn, routed + shared);
  }
  // Prefill computes the logits of each prompt's last token only.
  const double logit_rows =
      load.batch.decode ? rows : std::max(1.0, rows / std::max(1.0, load.batch.context_length));
  const double logits = std::min(rows, logit_rows) * model.vocab_size / tensor * kLogitBytes;
  const double residual = 2 * rows * model.hidden_size * dtype;  // and the normalised row
  return Bytes{residual + std::max(std::max(attention, ffn) * dtype, logits)};
}

}  // namespace

MemoryBytes MemoryFootprint(const ModelSpec& model, const WeightSharding& sharding,
                            const StepLoad& load) {
  SWITCHYARD_CHECK(sharding.tensor > 0 && sharding.expert > 0, "at least one rank");
  const double tensor = sharding.tensor;
  const ParameterCount count = CountParameters(model);
  const double attention_dtype = BytesPerElement(model.dtypes.attention_weights);
  const double activation_dtype = BytesPerElement(model.dtypes.activations);
  MemoryBytes bytes;
  bytes.embedding = Bytes{count.embedding / tensor * activation_dtype};
  bytes.attention =
      Bytes{model.num_layers * LocalAttentionParameters(model, tensor) * attention_dtype};
  bytes.dense_ffn = Bytes{count.dense_ffn / tensor * attention_dtype};
  bytes.shared_experts = Bytes{count.shared_experts * attention_dtype};
  if (model.moe) {
    const std::uint32_t experts = sharding.experts_per_device.value_or(
        (model.moe->num_experts + sharding.expert - 1) / sharding.expert);
    bytes.routed_experts =
        Bytes{static_cast<double>(model.NumMoeLayers()) * experts * ExpertParameters(model) *
              BytesPerElement(model.dtypes.expert_weights)};
  }
  bytes.router = Bytes{count.router * activation_dtype};
  bytes.norms = Bytes{count.norms * activation_dtype};
  const double cached =
      load.batch.decode ? load.batch.tokens * load.batch.context_length : load.batch.tokens;
  bytes.kv_cache = LocalKvBytesPerToken(model, tensor) * cached;
  bytes.activations = Activations(model, sharding, load);
  return bytes;
}

}  // namespace switchyard
