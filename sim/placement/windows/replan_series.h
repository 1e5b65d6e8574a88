// Replanning over a drifting trace, window by window: planned on the past, judged on what comes.
//
//   ReplanRules rules{PlacementKind::kIncremental, 1, std::nullopt, 16};
//   const std::vector<ReplanRecord> series = ReplaySeries(problem, windows, rules);
//   const ReplanSummary summary = Summarise(series);      // slots moved, balance of the next
//   window
//
// Window t is served by the placement that was planned from windows 0 .. t-1; window 0 has none and
// is not judged. The first plan is the policy's on window 0 (kIncremental: kBalanced's), whatever
// it moves; from then on the placement in force is the problem's `current`.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "sim/placement/evaluate.h"
#include "sim/placement/policy.h"

namespace switchyard {

struct ReplanRules {
  PlacementKind policy = PlacementKind::kIncremental;
  std::uint32_t every = 1;  // windows between plans; 0: never after the first
  // A window's weight in a plan is history^(its age in windows): 0 plans from the last one alone, 1
  // from all of them alike. 0 <= history <= 1.
  // Absent: the windows since traffic last changed, with the weight that predicted them best, each
  // from those before it.
  std::optional<double> history;
  // Each window is given to the policy as so many windows, one after the other: those that prepare
  // for differences see them.
  std::uint32_t parts = 16;
  TokenSplit split = TokenSplit::kUniform;  // by which balance is judged
};

struct ReplanRecord {
  std::uint32_t window = 0;       // from 1 on
  bool replanned = false;         // right before it
  std::uint32_t slots_moved = 0;  // by that
  double fitted = 1;              // balance on the window before it
  double balancedness = 1;        // on this one
};

struct ReplanSummary {
  std::uint32_t plans = 0;  // after the first
  double moved_share = 0;   // of all slots, mean over those plans
  double fitted = 1;        // mean over windows
  double balancedness = 1;
};

// `problem` gives shape, rules (max_moves holds from the second plan on), limits and seed; its
// loads, routes and current are ignored. windows of problem.shape.experts; their tokens are the
// plan's routes too, those of the last one.
//
// on_window, which may be empty, is told each record with the placement in force; it must not keep
// the reference.
[[nodiscard]] std::vector<ReplanRecord> ReplaySeries(
    const PlacementProblem& problem, std::span<const LayerRoutes> windows, const ReplanRules& rules,
    const std::function<void(const ReplanRecord&, const Placement&)>& on_window = {});

[[nodiscard]] ReplanSummary Summarise(std::span<const ReplanRecord> series, std::uint32_t slots);

}  // namespace switchyard
