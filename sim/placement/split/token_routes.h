// Which slot serves each choice of each token: a split of counts brought down to tokens.
//
//   const std::vector<std::uint32_t> slots = RouteTokens(placement, shape, routes,
//   TokenSplit::kLp); slots[t * routes.top_k + j];   // of the token's j-th choice; kNoSlot for
//   kNoExpert
//
// Token t of n is sent by rank t * ranks / n.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/placement/evaluate.h"

namespace switchyard {

inline constexpr std::uint32_t kNoSlot = 0xffffffff;

// Contract: deterministic; a slot holds the expert that was chosen. Dropped choices (kept[i] == 0;
// an empty mask: none) get the replica of their sender's turn, and no split counts them.
//   kUniform: an expert's tokens go to its replicas in turn, token by token; counts differ by at
//     most one, as TokenSplitter's do.
//   kLocalFirst: a replica on the sender's rank, else on its node, senders in turn, else the
//   replica
//     of the sender's turn (Placement::SlotFor), as SGLang's static dispatch.
//   kLp: each slot serves what TokenSplitter gives it; of its tokens, senders on its rank get it
//     first, then those on its node, then tokens that visit its node for another choice.
[[nodiscard]] std::vector<std::uint32_t> RouteTokens(const Placement& placement,
                                                     const PlacementShape& shape,
                                                     const LayerRoutes& routes, TokenSplit split,
                                                     const KeptMask& kept = {});

// Tokens that chose each expert: [routes.num_experts]. All tokens, or [first, first + count).
[[nodiscard]] std::vector<double> CountChoices(const LayerRoutes& routes);
[[nodiscard]] std::vector<double> CountChoices(const LayerRoutes& routes, std::uint64_t first,
                                               std::uint32_t count);

}  // namespace switchyard
