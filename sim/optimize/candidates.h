// Every policy's placement of all layers, judged without simulation.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "sim/optimize/evidence.h"
#include "sim/optimize/result.h"
#include "sim/placement/placement_spec.h"
#include "sim/placement/policy.h"

namespace switchyard {

struct CandidateProblem {
  PlacementShape shape;
  const PlacementSpec& spec;
  std::uint64_t seed = 1;
  const Evidence& evidence;
  const LayerPlacements* current = nullptr;  // null: linear; incremental is then left out
  std::optional<ObjectiveCosts> costs;       // absent: no objective
};

struct SearchControl {
  const std::atomic<bool>* stop = nullptr;
  std::optional<std::chrono::steady_clock::time_point> deadline;
  // Called after each layer of each policy with sums over the layers planned so far; may be empty.
  std::function<void(const PlanResult& so_far)> on_layer;
};

struct Candidates {
  std::vector<PlanResult> plans;
  bool cut_short = false;  // a limit ended the search of some policy in some layer
};

// Which policies a problem of this shape and evidence can be given to, in the table's order.
[[nodiscard]] std::vector<PlacementKind> PoliciesFor(const CandidateProblem& problem);

// One plan for each policy, all layers. When the control expires, the layers that are left are
// planned without further search.
[[nodiscard]] Candidates PlanCandidates(const CandidateProblem& problem,
                                        const SearchControl& control);

}  // namespace switchyard
