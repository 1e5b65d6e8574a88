// Which rank holds which expert. One file per policy, one line each in registry.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// One layer's placement: rank_of_expert[e] holds expert e, as its slot slot_of_expert[e].
struct Placement {
  std::vector<std::uint16_t> rank_of_expert;
  std::vector<std::uint16_t> slot_of_expert;
  std::uint32_t ranks = 0;
  std::uint32_t slots_per_rank = 0;  // of the rank that holds most
};

// Contract: pure; every expert is placed on exactly one rank below `ranks`.
class PlacementPolicy {
 public:
  virtual ~PlacementPolicy() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  [[nodiscard]] virtual Placement Place(std::uint32_t num_experts, std::uint32_t ranks) const = 0;
};

[[nodiscard]] std::unique_ptr<PlacementPolicy> MakePlacementPolicy(PlacementKind kind);

// What is wrong with a placement of `num_experts` experts; empty when nothing is.
[[nodiscard]] Diagnostics Verify(const Placement& placement, std::uint32_t num_experts);

}  // namespace switchyard
