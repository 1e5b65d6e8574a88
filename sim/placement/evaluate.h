// What a placement does with given loads or tokens: the figures every plan is judged by.
//
//   RankLoads(placement, loads, TokenSplit::kUniform);     // [ranks]
//   Balancedness(placement, loads, TokenSplit::kLp);       // mean over max, SGLang's definition
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/placement.h"
#include "sim/placement/problem.h"
#include "sim/routing/routes.h"

namespace switchyard {

// How the tokens of a replicated expert are divided among its replicas.
enum class TokenSplit : std::uint8_t {
  kUniform,     // evenly (EPLB's assumption; SGLang's dynamic dispatch)
  kLocalFirst,  // to the sender's own rank, then its node, if a replica is there; else evenly
                // (SGLang's static dispatch)
  kLp           // batch by batch, so that the most loaded rank has least (DeepSeek's LPLB)
};

// loads[experts] -> load of each rank. kLocalFirst needs senders and is not for this function
// (std::logic_error).
[[nodiscard]] std::vector<double> RankLoads(const Placement& placement,
                                            std::span<const double> loads, TokenSplit split);

// mean / max of the rank loads; 1 when all are 0.
[[nodiscard]] double Balancedness(const Placement& placement, std::span<const double> loads,
                                  TokenSplit split);
// The mean over the windows, each judged by itself.
[[nodiscard]] double MeanBalancedness(const Placement& placement, const WindowLoads& loads,
                                      TokenSplit split);

// Of tokens whose choices are known.
struct NodeTraffic {
  double nodes_per_token = 0;          // distinct nodes that a token's choices touch (D)
  double remote_copies_per_token = 0;  // of those, nodes other than the sender's
  double node_balancedness = 1;        // mean / max over nodes of choices computed there
};
// Senders: token t of n is sent by rank t * ranks / n. A choice of a replicated expert goes to a
// node that the token already touches if it can, the sender's first; else to the replica that the
// sender's turn gives.
[[nodiscard]] NodeTraffic CountNodeTraffic(const Placement& placement, const PlacementShape& shape,
                                           const LayerRoutes& routes);
// The same for a server that divides tokens its own way (split/token_routes.h).
[[nodiscard]] NodeTraffic CountNodeTraffic(const Placement& placement, const PlacementShape& shape,
                                           const LayerRoutes& routes, TokenSplit split);

}  // namespace switchyard
