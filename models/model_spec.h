// The shape of a transformer with dense and Mixture-of-Experts layers, as its publisher states it.
//
// Plain data, no defaults that stand for unknown values: whoever builds a ModelSpec (card, import)
// has every number or reports what is missing.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/units.h"

namespace switchyard {

enum class Dtype : std::uint8_t { kFp32, kBf16, kFp16, kFp8, kFp4, kInt8, kInt4 };

// Bytes of one element; FP4 and INT4 take half a byte.
[[nodiscard]] double BytesPerElement(Dtype dtype);
[[nodiscard]] std::string_view ToString(Dtype dtype);  // "bf16"

// Multi-head (kv_heads == heads), grouped-query or multi-query (kv_heads == 1) attention.
struct GroupedAttention {
  std::uint32_t heads = 0;
  std::uint32_t kv_heads = 0;
  std::uint32_t head_dim = 0;
};

// Multi-head latent attention: one latent of kv_lora_rank + qk_rope_head_dim elements per token is
// cached (DeepSeek-V2, arXiv 2405.04434, section 2.1).
struct LatentAttention {
  std::uint32_t heads = 0;
  std::optional<std::uint32_t> q_lora_rank;  // absent: a full query projection
  std::uint32_t kv_lora_rank = 0;
  std::uint32_t qk_nope_head_dim = 0;
  std::uint32_t qk_rope_head_dim = 0;
  std::uint32_t v_head_dim = 0;
};

using AttentionSpec = std::variant<GroupedAttention, LatentAttention>;

enum class ScoreFunction : std::uint8_t { kSoftmax, kSigmoid, kSqrtSoftplus };
[[nodiscard]] std::string_view ToString(ScoreFunction score);  // "softmax"

struct MoeSpec {
  std::uint32_t num_experts = 0;               // routed experts per layer
  std::uint32_t top_k = 0;                     // routed experts per token
  std::uint32_t intermediate_size = 0;         // width of one routed expert
  std::uint32_t shared_intermediate_size = 0;  // summed over shared experts; 0: none
  std::uint32_t num_groups = 1;                // group-limited routing; 1: no limit
  std::uint32_t topk_groups = 1;
  ScoreFunction score = ScoreFunction::kSoftmax;
};

struct ModelDtypes {
  Dtype attention_weights = Dtype::kBf16;  // also dense FFN and shared experts
  Dtype expert_weights = Dtype::kBf16;     // routed experts
  Dtype activations = Dtype::kBf16;  // residual stream; also embeddings, LM head, router, norms
  Dtype kv_cache = Dtype::kBf16;
};

struct ModelSpec {
  std::string name;
  std::uint32_t hidden_size = 0;
  std::uint32_t num_layers = 0;
  std::uint32_t vocab_size = 0;
  std::uint32_t dense_intermediate_size = 0;
  std::vector<std::uint32_t> dense_layers;  // sorted, distinct; every other layer is MoE
  bool tied_embeddings = false;
  AttentionSpec attention;
  std::optional<MoeSpec> moe;      // absent: all layers are dense (dense_layers lists them all)
  std::uint32_t ffn_matrices = 3;  // 3: gated (gate, up, down), 2: plain (up, down)
  ModelDtypes dtypes;

  [[nodiscard]] bool IsMoeLayer(std::uint32_t layer) const;
  [[nodiscard]] std::uint32_t NumMoeLayers() const;
};

// Parameters by tensor class, biases and norms' vectors included where they exist in every variant
// of the family (norm weights), projection biases left out (below 0.1 % of any published model).
struct ParameterCount {
  double embedding = 0;       // input embedding and LM head
  double attention = 0;       // all layers
  double dense_ffn = 0;       // dense layers
  double shared_experts = 0;  // all MoE layers
  double routed_experts = 0;  // all MoE layers, all experts
  double router = 0;          // all MoE layers
  double norms = 0;
  [[nodiscard]] double Total() const {
    return embedding + attention + dense_ffn + shared_experts + routed_experts + router + norms;
  }
};
[[nodiscard]] ParameterCount CountParameters(const ModelSpec& model);
// Parameters that one token passes through: everything but the routed experts it does not choose.
[[nodiscard]] double CountActiveParameters(const ModelSpec& model);
// Weights of one layer's attention, elements.
[[nodiscard]] double AttentionParameters(const ModelSpec& model);
// Weights of one routed expert, elements.
[[nodiscard]] double ExpertParameters(const ModelSpec& model);
// Cached per token, all layers.
[[nodiscard]] Bytes KvBytesPerToken(const ModelSpec& model);

}  // namespace switchyard
