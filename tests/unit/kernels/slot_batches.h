// Batches for AssignSlots from rows that were routed one by one: do the twin and the plain
// reference agree on them, bit for bit?
//
//   SlotBatch batch(number);
//   while (!batch.full()) batch.Add(spec.top_k, BitsOfTwin(c, instructions));
//   RouteBits bits = BitsOfSlots(batch);      // BitsOfSlotsReference(batch) has to be the same
#pragma once

#include <cstdint>

#include "kernels/reference/slots_reference.h"
#include "tests/unit/kernels/route_agreement.h"

namespace switchyard::kernels {

// 250 tokens and the best four choices of each; 64 experts, so that choices of others count
// nowhere.
class SlotBatch {
 public:
  static constexpr std::uint32_t kTokens = 250;
  static constexpr std::uint32_t kTopK = 4;
  static constexpr std::uint32_t kExperts = 64;

  // 48 batches in a row have every rule, order, numbering and normalisation once.
  explicit SlotBatch(std::uint64_t number);

  // top_k experts and weights, as a row's bits have them.
  void Add(std::uint32_t top_k, const RouteBits& row);
  [[nodiscard]] bool full() const { return choices_.tokens == kTokens; }

  [[nodiscard]] const CapacitySpec& spec() const { return spec_; }
  [[nodiscard]] const reference::RoutedChoices& choices() const { return choices_; }

 private:
  CapacitySpec spec_;
  reference::RoutedChoices choices_;
};

// Slots, wanted, kept, weights.
RouteBits BitsOfSlots(const SlotBatch& batch);
RouteBits BitsOfSlotsReference(const SlotBatch& batch);

}  // namespace switchyard::kernels
