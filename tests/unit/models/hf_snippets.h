// Small configurations of several families, written for the importer's tests: sizes are made up.
#pragma once

#include <nlohmann/json.hpp>

namespace switchyard {

inline nlohmann::json MixtralConfig() {
  return {{"model_type", "mixtral"},   {"hidden_size", 512},          {"num_hidden_layers", 4},
          {"vocab_size", 1000},        {"num_attention_heads", 8},    {"num_key_value_heads", 2},
          {"intermediate_size", 896},  {"num_local_experts", 8},      {"num_experts_per_tok", 2},
          {"torch_dtype", "bfloat16"}, {"tie_word_embeddings", false}};
}

inline nlohmann::json DeepSeekConfig() {
  return {{"model_type", "deepseek_v3"},
          {"hidden_size", 512},
          {"num_hidden_layers", 6},
          {"vocab_size", 1000},
          {"num_attention_heads", 8},
          {"num_key_value_heads", 8},
          {"kv_lora_rank", 64},
          {"q_lora_rank", 96},
          {"qk_nope_head_dim", 32},
          {"qk_rope_head_dim", 16},
          {"v_head_dim", 32},
          {"intermediate_size", 1024},
          {"moe_intermediate_size", 128},
          {"n_routed_experts", 16},
          {"n_shared_experts", 2},
          {"num_experts_per_tok", 4},
          {"n_group", 4},
          {"topk_group", 2},
          {"first_k_dense_replace", 1},
          {"moe_layer_freq", 1},
          {"scoring_func", "sigmoid"},
          {"torch_dtype", "bfloat16"},
          {"tie_word_embeddings", false},
          {"quantization_config", {{"quant_method", "fp8"}}}};
}

inline nlohmann::json Llama4Config() {
  const nlohmann::json text = {{"model_type", "llama4_text"},
                               {"hidden_size", 512},
                               {"num_hidden_layers", 4},
                               {"vocab_size", 1000},
                               {"num_attention_heads", 8},
                               {"num_key_value_heads", 2},
                               {"head_dim", 128},
                               {"intermediate_size", 256},
                               {"intermediate_size_mlp", 1024},
                               {"num_local_experts", 16},
                               {"num_experts_per_tok", 1},
                               {"interleave_moe_layer_step", 2},
                               {"tie_word_embeddings", false}};
  return {{"model_type", "llama4"}, {"torch_dtype", "float16"}, {"text_config", text}};
}

inline nlohmann::json Qwen2Config() {
  return {{"model_type", "qwen2_moe"},
          {"hidden_size", 512},
          {"num_hidden_layers", 6},
          {"vocab_size", 1000},
          {"num_attention_heads", 8},
          {"num_key_value_heads", 2},
          {"intermediate_size", 1024},
          {"moe_intermediate_size", 128},
          {"shared_expert_intermediate_size", 640},
          {"num_experts", 16},
          {"num_experts_per_tok", 4},
          {"decoder_sparse_step", 2},
          {"mlp_only_layers", {5}},
          {"torch_dtype", "bfloat16"},
          {"tie_word_embeddings", true}};
}

inline nlohmann::json DeepSeekNativeConfig() {
  return {{"vocab_size", 1000},     {"dim", 512},
          {"inter_dim", 1024},      {"moe_inter_dim", 128},
          {"n_layers", 5},          {"n_dense_layers", 2},
          {"n_heads", 8},           {"n_routed_experts", 16},
          {"n_shared_experts", 1},  {"n_activated_experts", 4},
          {"n_expert_groups", 4},   {"n_limited_groups", 2},
          {"q_lora_rank", 0},       {"kv_lora_rank", 64},
          {"qk_nope_head_dim", 32}, {"qk_rope_head_dim", 16},
          {"v_head_dim", 32},       {"dtype", "fp8"}};
}

}  // namespace switchyard
