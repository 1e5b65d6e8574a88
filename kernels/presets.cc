#include "kernels/presets.h"

#include <algorithm>
#include <array>
#include <limits>

namespace switchyard::kernels {
namespace {

constexpr float kFloatEpsilon = std::numeric_limits<float>::epsilon();  // torch.finfo(float32).eps

using Base = CapacityRule::Base;
using Round = CapacityRule::Round;
using TimesK = CapacityRule::TimesK;

// Softmax over all experts; the K largest, their probabilities as weights.
RouteSpec SoftmaxRoute(Renormalise renormalise, float eps = 0.0F) {
  RouteSpec route;
  route.renormalise = renormalise;
  route.renormalise_eps = eps;
  return route;
}

// The K largest logits, then softmax over these.
RouteSpec TopKThenSoftmax() {
  RouteSpec route;
  route.score = ScoreFunction::kIdentity;
  route.weight = WeightFrom::kSoftmaxOverTopK;
  return route;
}

// arXiv 2101.03961: top-1, factor 1.25, first come, first served.
RouterPreset Switch() {
  CapacitySpec capacity;
  capacity.rule = {
      .num = 5, .den = 4, .times_k = TimesK::kNo, .round = Round::kFloorProduct, .min = 4};
  capacity.drop = DropBy::kPosition;
  capacity.order = ChoiceOrder::kChoiceMajor;
  capacity.slots = SlotOrder::kPriority;
  return {"switch",
          "tensorflow/mesh, mesh_tensorflow/transformer/moe.py: _switch_gating",
          "no jitter of the router's input",
          128,
          1,
          SoftmaxRoute(Renormalise::kNone),
          capacity};
}

// arXiv 2006.16668, algorithm 1: capacity 2 S / E.
RouterPreset Gshard() {
  CapacitySpec capacity;
  capacity.rule = {.num = 2, .times_k = TimesK::kNo, .round = Round::kFloorProduct, .min = 4};
  capacity.drop = DropBy::kPosition;
  capacity.order = ChoiceOrder::kChoiceMajor;
  capacity.slots = SlotOrder::kPriority;
  return {"gshard",
          "tensorflow/mesh, mesh_tensorflow/transformer/moe.py: _top_2_gating",
          "second choices by policy \"all\", not drawn by their weight",
          2048,
          2,
          SoftmaxRoute(Renormalise::kSumPlusEps, 1e-9F),
          capacity};
}

RouterPreset FairseqMoe() {
  CapacitySpec capacity;
  capacity.rule = {
      .base = Base::kCeilPerExpert, .times_k = TimesK::kAfterRounding, .round = Round::kFloor};
  capacity.drop = DropBy::kPosition;
  capacity.order = ChoiceOrder::kChoiceMajor;
  capacity.slots = SlotOrder::kPriority;
  capacity.normalise = NormaliseWhen::kAfterDrop;
  capacity.normalise_eps = kFloatEpsilon;
  return {"fairseq_moe",
          "facebookresearch/fairseq, branch moe, fairseq/modules/moe/top2gate.py: top2gating",
          "the largest second choice, not one drawn with Gumbel noise; capacity as in training",
          512,
          2,
          SoftmaxRoute(Renormalise::kNone),
          capacity};
}

RouterPreset Megatron() {
  CapacitySpec capacity;
  capacity.rule = {.round = Round::kCeilDouble};
  capacity.drop = DropBy::kWeight;
  return {"megatron",
          "NVIDIA/Megatron-LM, megatron/core/transformer/moe/moe_utils.py: "
          "topk_routing_with_score_function, get_capacity, apply_router_token_dropping",
          "factor 1, token_drop_policy probs; without moe_expert_capacity_factor nothing drops",
          8,
          2,
          TopKThenSoftmax(),
          capacity};
}

RouterPreset DeepSpeed() {
  CapacitySpec capacity;
  capacity.rule = {.round = Round::kCeilFloat, .min = 4};
  capacity.drop = DropBy::kRandom;
  return {"deepspeed",
          "deepspeedai/DeepSpeed, deepspeed/moe/sharded_moe.py: top1gating",
          "k = 1 with use_rts, the defaults; top2gating: drop by position, choice-major, survivors "
          "normalised",
          128,
          1,
          SoftmaxRoute(Renormalise::kNone),
          capacity};
}

RouterPreset Tutel() {
  CapacitySpec capacity;
  capacity.rule = {.base = Base::kCeilPerExpert,
                   .times_k = TimesK::kAfterRounding,
                   .round = Round::kFloorDouble};
  capacity.drop = DropBy::kPosition;
  capacity.order = ChoiceOrder::kChoiceMajor;
  capacity.slots = SlotOrder::kPriority;
  return {"tutel",
          "microsoft/Tutel, tutel/impls/fast_dispatch.py: extract_critical",
          "capacity_factor 1",
          32,
          2,
          SoftmaxRoute(Renormalise::kClampEps, kFloatEpsilon),
          capacity,
          false};
}

RouterPreset MegaBlocks() {
  CapacitySpec capacity;
  capacity.rule = {.round = Round::kFloorDouble};
  capacity.drop = DropBy::kPosition;
  capacity.slots = SlotOrder::kPriority;
  return {
      "megablocks",
      "databricks/megablocks, megablocks/layers/router.py: LearnedRouter.forward, "
      "megablocks/layers/moe.py: ParallelMLP.expert_capacity",
      "ParallelMLP with factor 1; dMoE drops nothing. Softmax in float, there in the model's type",
      64,
      1,
      SoftmaxRoute(Renormalise::kNone),
      capacity};
}

RouterPreset Mixtral() {
  return {
      "mixtral", "huggingface/transformers, models/mixtral/modeling_mixtral.py: MixtralTopKRouter",
      "",        8,
      2,         SoftmaxRoute(Renormalise::kSum),
      {}};
}

RouterPreset DeepSeekV2() {
  RouteSpec route = SoftmaxRoute(Renormalise::kNone);
  route.route_scale = 16.0F;
  route.group_score = GroupScore::kMax;
  route.groups = 8;
  route.topk_groups = 3;
  return {"deepseek_v2",
          "deepseek-ai/DeepSeek-V3, inference/model.py: Gate.forward; "
          "inference/configs/config_236B.json",
          "",
          160,
          6,
          route,
          {}};
}

RouterPreset DeepSeekV3() {
  RouteSpec route;
  route.score = ScoreFunction::kSigmoid;
  route.select = SelectOn::kScorePlusBias;
  route.renormalise = Renormalise::kSum;
  route.route_scale = 2.5F;
  route.group_score = GroupScore::kSumTopN;
  route.groups = 8;
  route.topk_groups = 4;
  route.group_top_n = 2;
  return {"deepseek_v3",
          "deepseek-ai/DeepSeek-V3, inference/model.py: Gate.forward; "
          "inference/configs/config_671B.json",
          "",
          256,
          8,
          route,
          {}};
}

RouterPreset Qwen3Moe() {
  return {"qwen3_moe",
          "huggingface/transformers, models/qwen3_moe/modeling_qwen3_moe.py: Qwen3MoeTopKRouter",
          "norm_topk_prob true, as in the published configurations",
          128,
          8,
          SoftmaxRoute(Renormalise::kSum),
          {}};
}

RouterPreset GptOss() {
  return {"gpt_oss",
          "openai/gpt-oss, gpt_oss/torch/model.py: MLPBlock.forward",
          "the gate's bias is part of the logits",
          128,
          4,
          TopKThenSoftmax(),
          {}};
}

RouterPreset Llama4() {
  RouteSpec route;
  route.score = ScoreFunction::kIdentity;
  route.weight = WeightFrom::kSigmoidOfLogit;
  return {"llama4",
          "huggingface/transformers, models/llama4/modeling_llama4.py: Llama4Router",
          "the weight multiplies the expert's input",
          128,
          1,
          route,
          {}};
}

RouterPreset Olmoe() {
  return {"olmoe",
          "huggingface/transformers, models/olmoe/modeling_olmoe.py: OlmoeTopKRouter",
          "norm_topk_prob false, as in the published configuration",
          64,
          8,
          SoftmaxRoute(Renormalise::kNone),
          {}};
}

std::array<RouterPreset, 14> MakePresets() {
  std::array presets = {Switch(),   Gshard(),     FairseqMoe(), Megatron(),   DeepSpeed(),
                        Tutel(),    MegaBlocks(), Mixtral(),    DeepSeekV2(), DeepSeekV3(),
                        Qwen3Moe(), GptOss(),     Llama4(),     Olmoe()};
  for (RouterPreset& preset : presets) {
    preset.route.experts = preset.experts;
    preset.route.top_k = preset.top_k;
  }
  std::sort(presets.begin(), presets.end(),
            [](const RouterPreset& a, const RouterPreset& b) { return a.name < b.name; });
  return presets;
}

bool GroupsFit(const RouteSpec& route) {
  if (route.groups == 0 || route.experts % route.groups != 0) return false;
  const std::uint32_t members = route.experts / route.groups;
  return route.topk_groups * members >= route.top_k &&
         (route.group_score != GroupScore::kSumTopN || route.group_top_n <= members);
}

}  // namespace

RouteSpec RouterPreset::Route(std::uint16_t num_experts, std::uint16_t choices) const {
  RouteSpec result = route;
  result.experts = num_experts;
  result.top_k = choices;
  if (choices == 1 && !renormalise_top1) result.renormalise = Renormalise::kNone;
  if (result.group_score != GroupScore::kNone && !GroupsFit(result)) {
    result.group_score = GroupScore::kNone;
    result.groups = 1;
    result.topk_groups = 1;
  }
  return result;
}

std::span<const RouterPreset> RouterPresets() {
  static const std::array<RouterPreset, 14> kPresets = MakePresets();
  return kPresets;
}

const RouterPreset* FindPreset(std::string_view name) {
  for (const RouterPreset& preset : RouterPresets()) {
    if (preset.name == name) return &preset;
  }
  return nullptr;
}

}  // namespace switchyard::kernels
