#include "tests/unit/kernels/slot_cases.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <limits>

#include "kernels/core/ordered_key.h"
#include "kernels/route_spec.h"
#include "sim/base/rng.h"

namespace switchyard::kernels {
namespace {

float RandomWeight(Rng& rng) {
  constexpr float kOdd[] = {std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity(),
                            -std::numeric_limits<float>::infinity(),
                            -0.0F,
                            0.0F,
                            -0.25F};
  if (rng.Below(32) == 0) return kOdd[rng.Below(std::size(kOdd))];
  return static_cast<float>(1 + rng.Below(40)) / 41.0F;
}

}  // namespace

RoutedChoices RandomChoices(std::uint64_t seed, const CaseShape& shape) {
  Rng rng(seed);
  RoutedChoices choices{{}, {}, shape.tokens, shape.top_k};
  std::vector<std::uint16_t> ids(shape.experts);
  std::vector<std::uint64_t> picked(shape.top_k);
  for (std::uint16_t e = 0; e < shape.experts; ++e) ids[e] = e;
  for (std::uint32_t t = 0; t < shape.tokens; ++t) {
    for (std::uint32_t k = 0; k < shape.top_k; ++k) {
      // The smaller of two draws: low experts are wanted most. A partial shuffle keeps K distinct.
      const std::uint64_t left = shape.experts - k;
      picked[k] = k + std::min(rng.Below(left), rng.Below(left));
      std::swap(ids[k], ids[picked[k]]);
      const bool none = rng.Below(8) == 0;
      const auto outside =
          static_cast<std::uint16_t>(rng.Below(2) == 0 ? shape.experts : kNoChoice);
      choices.expert.push_back(none ? outside : ids[k]);
      choices.weight.push_back(RandomWeight(rng));
    }
    for (std::uint32_t k = shape.top_k; k-- > 0;) std::swap(ids[k], ids[picked[k]]);
  }
  return choices;
}

reference::Slots Assign(const CapacitySpec& spec, std::uint32_t experts,
                        const RoutedChoices& choices) {
  constexpr std::uint32_t kRubbish = 0xDDDDDDDD;
  reference::Slots result;
  result.slot.assign(choices.expert.size(), static_cast<std::int32_t>(kRubbish));
  result.wanted.assign(experts, kRubbish);
  result.kept.assign(experts, kRubbish);
  result.weight = choices.weight;
  std::vector<std::byte> workspace(
      AssignSlotsWorkspace(spec, choices.tokens, experts, choices.top_k), std::byte{0xDD});
  const Choices<Memory::kHost> in{
      {choices.expert.data(), choices.tokens, choices.top_k},
      {result.weight.data(), result.weight.empty() ? 0 : choices.tokens, choices.top_k}};
  const SlotOutput<Memory::kHost> out{{result.slot.data(), choices.tokens, choices.top_k},
                                      {result.wanted.data(), experts},
                                      {result.kept.data(), experts}};
  const Status s = AssignSlots(spec, experts, in, out, {workspace.data(), workspace.size()});
  EXPECT_TRUE(s.ok()) << s.what;
  return result;
}

std::vector<CapacitySpec> EverySpec(std::uint32_t num, std::uint32_t den) {
  std::vector<CapacitySpec> specs;
  for (const DropBy drop : {DropBy::kNone, DropBy::kPosition, DropBy::kWeight,
                            DropBy::kTokenPriority, DropBy::kRandom, DropBy::kNoTokenLeftBehind}) {
    for (int bits = 0; bits < 8; ++bits) {
      CapacitySpec spec;
      spec.rule.num = num;
      spec.rule.den = den;
      spec.drop = drop;
      spec.order = (bits & 1) != 0 ? ChoiceOrder::kChoiceMajor : ChoiceOrder::kTokenMajor;
      spec.slots = (bits & 2) != 0 ? SlotOrder::kPriority : SlotOrder::kTokenOrder;
      spec.normalise = (bits & 4) != 0 ? NormaliseWhen::kAfterDrop : NormaliseWhen::kBeforeDrop;
      spec.normalise_eps = (bits & 1) != 0 ? 1.1920929e-7F : 0.0F;
      spec.seed = 20260101;
      specs.push_back(spec);
    }
  }
  return specs;
}

std::string Text(const CapacitySpec& spec) {
  const auto number = [](auto value) { return std::to_string(static_cast<int>(value)); };
  return "drop " + number(spec.drop) + " order " + number(spec.order) + " slots " +
         number(spec.slots) + " normalise " + number(spec.normalise) + " factor " +
         std::to_string(spec.rule.num) + "/" + std::to_string(spec.rule.den);
}

std::vector<std::uint32_t> Bits(const std::vector<float>& floats) {
  std::vector<std::uint32_t> bits;
  bits.reserve(floats.size());
  for (const float x : floats) bits.push_back(BitsOf(x));
  return bits;
}

}  // namespace switchyard::kernels
