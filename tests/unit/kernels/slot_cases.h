// Routed choices for tests of slots, and the twin of kernels/slots.h called on them.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "kernels/reference/slots_reference.h"
#include "kernels/slots.h"

namespace switchyard::kernels {

using reference::RoutedChoices;

struct CaseShape {
  std::uint32_t tokens;
  std::uint32_t experts;
  std::uint32_t top_k;
};

// Skewed loads, weights from few values (ties; NaN, -0, 0 and infinities among them), K distinct
// experts a token, every eighth choice kNoChoice or an id outside the experts.
[[nodiscard]] RoutedChoices RandomChoices(std::uint64_t seed, const CaseShape& shape);

// Calls AssignSlots on a copy; outputs are filled with rubbish before.
[[nodiscard]] reference::Slots Assign(const CapacitySpec& spec, std::uint32_t experts,
                                      const RoutedChoices& choices);

// Every DropBy, ChoiceOrder and SlotOrder, and both NormaliseWhen, with the factor num / den.
[[nodiscard]] std::vector<CapacitySpec> EverySpec(std::uint32_t num, std::uint32_t den);
[[nodiscard]] std::string Text(const CapacitySpec& spec);

// Bits, so that NaN equals NaN.
[[nodiscard]] std::vector<std::uint32_t> Bits(const std::vector<float>& floats);

}  // namespace switchyard::kernels
