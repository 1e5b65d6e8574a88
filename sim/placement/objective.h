// What a placement costs a step, in seconds, term by term: a fast surrogate of the simulation that
// ranks candidates. Pure numbers in; the caller fills them from a scenario.
//
//   ObjectiveCosts costs;
//   costs.seconds_per_token = 6 * hidden * intermediate / flops;     // and so on
//   const ObjectiveTerms terms = Evaluate(placement, {shape, TokenSplit::kLp, windows}, costs);
//   terms.total_s;
//
// Per layer, over windows m of routes (each the tokens of one step of all ranks):
//
//   compute     mean over m of max over ranks g of
//                 seconds_per_token * sum over experts e on g of tiles(tokens of e on g)
//                 + seconds_per_active_expert * experts on g that have tokens
//               tiles(x) = x rounded up to gemm_tile_rows: a grouped GEMM computes whole tiles
//               (DeepGEMM's m-grouped kernels align each expert's rows to their block of rows).
//               An expert with tokens has its weights read once, however few they are.
//   inter_node  mean over m of max over nodes n of max(copies out of n, copies into n) at dispatch
//                 * (dispatch_bytes + combine_bytes) / node_bandwidth
//               One copy per token and distinct node other than the sender's; combine sends the
//               same copies back (DeepEP, internode dispatch and combine).
//   intra_node  mean over m of max over ranks g of max(copies out of g, copies into g)
//                 * (dispatch_bytes + combine_bytes) / rank_bandwidth
//               A copy enters a node at the rank with the sender's place in its node, which
//               forwards it to the other ranks of the node that serve the token (DeepEP).
//   migration   SlotsMoved(previous, placement) * expert_bytes
//                 / (migration_bandwidth * steps_between_replans)
//   total       the sum of weight * term
#pragma once

#include <cstdint>
#include <span>

#include "sim/placement/evaluate.h"

namespace switchyard {

// Seconds, bytes, bytes per second; a bandwidth of 0 means that nothing of its kind is counted.
struct ObjectiveCosts {
  double seconds_per_token = 0;          // of one expert's feed-forward network
  double seconds_per_active_expert = 0;  // reading its weights
  std::uint32_t gemm_tile_rows = 1;      // >= 1

  double dispatch_bytes = 0;  // of one copy of a token, scales included
  double combine_bytes = 0;
  double node_bandwidth = 0;  // of one node, each way
  double rank_bandwidth = 0;  // of one rank inside its node, each way

  double expert_bytes = 0;           // weights of one expert of this layer
  double migration_bandwidth = 0;    // of all ranks together
  double steps_between_replans = 1;  // > 0

  // The weights alpha, beta, gamma, delta.
  double compute_weight = 1;
  double inter_node_weight = 1;
  double intra_node_weight = 1;
  double migration_weight = 1;
};

struct ObjectiveTerms {
  double compute_s = 0;
  double inter_node_s = 0;
  double intra_node_s = 0;
  double migration_s = 0;  // of each step, spread over the steps between replans
  double total_s = 0;      // weighted
};

struct ObjectiveInput {
  PlacementShape shape;
  TokenSplit split = TokenSplit::kUniform;
  std::span<const LayerRoutes> windows;  // may be empty: only migration is counted
  const Placement* previous = nullptr;   // not owned; null: nothing moves
};

[[nodiscard]] ObjectiveTerms Evaluate(const Placement& placement, const ObjectiveInput& input,
                                      const ObjectiveCosts& costs);

}  // namespace switchyard
