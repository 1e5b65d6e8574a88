// How one MoE layer's router turns logits into experts and weights: everything in which frameworks
// differ is a field, nothing a hidden default.
//
//   RouteSpec spec = FindPreset("deepseek_v3")->Route(256, 8);     // kernels/presets.h
//   if (const Status s = Validate(spec); !s.ok()) …
//
// A token's row of E logits z is turned into scores s (ScoreFunction), keys (SelectOn, plus a bias
// per expert), groups are limited, the K largest keys win, and the winners' weights follow
// WeightFrom, Renormalise and route_scale. Sources of each value are named beside it; arithmetic is
// that of core/det_math.h and gives the same bits on every machine.
#pragma once

#include <cstdint>

#include "kernels/status.h"

namespace switchyard::kernels {

inline constexpr std::uint32_t kMaxExperts = 4096;
inline constexpr std::uint32_t kMaxTopK = 64;
inline constexpr std::uint16_t kNoChoice = 0xFFFF;  // in place of an expert

enum class ScoreFunction : std::uint8_t {
  kIdentity,     // s = z
  kSoftmax,      // over the E experts (Switch, Mixtral)
  kSigmoid,      // 1 / (1 + e^-z) (DeepSeek-V3, Llama 4)
  kSqrtSoftplus  // sqrt(ln(1 + e^z)) (DeepSeek-V4)
};

enum class SelectOn : std::uint8_t {
  kLogit,         // z; softmax keeps its order
  kScore,         // s as computed: scores that round to the same value are ties
  kScorePlusBias  // s + b, DeepSeek-V3's correction bias; the bias is not in the weight
};

enum class WeightFrom : std::uint8_t {
  kScore,
  kSoftmaxOverTopK,  // softmax of the K winners' logits (GPT-OSS, Megatron without pre-softmax)
  kSigmoidOfLogit,   // Llama 4
  kUniform           // 1 / K (hash layers)
};

enum class Renormalise : std::uint8_t {
  kNone,
  kSum,         // w / sum w
  kSumPlusEps,  // w / (sum w + eps): vLLM, Megatron, TransformerEngine (eps 1e-20)
  kClampEps,    // w / max(sum w, eps): Tutel, fairseq, DeepSpeed
  kL2           // w / sqrt(sum w^2): MegaBlocks, moe_normalize_expert_weights 2
};

enum class GroupScore : std::uint8_t {
  kNone,    // no limit
  kMax,     // a group's largest key (DeepSeek-V2)
  kSumTopN  // sum of its group_top_n largest keys (DeepSeek-V3: 2; Megatron: K / topk_groups)
};

enum class MaskedGroups : std::uint8_t {
  kExcluded,  // an expert outside the kept groups never wins
  kZeroKey    // as the Hugging Face port of DeepSeek-V3: its key becomes 0 and can beat a negative
};

enum class NanRule : std::uint8_t {
  kLastAndFlag,  // canonical: NaN sorts below -inf, and the row is counted in the flags
  kAsZeroScore,  // vLLM since its #39391: a NaN or infinite score becomes 0 (not for kLogit)
  kAsLargest     // torch.topk: NaN beats +inf
};

enum class TieRule : std::uint8_t {
  kLowerIndex,  // canonical: equal keys, lower expert first; -0 equals +0
  // Below top-16: the order of a xor butterfly as lane 0 sees it. Only the order: that loop can
  // also choose an expert twice.
  kTransformerEngineNaive
};

struct RouteSpec {
  std::uint16_t experts = 0;  // 1 to kMaxExperts
  std::uint16_t top_k = 0;    // 1 to min(experts, kMaxTopK)
  ScoreFunction score = ScoreFunction::kSoftmax;
  SelectOn select = SelectOn::kLogit;
  WeightFrom weight = WeightFrom::kScore;
  Renormalise renormalise = Renormalise::kNone;
  float renormalise_eps = 1e-20F;
  float route_scale = 1.0F;
  GroupScore group_score = GroupScore::kNone;
  std::uint16_t groups = 1;       // divides experts
  std::uint16_t topk_groups = 1;  // 1 to groups; topk_groups * experts / groups >= top_k
  std::uint16_t group_top_n = 2;  // kSumTopN: 1 to experts / groups, at most 64
  MaskedGroups masked = MaskedGroups::kExcluded;
  NanRule nan = NanRule::kLastAndFlag;
  TieRule tie = TieRule::kLowerIndex;

  bool operator==(const RouteSpec&) const = default;
};

// The first rule of the comments above that does not hold.
Status Validate(const RouteSpec& spec);

// Expert choice: every expert takes its C best tokens (arXiv 2202.09368); a token may get none.
struct ExpertChoiceSpec {
  std::uint16_t experts = 0;
  std::uint32_t capacity = 0;        // C, slots of one expert; above the tokens: the tokens
  bool softmax_over_tokens = false;  // mesh-tensorflow; else over experts (flaxformer)
  bool divide_by_hits = false;       // mesh-tensorflow: w / max(1, experts that took the token)

  bool operator==(const ExpertChoiceSpec&) const = default;
};

Status Validate(const ExpertChoiceSpec& spec);

}  // namespace switchyard::kernels
