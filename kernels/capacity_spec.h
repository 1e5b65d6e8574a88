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
  enum class Round : std::uint8_t {
    kCeil,        // of the exact fraction, in integers
    kFloor,       // of the exact fraction
    kHalfEven,    // of the double, as Python's round (flaxformer)
    kCeilDouble,  // ceil((T K / E) f) in double (Megatron)
    kCeilFloat    // ceil((T / E) K f) in float (DeepSpeed)
  };
  std::uint32_t num = 1;
  std::uint32_t den = 1;
  Base base = Base::kRatio;
  TimesK times_k = TimesK::kBeforeRounding;
  Round round = Round::kCeil;
  std::uint32_t min = 0;         // at least so many slots
  std::uint32_t align = 1;       // rounded up to a multiple of this
  bool clamp_to_tokens = false;  // at most T
  bool clamp_to_demand =
      false;  // at most the most wanted expert's choices (Tutel, negative factor)

  bool operator==(const CapacityRule&) const = default;
};

// Rounded as the rule says, then at least min, then aligned, then clamped to T. Saturates at
// 2^32 - 1. clamp_to_demand is applied where the demand is known, in AssignSlots.
[[nodiscard]] std::uint32_t CapacityOf(const CapacityRule& rule, std::uint32_t tokens,
                                       std::uint32_t experts, std::uint32_t top_k);

enum class DropBy : std::uint8_t {
  kNone,           // dropless: every choice has a slot
  kPosition,       // first come, first served, in CapacitySpec::order
  kWeight,         // an expert keeps its C largest weights; ties: lower token, then better choice
  kTokenPriority,  // batch-prioritised (arXiv 2106.05974): tokens by their largest weight
  kRandom,         // a draw per (token, choice), Philox keyed by seed: DeepSpeed's use_rts
  kNoTokenLeftBehind  // mesh-tensorflow: choice j only for tokens that choices before j left out
};
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
  float normalise_eps = 0.0F;  // kAfterDrop: w / max(sum, eps); 0: w / sum
  std::uint64_t seed = 0;      // kRandom

  bool operator==(const CapacitySpec&) const = default;
};

// den, align > 0 and what else the comments above ask for.
Status Validate(const CapacitySpec& spec);

}  // namespace switchyard::kernels
