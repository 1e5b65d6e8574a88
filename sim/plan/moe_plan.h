// What router decisions mean for the step: who sends how many token copies where, how many rows
// each expert computes, what is dropped. Computed layer by layer; routes themselves are not kept.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "sim/base/result.h"
#include "sim/placement/placement.h"
#include "sim/plan/experts/migration.h"
#include "sim/plan/traffic/copies.h"
#include "sim/routing/routes.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// One MoE layer of one micro-batch. Slots are those of all devices: device d has
// [d * slots_per_rank, (d + 1) * slots_per_rank).
struct MoeLayerPlan {
  std::vector<Copies> copies;         // of dispatch, between devices; combine is the reverse
  std::vector<std::uint32_t> chosen;  // by slot: choices sent its way
  std::vector<std::uint32_t> kept;    // by slot: choices computed
  std::vector<std::uint32_t> rows;  // by slot: rows of the grouped GEMM; kept, or the padded buffer
  std::uint64_t dropped = 0;        // choices made and not computed
  std::uint64_t absent = 0;         // choices that a trace does not hold (kNoExpert)
  std::uint64_t tokens_fully_dropped = 0;  // tokens none of whose choices is computed
};

struct MoePlan {
  LayerPlacements placements;  // [moe_layers], the same in every expert-parallel group
  std::uint32_t groups = 1;    // each of placement.ranks() consecutive devices, with all experts
  std::uint32_t moe_layers = 0;
  std::uint32_t micro_batches = 1;
  std::vector<MoeLayerPlan> layers;  // [moe_layer * micro_batches + micro_batch]
  // [moe_layers] or empty: weights that move, by ranks of a group, the same in every group.
  std::vector<WeightMoves> moves;
  bool moves_block = false;  // the step begins when they have arrived

  [[nodiscard]] std::uint32_t slots_per_rank() const { return placements[0].slots_per_rank(); }
  [[nodiscard]] std::uint32_t DeviceOfSlot(std::size_t slot) const {
    return static_cast<std::uint32_t>(slot / slots_per_rank());
  }
  // kNoExpert for an empty slot.
  [[nodiscard]] ExpertIndex ExpertOfSlot(std::uint32_t moe_layer, std::size_t slot) const {
    const Placement& placement = placements[moe_layer];
    return placement.expert_of_slot()[slot % placement.num_slots()];
  }
  [[nodiscard]] const MoeLayerPlan& at(std::uint32_t moe_layer, std::uint32_t micro_batch) const {
    return layers[std::size_t{moe_layer} * micro_batches + micro_batch];
  }
};

// Tokens choose among the experts of their own expert-parallel group; capacity holds in each group
// on its own. Each rank's tokens are split evenly into micro-batches, in order; capacity holds for
// each micro-batch on its own, as the buffers do. Fails when the routing source cannot be opened or
// does not fit the model. A dense model gives no layers.
Result<MoePlan> PlanExperts(const Scenario& scenario);

// The same with parts of it given, which the scenario then does not decide. Not owned.
struct PlanInputs {
  const LayerPlacements* placements = nullptr;  // [moe_layers]; null: PlaceExperts
  const LayerPlacements* current = nullptr;     // null: PlacementSpec::current
  // The tokens of all devices, layer by layer; empty: from the scenario's routing.
  std::function<LayerRoutes(std::uint32_t moe_layer)> routes;
};
Result<MoePlan> PlanExperts(const Scenario& scenario, const PlanInputs& inputs);

}  // namespace switchyard
