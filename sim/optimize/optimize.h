// Searches a placement of a scenario's experts: every policy plans, a surrogate ranks the plans,
// the simulator settles the best of them on tokens that no plan was fitted to.
//
//   Result<OptimizeResult> result = Optimize(scenario, {});
//   result.value().chosen().placements;
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/optimize/result.h"
#include "sim/placement/placement_spec.h"
#include "sim/placement/problem.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

struct OptimizeOptions {
  // Held-out steps that each settled plan is simulated on; 0: nothing is simulated.
  std::uint32_t steps = 2;
  // Plans to settle besides linear and EPLB, best predicted first.
  std::uint32_t settled = 4;
  const std::atomic<bool>* stop = nullptr;  // set from a signal handler: ends the search early
  std::optional<std::chrono::steady_clock::time_point> deadline;
  // Work done, of how much, and a word on what it has brought ("gap 0.4 %"); may be empty.
  std::function<void(std::uint64_t done, std::uint64_t total, const std::string& note)> on_progress;

  [[nodiscard]] bool Expired() const {
    return (stop != nullptr && stop->load(std::memory_order_relaxed)) ||
           (deadline && std::chrono::steady_clock::now() >= *deadline);
  }
};

// The scenario has a MoE model. Fails when a file cannot be read or does not fit, or a step cannot
// be simulated.
[[nodiscard]] Result<OptimizeResult> Optimize(const Scenario& scenario,
                                              const OptimizeOptions& options);

// From counts alone, [moe_layers]: nothing is simulated, and only what counts tell is filled in.
[[nodiscard]] OptimizeResult OptimizeLoads(const PlacementShape& shape, const PlacementSpec& spec,
                                           std::uint64_t seed, std::vector<WindowLoads> layers,
                                           const OptimizeOptions& options);

}  // namespace switchyard
