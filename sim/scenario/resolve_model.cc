#include <algorithm>
#include <numeric>

#include "scenarios/schema/model.pb.h"
#include "sim/scenario/canonical.h"
#include "sim/scenario/resolve.h"

namespace switchyard {
namespace {

std::string Text(std::uint32_t value) { return std::to_string(value); }

ScoreFunction ToScore(pb::Moe::ScoreFunction score) {
  switch (score) {
    case pb::Moe::SIGMOID:
      return ScoreFunction::kSigmoid;
    case pb::Moe::SQRTSOFTPLUS:
      return ScoreFunction::kSqrtSoftplus;
    case pb::Moe::SOFTMAX:
    case pb::Moe::UNSPECIFIED:
      break;
  }
  return ScoreFunction::kSoftmax;
}

AttentionSpec ToAttention(const pb::Attention& attention) {
  if (attention.has_grouped()) {
    const pb::Attention::Grouped& grouped = attention.grouped();
    return GroupedAttention{attention.heads(), grouped.kv_heads(), grouped.head_dim()};
  }
  const pb::Attention::Latent& latent = attention.latent();
  LatentAttention spec;
  spec.heads = attention.heads();
  if (latent.has_q_lora_rank()) spec.q_lora_rank = latent.q_lora_rank();
  spec.kv_lora_rank = latent.kv_lora_rank();
  spec.qk_nope_head_dim = latent.qk_nope_head_dim();
  spec.qk_rope_head_dim = latent.qk_rope_head_dim();
  spec.v_head_dim = latent.v_head_dim();
  return spec;
}

void CheckAttention(const pb::Attention& attention, const Resolution& at) {
  if (!at.problems.Usable({"model.attention"})) return;
  if (attention.kind_case() == pb::Attention::KIND_NOT_SET) {
    at.Error("model.attention", "needs one of: grouped, latent");
  } else if (attention.has_grouped() && attention.heads() % attention.grouped().kv_heads() != 0) {
    at.Error("model.attention.grouped.kv_heads", Text(attention.grouped().kv_heads()) +
                                                     " does not divide the " +
                                                     Text(attention.heads()) + " query heads");
  }
}

void CheckExperts(const pb::Moe& moe, const Resolution& at) {
  if (!at.problems.Usable({"model.moe"})) return;
  const std::uint32_t experts = moe.num_experts();
  if (moe.top_k() > experts) {
    at.Error("model.moe.top_k", Text(moe.top_k()) + " choices per token, but only " +
                                    Text(experts) + " experts (num_experts)");
  }
  if (experts % moe.num_groups() != 0) {
    at.Error("model.moe.num_groups",
             Text(moe.num_groups()) + " groups do not divide " + Text(experts) + " experts evenly");
    return;
  }
  if (moe.topk_groups() > moe.num_groups()) {
    at.Error("model.moe.topk_groups", Text(moe.topk_groups()) + " groups per token, but only " +
                                          Text(moe.num_groups()) + " groups (num_groups)");
    return;
  }
  const std::uint32_t reachable = moe.topk_groups() * (experts / moe.num_groups());
  if (moe.top_k() <= experts && moe.top_k() > reachable) {
    at.Error("model.moe.top_k", Text(moe.top_k()) + " choices per token, but " +
                                    Text(moe.topk_groups()) + " of " + Text(moe.num_groups()) +
                                    " groups hold only " + Text(reachable) + " experts");
  }
}

// Sorts dense_layers; false when they cannot be right.
bool CheckDenseLayerIndices(pb::Model& model, const Resolution& at) {
  bool good = true;
  for (int i = 0; i < model.dense_layers_size(); ++i) {
    const std::uint32_t layer = model.dense_layers(i);
    if (layer < model.num_layers()) continue;
    at.Error("model.dense_layers[" + std::to_string(i) + "]",
             "layer " + Text(layer) + " does not exist: the model has layers 0 .. " +
                 Text(model.num_layers() - 1) + " (num_layers)");
    good = false;
  }
  auto& layers = *model.mutable_dense_layers();
  std::sort(layers.begin(), layers.end());
  const auto twice = std::adjacent_find(layers.begin(), layers.end());
  if (twice != layers.end()) {
    at.Error("model.dense_layers", "layer " + Text(*twice) + " is listed twice");
    good = false;
  }
  return good;
}

void CheckLayers(pb::Model& model, const Resolution& at) {
  if (!at.problems.Usable({"model.num_layers", "model.dense_layers"})) return;
  if (!CheckDenseLayerIndices(model, at)) return;
  if (!at.problems.Usable({"model.moe", "model.dense_intermediate_size"})) return;
  if (!model.has_moe() && model.dense_layers().empty()) {  // a dense model needs no list
    model.mutable_dense_layers()->Resize(static_cast<int>(model.num_layers()), 0);
    std::iota(model.mutable_dense_layers()->begin(), model.mutable_dense_layers()->end(), 0U);
  }
  const auto dense = static_cast<std::uint32_t>(model.dense_layers_size());
  if (model.has_moe() && dense == model.num_layers()) {
    at.Error("model.moe", "no layer has experts: dense_layers lists every layer");
  } else if (!model.has_moe() && dense < model.num_layers()) {
    at.Error("model", "needs 'moe' for the " + Text(model.num_layers() - dense) +
                          " layers that dense_layers does not list");
  }
  if (dense > 0 && model.dense_intermediate_size() == 0) {
    at.Error("model.dense_intermediate_size",
             "must be above 0: " + Text(dense) + " layers are dense");
  }
}

}  // namespace

Dtype ToDtype(pb::Dtype_Kind kind) {
  switch (kind) {
    case pb::Dtype::FP32:
      return Dtype::kFp32;
    case pb::Dtype::FP16:
      return Dtype::kFp16;
    case pb::Dtype::FP8:
      return Dtype::kFp8;
    case pb::Dtype::FP4:
      return Dtype::kFp4;
    case pb::Dtype::INT8:
      return Dtype::kInt8;
    case pb::Dtype::INT4:
      return Dtype::kInt4;
    case pb::Dtype::BF16:
    case pb::Dtype::UNSPECIFIED:
      break;
  }
  return Dtype::kBf16;
}

ModelSpec ResolveModel(pb::Model& message, const Resolution& at) {
  FillDefaults(message);
  CheckAttention(message.attention(), at);
  if (message.has_moe()) CheckExperts(message.moe(), at);
  CheckLayers(message, at);
  ModelSpec model;
  if (!at.problems.Usable({"model"})) return model;
  model.name = message.name();
  model.hidden_size = message.hidden_size();
  model.num_layers = message.num_layers();
  model.vocab_size = message.vocab_size();
  model.dense_intermediate_size = message.dense_intermediate_size();
  model.dense_layers.assign(message.dense_layers().begin(), message.dense_layers().end());
  model.tied_embeddings = message.tied_embeddings();
  model.attention = ToAttention(message.attention());
  if (message.has_moe()) {
    const pb::Moe& moe = message.moe();
    model.moe = MoeSpec{moe.num_experts(),
                        moe.top_k(),
                        moe.intermediate_size(),
                        moe.shared_intermediate_size(),
                        moe.num_groups(),
                        moe.topk_groups(),
                        ToScore(moe.score_function())};
  }
  model.ffn_matrices = message.ffn_matrices();
  const pb::Model::Dtypes& dtypes = message.dtypes();
  model.dtypes = {ToDtype(dtypes.attention_weights()), ToDtype(dtypes.expert_weights()),
                  ToDtype(dtypes.activations()), ToDtype(dtypes.kv_cache())};
  return model;
}

}  // namespace switchyard
