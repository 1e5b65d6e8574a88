#include "tests/unit/kernels/slot_batches.h"

#include <cstddef>

#include "kernels/core/ordered_key.h"
#include "kernels/slots.h"

namespace switchyard::kernels {
namespace {

RouteBits Join(const reference::Slots& slots) {
  RouteBits bits;
  bits.words.assign(slots.slot.begin(), slots.slot.end());
  bits.words.insert(bits.words.end(), slots.wanted.begin(), slots.wanted.end());
  bits.words.insert(bits.words.end(), slots.kept.begin(), slots.kept.end());
  for (const float w : slots.weight) bits.words.push_back(BitsOf(w));
  return bits;
}

}  // namespace

SlotBatch::SlotBatch(std::uint64_t number) {
  constexpr std::uint64_t kRules = 6;
  std::uint64_t rest = number;
  const auto next = [&rest](std::uint64_t values) {
    const std::uint64_t value = rest % values;
    rest /= values;
    return value;
  };
  spec_.drop = static_cast<DropBy>(next(kRules));
  spec_.order = static_cast<ChoiceOrder>(next(2));
  spec_.slots = static_cast<SlotOrder>(next(2));
  spec_.normalise = static_cast<NormaliseWhen>(next(2));
  spec_.normalise_eps = next(2) == 0 ? 0.0F : 1e-2F;
  spec_.rule.num = static_cast<std::uint32_t>(1 + next(4));  // factors 1/2 to 2
  spec_.rule.den = 2;
  spec_.seed = number;
  choices_.top_k = kTopK;
}

void SlotBatch::Add(std::uint32_t top_k, const RouteBits& row) {
  for (std::uint32_t k = 0; k < kTopK; ++k) {
    const bool chosen = k < top_k;
    choices_.expert.push_back(chosen ? static_cast<std::uint16_t>(row.words[k]) : kNoChoice);
    choices_.weight.push_back(chosen ? FloatOf(row.words[top_k + k]) : 0.0F);
  }
  ++choices_.tokens;
}

// No words at all where the arguments are refused: never what the reference has.
RouteBits BitsOfSlots(const SlotBatch& batch) {
  const reference::RoutedChoices& in = batch.choices();
  constexpr std::uint32_t kExperts = SlotBatch::kExperts;
  reference::Slots slots{std::vector<std::int32_t>(in.expert.size()),
                         std::vector<std::uint32_t>(kExperts), std::vector<std::uint32_t>(kExperts),
                         in.weight};
  std::vector<std::byte> workspace(
      AssignSlotsWorkspace(batch.spec(), in.tokens, kExperts, in.top_k));
  const Status status = AssignSlots(
      batch.spec(), kExperts,
      {{in.expert.data(), in.tokens, in.top_k}, {slots.weight.data(), in.tokens, in.top_k}},
      {{slots.slot.data(), in.tokens, in.top_k},
       {slots.wanted.data(), kExperts},
       {slots.kept.data(), kExperts}},
      {workspace.data(), workspace.size()});
  return status.ok() ? Join(slots) : RouteBits{};
}

RouteBits BitsOfSlotsReference(const SlotBatch& batch) {
  const reference::RoutedChoices& in = batch.choices();
  const std::uint32_t capacity =
      CapacityOf(batch.spec().rule, in.tokens, SlotBatch::kExperts, in.top_k);
  return Join(reference::AssignSlots(batch.spec(), SlotBatch::kExperts, capacity, in));
}

}  // namespace switchyard::kernels
