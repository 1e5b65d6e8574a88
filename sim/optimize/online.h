// What replanning is worth: a series of steps of one trace, in its order, each simulated under the
// placement that a policy had planned from the steps before, the moves of experts' weights
// included.
//
//   Result<OnlineResult> result = ReplayOnline(scenario, options);
//   result.value().best();
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/optimize/optimize.h"
#include "sim/optimize/result.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// Means over the series' steps.
struct OnlineVariant {
  std::string policy;
  std::uint32_t every = 0;  // steps between two plans; 0: planned once, from the first step
  std::uint32_t redundant_experts = 0;
  std::uint32_t plans = 0;  // after the first
  // Of each step's loads under the plan for it, mean over layers; with overlapped migration a plan
  // serves from the step after on.
  double balancedness = 1;
  double slots_moved_fraction = 0;         // of all slots, by each of those plans
  double time_per_step_s = 0;              // migration included
  double migration_s = 0;                  // of it: what steps with moves took longer than without
  double inter_node_bytes = 0;             // migration included
  std::vector<PairTraffic> hottest_pairs;  // migration included
};

struct OnlineResult {
  std::string scenario;
  std::uint64_t seed = 1;
  std::string fidelity;
  std::uint32_t steps = 0;  // that are judged; one more was planned from
  std::uint32_t tokens_per_step = 0;
  bool complete = true;  // false: variants that were not finished are left out
  // Linear first; then, by redundant experts: each policy planned once, and replanned.
  std::vector<OnlineVariant> variants;

  [[nodiscard]] const OnlineVariant& best() const;         // least time per step
  [[nodiscard]] const OnlineVariant* best_static() const;  // of those planned once, or linear
  [[nodiscard]] bool replanning_pays() const { return best().every > 0; }
};

// Compares what scenario.placement.replanning names. The scenario has a MoE model; a trace shows
// drift, a generator's loads do not change but by chance.
[[nodiscard]] Result<OnlineResult> ReplayOnline(const Scenario& scenario,
                                                const OptimizeOptions& options);

}  // namespace switchyard
