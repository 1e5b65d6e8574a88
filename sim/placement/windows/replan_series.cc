#include "sim/placement/windows/replan_series.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>

#include "sim/base/check.h"
#include "sim/placement/split/token_routes.h"

namespace switchyard {
namespace {

// Below this a window says nothing any more.
constexpr double kLeastWeight = 0.02;
// A longer past has to predict this much better than a shorter one.
constexpr double kClearly = 0.95;
// A window this many times as far from the ones before it as they were from each other is a change
// of traffic. Both by trial on the ESFT traces, task after task and requests shuffled.
constexpr double kChange = 1.5;
// Tried in this order.
constexpr double kHistories[] = {0, 0.3, 0.5, 0.7, 0.85};

// Consecutive parts of a window, weighted.
void AddParts(const LayerRoutes& routes, std::uint32_t parts, double weight, WindowLoads& loads) {
  for (std::uint32_t p = 0; p < parts; ++p) {
    const auto first = static_cast<std::uint32_t>(std::uint64_t{routes.tokens} * p / parts);
    const auto end = static_cast<std::uint32_t>(std::uint64_t{routes.tokens} * (p + 1) / parts);
    std::vector<double> counts(loads.experts());
    for (std::uint32_t t = first; t < end; ++t) {
      for (const ExpertIndex e : routes.ChoicesOf(t)) {
        if (e != kNoExpert) counts[e] += weight;
      }
    }
    loads.Add(counts);
  }
}

// How far the weighted mean of windows 0 .. last is from the next one: sum of absolute differences
// of shares of load.
double PredictionError(const std::vector<std::vector<double>>& shares, double history,
                       std::size_t last) {
  double weights = 0;
  std::vector<double> mean(shares.front().size());
  for (std::size_t w = 0; w <= last; ++w) {
    const double weight = std::pow(history, static_cast<double>(last - w));
    weights += weight;
    for (std::size_t e = 0; e < mean.size(); ++e) mean[e] += weight * shares[w][e];
  }
  double error = 0;
  for (std::size_t e = 0; e < mean.size(); ++e) {
    error += std::fabs(mean[e] / weights - shares[last + 1][e]);
  }
  return error;
}

// The first window since traffic last changed: one that differs from the mean of those before it by
// much more than they did from each other.
std::size_t LastChange(const std::vector<std::vector<double>>& shares) {
  std::size_t start = 0;
  double errors = 0;
  for (std::size_t w = 1; w < shares.size(); ++w) {
    const std::vector<std::vector<double>> since(
        shares.begin() + static_cast<std::ptrdiff_t>(start),
        shares.begin() + static_cast<std::ptrdiff_t>(w) + 1);
    const double error = PredictionError(since, 1, since.size() - 2);
    const auto seen = static_cast<double>(since.size() - 2);
    const bool changed = since.size() > 2 && error > kChange * errors / seen;
    if (changed) start = w;
    errors = changed ? 0 : errors + error;
  }
  return start;
}

// Since when the past counts, and the weight of it that would have predicted the windows best.
std::pair<double, std::uint32_t> FitHistory(std::span<const LayerRoutes> windows,
                                            std::uint32_t last) {
  std::vector<std::vector<double>> shares;
  for (std::uint32_t w = 0; w <= last; ++w) {
    shares.push_back(CountChoices(windows[w]));
    const double sum = std::accumulate(shares[w].begin(), shares[w].end(), 0.0);
    for (double& share : shares[w]) share /= std::max(sum, 1.0);
  }
  const std::size_t start = LastChange(shares);
  // What came before the change predicts nothing and is judged by nothing.
  shares.erase(shares.begin(), shares.begin() + static_cast<std::ptrdiff_t>(start));
  const std::size_t known = last - start;
  double best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (const double history : kHistories) {
    double error = 0;
    for (std::size_t w = 0; w < known; ++w) error += PredictionError(shares, history, w);
    if (error >= kClearly * least) continue;
    least = error;
    best = history;
  }
  return {best, static_cast<std::uint32_t>(start)};
}

// What is known after window `last`, oldest first.
WindowLoads KnownLoads(std::uint32_t experts, std::span<const LayerRoutes> windows,
                       const ReplanRules& rules, std::uint32_t last) {
  const auto [history, start] =
      rules.history ? std::pair{*rules.history, 0U} : FitHistory(windows, last);
  WindowLoads loads(experts);
  for (std::uint32_t w = start; w <= last; ++w) {
    const double weight = std::pow(history, last - w);
    if (weight >= kLeastWeight) AddParts(windows[w], rules.parts, weight, loads);
  }
  return loads;
}

}  // namespace

std::vector<ReplanRecord> ReplaySeries(
    const PlacementProblem& problem, std::span<const LayerRoutes> windows, const ReplanRules& rules,
    const std::function<void(const ReplanRecord&, const Placement&)>& on_window) {
  SWITCHYARD_CHECK(
      rules.parts > 0 && rules.history.value_or(0) >= 0 && rules.history.value_or(0) <= 1,
      "windows have parts, and older windows no more weight than newer ones");
  std::vector<ReplanRecord> series;
  if (windows.size() < 2) return series;
  PlacementProblem plan = problem;
  plan.loads = KnownLoads(problem.shape.experts, windows, rules, 0);
  plan.routes = windows.data();
  plan.current = nullptr;
  plan.rules.max_moves.reset();
  const bool from_nothing = InfoOf(rules.policy).needs_current;
  Placement placement =
      MakePlacementPolicy(from_nothing ? PlacementKind::kBalanced : rules.policy)->Place(plan);
  plan.rules.max_moves = problem.rules.max_moves;
  const auto policy = MakePlacementPolicy(rules.policy);
  for (std::uint32_t w = 1; w < windows.size(); ++w) {
    ReplanRecord record{w, false, 0, 1, 1};
    if (w > 1 && rules.every > 0 && (w - 1) % rules.every == 0) {
      plan.loads = KnownLoads(problem.shape.experts, windows, rules, w - 1);
      plan.routes = &windows[w - 1];
      plan.current = &placement;
      Placement next = policy->Place(plan);
      record.replanned = true;
      record.slots_moved = SlotsMoved(placement, next);
      placement = std::move(next);
    }
    record.fitted = Balancedness(placement, CountChoices(windows[w - 1]), rules.split);
    record.balancedness = Balancedness(placement, CountChoices(windows[w]), rules.split);
    series.push_back(record);
    if (on_window) on_window(record, placement);
  }
  return series;
}

ReplanSummary Summarise(std::span<const ReplanRecord> series, std::uint32_t slots) {
  ReplanSummary summary;
  if (series.empty()) return summary;
  double moved = 0;
  double fitted = 0;
  double balancedness = 0;
  for (const ReplanRecord& record : series) {
    summary.plans += record.replanned ? 1 : 0;
    moved += record.slots_moved;
    fitted += record.fitted;
    balancedness += record.balancedness;
  }
  const auto windows = static_cast<double>(series.size());
  if (summary.plans > 0) summary.moved_share = moved / summary.plans / slots;
  summary.fitted = fitted / windows;
  summary.balancedness = balancedness / windows;
  return summary;
}

}  // namespace switchyard
