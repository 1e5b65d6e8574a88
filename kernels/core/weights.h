// Weights of a token as AssignSlots uses them: its largest before the drop, all of them after it.
#pragma once

#include <cstdint>

#include "kernels/capacity_spec.h"
#include "kernels/core/det_math.h"
#include "kernels/core/ordered_key.h"
#include "kernels/views.h"

namespace switchyard::kernels::core {

// After the drop: what was dropped weighs nothing, and with NormaliseWhen::kAfterDrop the survivors
// are divided by their sum. slot, weight: the top_k entries of one token.
SWITCHYARD_HOST_DEVICE inline void SettleWeights(const CapacitySpec& spec, const std::int32_t* slot,
                                                 float* weight, std::uint32_t top_k) {
  float sum = 0.0F;
  for (std::uint32_t k = 0; k < top_k; ++k) {
    if (slot[k] < 0) weight[k] = 0.0F;
    if (slot[k] >= 0) sum = det::Add(sum, weight[k]);
  }
  if (spec.normalise == NormaliseWhen::kBeforeDrop) return;
  const float divisor = sum < spec.normalise_eps ? spec.normalise_eps : sum;
  if (divisor == 0.0F) return;
  for (std::uint32_t k = 0; k < top_k; ++k) {
    if (slot[k] >= 0) weight[k] = det::CanonicalNan(det::Div(weight[k], divisor));
  }
}

// The largest key of a token's weights, of choices that name an expert: its place in the queue of
// kTokenPriority. kExcludedKey without any.
[[nodiscard]] SWITCHYARD_HOST_DEVICE inline std::uint32_t LargestKey(const std::uint16_t* expert,
                                                                     const float* weight,
                                                                     std::uint32_t top_k,
                                                                     std::uint32_t experts) {
  std::uint32_t largest = kExcludedKey;
  for (std::uint32_t k = 0; k < top_k; ++k) {
    if (expert[k] >= experts) continue;
    const std::uint32_t key = OrderedKey(weight[k]);
    if (key > largest) largest = key;
  }
  return largest;
}

}  // namespace switchyard::kernels::core
