// Experts' weights on their way from one placement to another.
//
//   const WeightMoves moves = PlanMoves(current[layer], next[layer], ranks_per_node);
#pragma once

#include <cstdint>
#include <vector>

#include "sim/placement/placement.h"
#include "sim/plan/traffic/copies.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// `experts` experts' weights of one layer from rank `from` to rank `to`, different ranks.
struct WeightMove {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  std::uint32_t experts = 0;
};
// Sorted by (from, to), each pair once.
using WeightMoves = std::vector<WeightMove>;

// What each rank lacks of `to` comes from a rank that has it in `from`: in the same node if there
// is one, and of several the one that has sent least so far. Both placements are of one shape.
[[nodiscard]] WeightMoves PlanMoves(const Placement& from, const Placement& to,
                                    std::uint32_t ranks_per_node);

// What a step does about a new placement: which placement its tokens meet in each layer, and what
// moves. [moe_layers]
struct MigrationStep {
  LayerPlacements placements;
  std::vector<WeightMoves> moves;
};
// Only the first layers_per_step layers that change move (0: all). Blocking: they are in their new
// places when the step begins; overlapped: only when it ends.
[[nodiscard]] MigrationStep StepOfMigration(const LayerPlacements& from, const LayerPlacements& to,
                                            const MigrationSpec& spec,
                                            std::uint32_t ranks_per_node);

// Weights of one routed expert, in the model's dtype.
[[nodiscard]] Bytes ExpertWeightBytes(const ModelSpec& model);

}  // namespace switchyard
