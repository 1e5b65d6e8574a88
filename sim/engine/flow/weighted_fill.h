// Max-min fair rates of flows that differ in weight: on a link that limits them, flows get capacity
// in proportion to their weights.
//
//   WeightedFill fill;
//   fill.Solve(sharing, weight, rate);
//
// Progressive filling (max_min.h) of rate / weight. Several times slower than MaxMinFill, which is
// the case of equal weights.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/engine/flow/max_min.h"

namespace switchyard {

// Contract: as MaxMinFill; weights are > 0, by flow.
class WeightedFill {
 public:
  void Solve(const Sharing& sharing, const std::vector<double>& weight, std::vector<double>& rate);
  // After Solve: capacity of a link that no flow uses.
  [[nodiscard]] double unused(std::size_t link) const { return links_[link].left; }

 private:
  struct LinkState {
    double left = 0.0;         // capacity not yet given to a fixed flow
    double weight = 0.0;       // of the flows whose rate is not yet fixed
    std::uint32_t rising = 0;  // these flows
  };
  [[nodiscard]] std::uint32_t NextToFill() const;

  std::vector<LinkState> links_;
  std::vector<std::uint8_t> fixed_;  // by flow
};

}  // namespace switchyard
