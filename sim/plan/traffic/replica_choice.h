// Which replica serves which choice, made explicit: choices of experts become choices of slots.
//
//   LayerRoutes slots = ChooseReplicas(routes, kept, placement, layout, ReplicaChoice::kLp);
//   form->Count(slots, kept, SlotPlacement(placement), layout);
#pragma once

#include "sim/placement/placement.h"
#include "sim/placement/placement_spec.h"
#include "sim/plan/traffic/copies.h"
#include "sim/routing/routes.h"

namespace switchyard {

// The same tokens with the slot of each choice in the place of its expert; num_experts is the
// number of slots. Dropped and missing choices stay as they are (any slot of their expert;
// kNoExpert). kLp minimises the most loaded rank's kept choices in these routes; of the replicas'
// shares, senders get those on their own rank first, then in their own node.
[[nodiscard]] LayerRoutes ChooseReplicas(const LayerRoutes& routes, const KeptMask& kept,
                                         const Placement& placement, const RankLayout& layout,
                                         ReplicaChoice choice);

// Every slot an expert of its own.
[[nodiscard]] Placement SlotPlacement(const Placement& placement);

}  // namespace switchyard
