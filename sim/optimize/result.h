// What `switchyard optimize` found out: plain numbers, printed by report.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sim/placement/objective.h"
#include "sim/placement/placement.h"

namespace switchyard {

// Bytes that one rank sends to another in a step, dispatch and combine.
struct PairTraffic {
  std::uint32_t from = 0;
  std::uint32_t to = 0;
  double bytes = 0;
};

// Means over the simulated held-out steps.
struct SimulatedFigures {
  double step_time_s = 0;
  double load_max_over_mean = 1;
  double inter_node_bytes = 0;
  std::vector<PairTraffic> hottest_pairs;  // most bytes first
};

// One policy's placement of all layers. Figures per layer are means over layers.
struct PlanResult {
  std::string policy;
  bool chosen = false;
  std::string broken_rule;      // "distinct_nodes"; empty: all are kept. Such a plan is not chosen
  double balancedness_fit = 0;  // of the loads fitted to, summed over windows
  std::optional<double> balancedness_held_out;  // mean over held-out windows
  double bound = 1;                             // no placement's balancedness_fit is above
  std::optional<double> inter_node_copies;      // per token and layer, held-out
  std::optional<double> node_balancedness;      // held-out
  double slots_moved_fraction = 0;              // against the current placement
  double wasted_slots_fraction = 0;             // a second replica on one rank
  double ms_per_layer = 0;                      // planning time, wall clock
  std::optional<ObjectiveTerms> objective;      // summed over layers, held-out tokens
  std::optional<double> predicted_step_time_s;  // surrogate, anchored at the simulated linear plan
  std::optional<SimulatedFigures> simulated;    // on the steps that choose
  std::optional<SimulatedFigures> confirmed;    // on others: of the chosen plan, linear and EPLB
  LayerPlacements placements;

  [[nodiscard]] double gap() const { return 1 - balancedness_fit / bound; }
};

struct OptimizeResult {
  std::string scenario;
  std::uint64_t seed = 1;
  std::string fidelity;  // empty: nothing was simulated
  PlacementShape shape;
  std::uint32_t layers = 0;
  std::uint32_t fit_windows = 0;
  std::uint32_t held_out_windows = 0;
  std::uint32_t tokens_per_window = 0;
  std::uint32_t simulated_steps = 0;   // of each plan that is settled
  std::uint32_t confirming_steps = 0;  // others, of the chosen plan and of those compared with
  bool complete = true;                // false: a limit or a signal ended the search
  std::vector<PlanResult> plans;       // in the order of the policies; one is chosen

  [[nodiscard]] const PlanResult* Find(const std::string& policy) const;
  [[nodiscard]] const PlanResult& chosen() const;
};

}  // namespace switchyard
