// The weights of a row's winners on the host, and what is odd about the row.
#pragma once

#include "kernels/host/row.h"

namespace switchyard::kernels::host {

SWITCHYARD_KERNEL_INLINE SoftmaxOf SoftmaxOverWinners(const RouteSpec& spec, const Row& row,
                                                      const std::uint16_t* expert) {
  SoftmaxOf softmax;
  bool any_nan = false;
  std::uint32_t largest = kExcludedKey;
  for (std::uint32_t k = 0; k < spec.top_k; ++k) {
    const std::uint32_t key = OrderedKey(row.logit[expert[k]]);
    any_nan = any_nan || key == kNanKey;
    largest = key > largest ? key : largest;
  }
  softmax.max = FloatOfKey(largest);
  softmax.poisoned = Poisons(spec, any_nan, softmax.max);
  softmax.sum = 0.0F;
  for (std::uint32_t k = 0; k < spec.top_k; ++k) {
    softmax.sum = det::Add(softmax.sum, SoftmaxAddend(row.logit[expert[k]], softmax.max));
  }
  return softmax;
}

SWITCHYARD_KERNEL_INLINE float WinnersWeight(const RouteSpec& spec, float z,
                                             const SoftmaxOf& over_winners,
                                             const SoftmaxOf& over_row) {
  switch (spec.weight) {
    case WeightFrom::kScore:
      return ScoreOfLogit(spec, z, over_row);
    case WeightFrom::kSoftmaxOverTopK:
      return SoftmaxShare(z, over_winners);
    case WeightFrom::kSigmoidOfLogit:
      return det::Sigmoid(z);
    case WeightFrom::kUniform:
      break;
  }
  return det::Div(1.0F, static_cast<float>(spec.top_k));
}

SWITCHYARD_KERNEL_INLINE void WeighWinners(const RouteSpec& spec, const std::uint16_t* expert,
                                           float* out, Row& row) {
  SoftmaxOf over_winners;
  if (spec.weight == WeightFrom::kSoftmaxOverTopK) {
    over_winners = SoftmaxOverWinners(spec, row, expert);
  }
  for (std::uint32_t k = 0; k < spec.top_k; ++k) {
    const float z = row.logit[expert[k]];
    row.weight[k] = WeightUnder(spec.nan, WinnersWeight(spec, z, over_winners, row.softmax));
  }
  float sum = 0.0F;
  for (std::uint32_t k = 0; k < spec.top_k; ++k) {
    sum = det::Add(sum, RowAddend(spec, row.weight[k]));
  }
  const float factor = RowFactor(spec, sum);
  for (std::uint32_t k = 0; k < spec.top_k; ++k) {
    out[k] = det::CanonicalNan(det::Mul(row.weight[k], factor));
  }
}

SWITCHYARD_KERNEL_INLINE void FlagRow(const RouteSpec& spec, const Row& row, RouteFlags* flags) {
  bool finite = true;
  for (std::uint32_t k = 0; k < spec.top_k; ++k) {
    finite = finite && IsFiniteKey(KeyOfPacked(row.winner[k]));
  }
  const std::uint32_t last = KeyOfPacked(row.winner[spec.top_k - 1U]);
  flags->nan_rows += row.any_nan ? 1U : 0U;
  flags->inf_rows += row.any_infinite ? 1U : 0U;
  flags->short_rows += finite ? 0U : 1U;
  flags->saturated_rows += last == KeyOfPacked(row.winner[spec.top_k]) ? 1U : 0U;
}

}  // namespace switchyard::kernels::host
