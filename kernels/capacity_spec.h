// How many slots an expert has, who gets one, and in which order: the drop rules of the frameworks
// as explicit fields.
//
//   CapacitySpec spec = FindPreset("switch")->capacity;           // kernels/presets.h
//   CapacityOf(spec.rule, /*tokens=*/4096, /*experts=*/64, /*top_k=*/1);
//
// A dropped choice sends nothing and computes nothing; its token goes on along the residual stream.
#pragma once

#include <cstdint>

#include "kernels/status.h"

namespace switchyard::kernels {

// C from T tokens, E experts and K choices a token, factor f = num / den.
struct CapacityRule {
  enum class Base : std::uint8_t {
    kRatio,         // f T / E                    (Megatron, DeepSpeed, T5X, MegaBlocks)
    kCeilPerExpert  // f ceil(T / E)              (fairseq, Tutel)
  };
  enum class TimesK : std::uint8_t {
    kNo,              // (flaxformer, mesh-tensorflow)
    kBeforeRounding,  // (Megatron, DeepSpeed, MegaBlocks)
    kAfterRounding    // (Tutel)
  };
  // The last five do the arithmetic of a framework, rounded step by step as written: f T / E from
  // the left, T K in place of T with kBeforeRounding, ceil(T / E) for T / E with kCeilPerExpert.
  enum class Round : std::uint8_t {
    kCeil,         // of the exact fraction, in integers
    kFloor,        // of the exact fraction, in integers
    kHalfEven,     // (f T) / E in double, then to the nearest, ties to even: Python (flaxformer)
    kCeilDouble,   // ceil((T / E) f) in double (Megatron)
    kCeilFloat,    // ceil(float(T / E) float(f K)) in float (DeepSpeed)
    kFloorDouble,  // int(f (T / E)) in double (fairseq, Tutel, MegaBlocks)
    kFloorProduct  // int((f T) / E) in double (mesh-tensorflow)
  };
  std::uint32_t num = 1;
  std::uint32_t den = 1;
  Base base = Base::kRatio;
  TimesK times_k = TimesK::kBeforeRounding;
  Round round = Round::kCeil;
  std::uint32_t min = 0;         // at least so many slots
  std::uint32_t align = 1;       // rounded up to a multiple of this
  bool clamp_to_tokens = false;  // at most T
  // At most what the most wanted expert wants (Tutel, negative factor). Changes the size of the
  // buffers and what is sent where they are sent whole, never which choice is kept.
  bool clamp_to_demand = false;

  bool operator==(const CapacityRule&) const = default;
};

// Rounded as the rule says, then at least min, at most `demand` (clamp_to_demand; the choices of
// the most wanted expert), aligned, and clamped to T. Saturates at 2^32 - 1; 0 without experts.
// core/capacity.h is the same for device code.
[[nodiscard]] std::uint32_t CapacityOf(const CapacityRule& rule, std::uint32_t tokens,
                                       std::uint32_t experts, std::uint32_t top_k,
                                       std::uint32_t demand = 0xFFFFFFFF);

enum class DropBy : std::uint8_t {
  kNone,           // dropless: every choice has a slot
  kPosition,       // first come, first served, in CapacitySpec::order
  kWeight,         // an expert keeps its C largest weights; ties: lower token, then better choice
  kTokenPriority,  // batch-prioritised (arXiv 2106.05974): as kPosition, but tokens with a larger
                   // largest weight come first; ties: lower token
  kRandom,         // as kWeight by a draw per (token, choice), word x of Philox({token, choice, 0,
                   // 0}, seed): DeepSpeed's use_rts
  kNoTokenLeftBehind  // mesh-tensorflow: choice j only for tokens that choices before j left out,
                      // so that a token keeps one choice at most
};
// Of kNone, kPosition and kTokenPriority; the other rules have an order of their own.
enum class ChoiceOrder : std::uint8_t {
  kTokenMajor,  // all choices of a token, then the next token (MegaBlocks)
  kChoiceMajor  // all first choices, then all second choices (GShard)
};
enum class SlotOrder : std::uint8_t {
  kTokenOrder,  // slots of an expert ascend with the token
  kPriority     // in the order in which choices were served
};
enum class NormaliseWhen : std::uint8_t {
  kBeforeDrop,  // weights stay as routed; a dropped choice's share is lost
  kAfterDrop    // survivors are normalised again; a token that lost all keeps zeros
};

struct CapacitySpec {
  CapacityRule rule;
  DropBy drop = DropBy::kNone;
  ChoiceOrder order = ChoiceOrder::kTokenMajor;
  SlotOrder slots = SlotOrder::kTokenOrder;
  NormaliseWhen normalise = NormaliseWhen::kBeforeDrop;
  // kAfterDrop: w / max(sum, eps), the sum over the survivors in order of choice; a sum of 0
  // changes nothing. A true division, as in the frameworks: an only survivor gets exactly 1.
  float normalise_eps = 0.0F;
  std::uint64_t seed = 0;  // kRandom

  bool operator==(const CapacitySpec&) const = default;
};

// den, align > 0 and what else the comments above ask for.
Status Validate(const CapacitySpec& spec);

}  // namespace switchyard::kernels
