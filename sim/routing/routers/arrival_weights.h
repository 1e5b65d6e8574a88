// Router weights for a sequence of experts drawn one after the other without replacement.
//
//   ArrivalWeights weights(total);
//   for each choice drawn with probability p / remaining:  out[j] = weights.Next(rng, remaining);
//   NormalizeWeights(out);
//
// Drawing experts without replacement in proportion to popularities p_e is the same as sorting
// logits ln p_e + Gumbel noise (Gumbel top-k: Yellott 1977; Kool et al., arXiv 1903.06059), and
// exp(ln p_e + Gumbel) = p_e / Exp(1) = 1 / T_e with T_e the first arrival of a Poisson process of
// rate p_e. Given the order of the experts, the gaps between their arrivals are exponential with
// the rate of all experts not yet drawn. So 1 / T_j, normalised over the token's choices, has
// exactly the law of the softmax over the top_k noisy logits, the gate of Mixtral (arXiv
// 2401.04088), at the cost of one logarithm a choice; and it descends, as a router's weights do.
#pragma once

#include <cmath>
#include <span>

#include "sim/base/rng.h"

namespace switchyard {

class ArrivalWeights {
 public:
  // `remaining`: total popularity of the experts that could have been drawn at this choice.
  [[nodiscard]] float Next(Rng& rng, double remaining) {
    time_ += -std::log(rng.Uniform()) / remaining;
    if (first_ == 0.0) first_ = time_;
    return static_cast<float>(first_ / time_);  // relative to the first: in (0, 1]
  }

 private:
  double time_ = 0.0;
  double first_ = 0.0;
};

inline void NormalizeWeights(std::span<float> weights) {
  float sum = 0.0F;
  for (const float w : weights) sum += w;
  for (float& w : weights) w /= sum;
}

}  // namespace switchyard
