// More choices per token than were recorded, by measured co-activation (trace_scale.h).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/routing/routes.h"

namespace switchyard {

class MoreChoices {
 public:
  // `choices` of one layer, [token * top_k + j].
  MoreChoices(std::span<const ExpertIndex> choices, std::uint32_t top_k, std::uint32_t num_experts);

  // Fills the entries of `token` behind the first `top_k`, which are the measured ones. `draw` says
  // which random numbers: the same for tokens that are to stay alike. A token without any choice
  // gets none; where nothing is ever chosen together with the token's experts, any expert may come.
  void Fill(std::uint64_t draw, std::span<ExpertIndex> token);

 private:
  std::uint32_t top_k_;
  std::uint32_t num_experts_;
  std::vector<std::uint32_t> together_;  // tokens that choose both, [a * num_experts + b]
  std::vector<double> weight_;           // [expert], of the token at hand
  std::vector<double> time_;             // [expert], when it would be drawn
};

}  // namespace switchyard
