#include "tests/unit/models/read_card.h"

#include <initializer_list>
#include <stdexcept>

#include <yaml-cpp/yaml.h>

#include "sim/base/file.h"

namespace switchyard {
namespace {

void FlattenInto(const YAML::Node& node, const std::string& path, FlatCard& flat) {
  if (node.IsMap()) {
    for (const auto& entry : node) {
      const auto key = entry.first.as<std::string>();
      std::string nested = path;
      if (!nested.empty()) nested += '.';
      nested += key;
      FlattenInto(entry.second, nested, flat);
    }
  } else if (node.IsSequence()) {
    std::string joined;
    for (const auto& entry : node) joined.append(entry.as<std::string>()).append(",");
    flat[path] = joined;
  } else {
    flat[path] = node.as<std::string>();
  }
}

std::uint32_t Number(const FlatCard& card, const std::string& key) {
  return static_cast<std::uint32_t>(std::stoul(card.at("model." + key)));
}

template <class Enum>
Enum Named(const FlatCard& card, const std::string& key, std::initializer_list<Enum> values) {
  for (const Enum value : values) {
    if (ToString(value) == card.at("model." + key)) return value;
  }
  throw std::runtime_error("no such value: " + card.at("model." + key));
}

Dtype DtypeOf(const FlatCard& card, const std::string& key) {
  return Named(card, "dtypes." + key,
               {Dtype::kFp32, Dtype::kBf16, Dtype::kFp16, Dtype::kFp8, Dtype::kFp4, Dtype::kInt8,
                Dtype::kInt4});
}

AttentionSpec AttentionOf(const FlatCard& card) {
  const std::uint32_t heads = Number(card, "attention.heads");
  if (!card.contains("model.attention.latent.kv_lora_rank")) {
    return GroupedAttention{heads, Number(card, "attention.grouped.kv_heads"),
                            Number(card, "attention.grouped.head_dim")};
  }
  LatentAttention latent;
  latent.heads = heads;
  if (card.contains("model.attention.latent.q_lora_rank")) {
    latent.q_lora_rank = Number(card, "attention.latent.q_lora_rank");
  }
  latent.kv_lora_rank = Number(card, "attention.latent.kv_lora_rank");
  latent.qk_nope_head_dim = Number(card, "attention.latent.qk_nope_head_dim");
  latent.qk_rope_head_dim = Number(card, "attention.latent.qk_rope_head_dim");
  latent.v_head_dim = Number(card, "attention.latent.v_head_dim");
  return latent;
}

MoeSpec MoeOf(const FlatCard& card) {
  MoeSpec moe;
  moe.num_experts = Number(card, "moe.num_experts");
  moe.top_k = Number(card, "moe.top_k");
  moe.intermediate_size = Number(card, "moe.intermediate_size");
  moe.shared_intermediate_size = Number(card, "moe.shared_intermediate_size");
  moe.num_groups = Number(card, "moe.num_groups");
  moe.topk_groups = Number(card, "moe.topk_groups");
  moe.score =
      Named(card, "moe.score_function",
            {ScoreFunction::kSoftmax, ScoreFunction::kSigmoid, ScoreFunction::kSqrtSoftplus});
  return moe;
}

}  // namespace

FlatCard Flatten(const std::string& yaml) {
  FlatCard flat;
  FlattenInto(YAML::Load(yaml), "", flat);
  return flat;
}

std::string CardText(const std::string& name) {
  constexpr std::size_t kMaxCardBytes = 1 << 20;
  return ReadFile(std::string(SWITCHYARD_SOURCE_DIR) + "/models/cards/" + name + ".yaml",
                  kMaxCardBytes)
      .value();
}

ModelSpec ReadCard(const std::string& name) {
  const FlatCard card = Flatten(CardText(name));
  ModelSpec model;
  model.name = card.at("model.name");
  model.hidden_size = Number(card, "hidden_size");
  model.num_layers = Number(card, "num_layers");
  model.vocab_size = Number(card, "vocab_size");
  model.dense_intermediate_size = Number(card, "dense_intermediate_size");
  const std::string& dense = card.at("model.dense_layers");
  for (std::size_t at = 0; at < dense.size(); at = dense.find(',', at) + 1) {
    model.dense_layers.push_back(static_cast<std::uint32_t>(std::stoul(dense.substr(at))));
  }
  model.tied_embeddings = card.at("model.tied_embeddings") == "true";
  model.attention = AttentionOf(card);
  model.moe = MoeOf(card);
  model.ffn_matrices = Number(card, "ffn_matrices");
  model.dtypes = {DtypeOf(card, "attention_weights"), DtypeOf(card, "expert_weights"),
                  DtypeOf(card, "activations"), DtypeOf(card, "kv_cache")};
  return model;
}

}  // namespace switchyard
