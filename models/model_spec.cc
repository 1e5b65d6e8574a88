#include "models/model_spec.h"

#include <algorithm>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// Query, key, value and output projections of grouped-query attention (Ainslie et al., EMNLP 2023).
double Parameters(const GroupedAttention& attention, double hidden) {
  const double query = static_cast<double>(attention.heads) * attention.head_dim;
  const double key = static_cast<double>(attention.kv_heads) * attention.head_dim;
  return hidden * query + 2 * hidden * key + query * hidden;
}

// DeepSeek-V2, arXiv 2405.04434, section 2.1: down- and up-projection of the query (or one full
// projection), down-projection to the latent and the shared rotary key, up-projection of the latent
// to keys and values, output projection.
double Parameters(const LatentAttention& attention, double hidden) {
  const double heads = attention.heads;
  const double query_dim = heads * (attention.qk_nope_head_dim + attention.qk_rope_head_dim);
  const double query = attention.q_lora_rank
                           ? (hidden + query_dim) * static_cast<double>(*attention.q_lora_rank)
                           : hidden * query_dim;
  const double latent = attention.kv_lora_rank;
  const double down = hidden * (latent + attention.qk_rope_head_dim);
  const double up = latent * heads * (attention.qk_nope_head_dim + attention.v_head_dim);
  const double output = heads * attention.v_head_dim * hidden;
  return query + down + up + output;
}

// Norm vectors inside the attention block: latent attention normalises its two latents.
double InnerNormParameters(const AttentionSpec& attention) {
  const auto* latent = std::get_if<LatentAttention>(&attention);
  if (latent == nullptr) return 0;
  return static_cast<double>(latent->kv_lora_rank) + latent->q_lora_rank.value_or(0);
}

double CachedElementsPerTokenAndLayer(const AttentionSpec& attention) {
  if (const auto* latent = std::get_if<LatentAttention>(&attention)) {
    return static_cast<double>(latent->kv_lora_rank) + latent->qk_rope_head_dim;
  }
  const auto& grouped = std::get<GroupedAttention>(attention);
  return 2.0 * grouped.kv_heads * grouped.head_dim;
}

}  // namespace

double BytesPerElement(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp32:
      return 4;
    case Dtype::kBf16:
    case Dtype::kFp16:
      return 2;
    case Dtype::kFp8:
    case Dtype::kInt8:
      return 1;
    case Dtype::kFp4:
    case Dtype::kInt4:
      return 0.5;
  }
  SWITCHYARD_CHECK(false, "a Dtype outside the enumeration");
  return 0;
}

std::string_view ToString(Dtype dtype) {
  switch (dtype) {
    case Dtype::kFp32:
      return "fp32";
    case Dtype::kBf16:
      return "bf16";
    case Dtype::kFp16:
      return "fp16";
    case Dtype::kFp8:
      return "fp8";
    case Dtype::kFp4:
      return "fp4";
    case Dtype::kInt8:
      return "int8";
    case Dtype::kInt4:
      return "int4";
  }
  SWITCHYARD_CHECK(false, "a Dtype outside the enumeration");
  return "";
}

std::string_view ToString(ScoreFunction score) {
  switch (score) {
    case ScoreFunction::kSoftmax:
      return "softmax";
    case ScoreFunction::kSigmoid:
      return "sigmoid";
    case ScoreFunction::kSqrtSoftplus:
      return "sqrtsoftplus";
  }
  SWITCHYARD_CHECK(false, "a ScoreFunction outside the enumeration");
  return "";
}

bool ModelSpec::IsMoeLayer(std::uint32_t layer) const {
  return moe.has_value() && layer < num_layers &&
         !std::binary_search(dense_layers.begin(), dense_layers.end(), layer);
}

std::uint32_t ModelSpec::NumMoeLayers() const {
  return moe ? num_layers - static_cast<std::uint32_t>(dense_layers.size()) : 0;
}

double AttentionParameters(const ModelSpec& model) {
  return std::visit([&](const auto& kind) { return Parameters(kind, model.hidden_size); },
                    model.attention);
}

double ExpertParameters(const ModelSpec& model) {
  if (!model.moe) return 0;
  return static_cast<double>(model.ffn_matrices) * model.hidden_size * model.moe->intermediate_size;
}

ParameterCount CountParameters(const ModelSpec& model) {
  const double hidden = model.hidden_size;
  const double layers = model.num_layers;
  const double moe_layers = model.NumMoeLayers();
  ParameterCount count;
  count.embedding = (model.tied_embeddings ? 1.0 : 2.0) * hidden * model.vocab_size;
  count.attention = layers * AttentionParameters(model);
  count.dense_ffn =
      (layers - moe_layers) * model.ffn_matrices * hidden * model.dense_intermediate_size;
  if (model.moe) {
    count.shared_experts =
        moe_layers * model.ffn_matrices * hidden * model.moe->shared_intermediate_size;
    count.routed_experts = moe_layers * model.moe->num_experts * ExpertParameters(model);
    count.router = moe_layers * hidden * model.moe->num_experts;
  }
  // Two norms per layer (before attention, before the FFN) and the final one.
  count.norms = (2 * layers + 1) * hidden + layers * InnerNormParameters(model.attention);
  return count;
}

double CountActiveParameters(const ModelSpec& model) {
  const ParameterCount count = CountParameters(model);
  if (!model.moe) return count.Total();
  const double chosen = static_cast<double>(model.moe->top_k) / model.moe->num_experts;
  return count.Total() - (1 - chosen) * count.routed_experts;
}

Bytes KvBytesPerToken(const ModelSpec& model) {
  return Bytes{static_cast<double>(model.num_layers) *
               CachedElementsPerTokenAndLayer(model.attention) *
               BytesPerElement(model.dtypes.kv_cache)};
}

}  // namespace switchyard
