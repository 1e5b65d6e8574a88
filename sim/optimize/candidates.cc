#include "sim/optimize/candidates.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "sim/placement/balance/fold.h"
#include "sim/placement/bounds.h"
#include "sim/placement/evaluate.h"
#include "sim/placement/exact/fold_lp.h"
#include "sim/placement/exact/mates_lp.h"
#include "sim/placement/rules.h"
#include "sim/plan/experts/place_experts.h"

namespace switchyard {
namespace {

using Clock = std::chrono::steady_clock;

TokenSplit SplitOf(ReplicaChoice choice) {
  return choice == ReplicaChoice::kLp ? TokenSplit::kLp : TokenSplit::kUniform;
}

// The best that any split over the slots can do: the mean, or the hottest expert on as many ranks
// as it may have replicas.
double SplitBound(const PlacementShape& shape, const PlacementRules& rules,
                  std::span<const double> loads) {
  double sum = 0;
  double hottest = 0;
  for (const double load : loads) {
    sum += load;
    hottest = std::max(hottest, load);
  }
  const double mean = sum / shape.ranks;
  const std::uint32_t replicas = std::min({shape.ranks, rules.max_replicas, shape.redundant() + 1});
  return sum == 0 ? 1 : mean / std::max(mean, hottest / replicas);
}

// No placement that splits evenly is above. At few slots a rank the linear programs are worth their
// 0.03 to 0.05 s.
double EvenBound(const PlacementShape& shape, const PlacementRules& rules,
                 std::span<const double> loads, bool quickly) {
  constexpr std::uint32_t kFewSlots = 3;
  const BalanceBound quick = BoundBalance(shape, loads, rules);
  if (quickly || shape.slots_per_rank < 2 || shape.slots_per_rank > kFewSlots ||
      quick.max_load == 0 || shape.slots() > kMostFoldSlots) {
    return quick.balancedness;
  }
  // EPLB may hold an expert twice on a rank: ranks do not limit its replicas.
  const FoldProblem problem{loads, shape.slots(),
                            std::min(shape.redundant() + 1, rules.max_replicas)};
  const double least = shape.slots_per_rank == 2 ? FoldLpBound(problem)
                                                 : MatesLpBound(problem, shape.slots_per_rank);
  return quick.balancedness * quick.max_load / std::max(quick.max_load, least);
}

std::vector<LayerRoutes> Windows(const LayerRoutes& routes, std::uint32_t tokens_per_window) {
  std::vector<LayerRoutes> windows;
  for (std::uint64_t first = 0; first + tokens_per_window <= routes.tokens;
       first += tokens_per_window) {
    windows.push_back(SliceTokens(routes, first, tokens_per_window));
  }
  return windows;
}

// Places and judges one layer after the other, adding up a policy's figures.
class Planner {
 public:
  Planner(const CandidateProblem& problem, const SearchControl& control)
      : problem_(problem), control_(control) {}

  struct Layer {
    LayerEvidence evidence;
    std::vector<LayerRoutes> held_out_windows;
    Placement current;
    double bound = 1;  // of balancedness
  };

  Layer Open(std::uint32_t index) const {
    Layer layer;
    layer.evidence = problem_.evidence.Layer(index);
    if (problem_.evidence.tokens_per_window() > 0) {
      layer.held_out_windows =
          Windows(layer.evidence.held_out_routes, problem_.evidence.tokens_per_window());
    }
    layer.current = problem_.current != nullptr
                        ? (*problem_.current)[index]
                        : MakePlacementPolicy(PlacementKind::kLinear)->Place(ProblemOf(layer));
    const PlacementProblem problem = ProblemOf(layer);
    layer.bound = SplitOf(problem_.spec.split) == TokenSplit::kLp
                      ? SplitBound(problem.shape, problem.rules, problem.loads.Total())
                      : EvenBound(problem.shape, problem.rules, problem.loads.Total(), Expired());
    return layer;
  }

  // True when a limit ended the search.
  bool Add(const Layer& layer, PlacementKind kind, std::optional<Clock::time_point> deadline,
           PlanResult& plan) const {
    PlacementProblem problem = ProblemOf(layer);
    problem.current = problem_.current != nullptr ? &layer.current : nullptr;
    if (layer.evidence.fit_routes.tokens > 0) problem.routes = &layer.evidence.fit_routes;
    problem.limits.deadline = deadline;
    problem.limits.stop = control_.stop;
    const auto begin = Clock::now();
    Placement placement = MakePlacementPolicy(kind)->Place(problem);
    plan.ms_per_layer +=
        std::chrono::duration<double, std::milli>(Clock::now() - begin).count() * share();
    const bool cut_short = problem.limits.Expired();
    Judge(layer, problem, placement, plan);
    plan.placements.push_back(std::move(placement));
    return cut_short;
  }

 private:
  [[nodiscard]] bool Expired() const {
    return SearchLimits{0, control_.deadline, control_.stop}.Expired();
  }
  [[nodiscard]] double share() const { return 1.0 / problem_.evidence.layers(); }

  [[nodiscard]] PlacementProblem ProblemOf(const Layer& layer) const {
    PlacementProblem problem;
    problem.shape = problem_.shape;
    problem.loads = layer.evidence.fit;
    ApplyRules(problem_.spec, problem_.seed, problem);
    return problem;
  }

  void Judge(const Layer& layer, const PlacementProblem& problem, const Placement& placement,
             PlanResult& plan) const {
    const TokenSplit split = SplitOf(problem_.spec.split);
    const std::span<const double> total = layer.evidence.fit.Total();
    plan.balancedness_fit += Balancedness(placement, total, split) * share();
    plan.bound += layer.bound * share();
    if (plan.broken_rule.empty()) {
      plan.broken_rule = BrokenRule(placement, problem.shape, problem.rules, problem.current);
    }
    const double slots = placement.num_slots();
    plan.slots_moved_fraction += SlotsMoved(layer.current, placement) / slots * share();
    plan.wasted_slots_fraction += WastedSlots(placement) / slots * share();
    if (layer.evidence.held_out.windows() > 0) {
      plan.balancedness_held_out =
          plan.balancedness_held_out.value_or(0) +
          MeanBalancedness(placement, layer.evidence.held_out, split) * share();
    }
    if (layer.held_out_windows.empty()) return;
    const NodeTraffic traffic =
        CountNodeTraffic(placement, problem.shape, layer.evidence.held_out_routes, split);
    plan.inter_node_copies =
        plan.inter_node_copies.value_or(0) + traffic.remote_copies_per_token * share();
    plan.node_balancedness =
        plan.node_balancedness.value_or(0) + traffic.node_balancedness * share();
    if (!problem_.costs) return;
    const ObjectiveTerms terms = Evaluate(placement,
                                          {problem.shape, split, layer.held_out_windows,
                                           problem_.current != nullptr ? &layer.current : nullptr},
                                          *problem_.costs);
    ObjectiveTerms sum = plan.objective.value_or(ObjectiveTerms{});
    sum.compute_s += terms.compute_s;
    sum.inter_node_s += terms.inter_node_s;
    sum.intra_node_s += terms.intra_node_s;
    sum.migration_s += terms.migration_s;
    sum.total_s += terms.total_s;
    plan.objective = sum;
  }

  const CandidateProblem& problem_;
  const SearchControl& control_;
};

// An equal part of the time that is left, for each of the layers and policies that remain.
std::optional<Clock::time_point> Slice(const SearchControl& control, std::size_t remaining) {
  if (!control.deadline) return std::nullopt;
  const auto now = Clock::now();
  const auto left = std::max(Clock::duration::zero(), *control.deadline - now);
  return now + left / static_cast<long>(std::max<std::size_t>(1, remaining));
}

}  // namespace

std::vector<PlacementKind> PoliciesFor(const CandidateProblem& problem) {
  const PlacementShape& shape = problem.shape;
  const bool routes = problem.evidence.tokens_per_window() > 0;
  std::vector<PlacementKind> kinds;
  for (const PolicyInfo& info : PlacementPolicies()) {
    bool fits =
        (!info.needs_routes || routes) && (!info.needs_current || problem.current != nullptr);
    if (info.kind == PlacementKind::kEplbHierarchical) {
      // Otherwise it is EPLB.
      fits =
          shape.expert_groups > 1 && shape.nodes() > 1 && shape.expert_groups % shape.nodes() == 0;
    }
    if (info.kind == PlacementKind::kNodeAware) fits = fits && shape.nodes() > 1;
    if (info.kind == PlacementKind::kSplitAware) {
      fits = fits && problem.spec.split == ReplicaChoice::kLp && shape.redundant() > 0;
    }
    if (fits) kinds.push_back(info.kind);
  }
  return kinds;
}

Candidates PlanCandidates(const CandidateProblem& problem, const SearchControl& control) {
  const Planner planner(problem, control);
  const std::vector<PlacementKind> kinds = PoliciesFor(problem);
  Candidates candidates;
  for (const PlacementKind kind : kinds) {
    PlanResult& plan = candidates.plans.emplace_back();
    plan.policy = InfoOf(kind).name;
    plan.bound = 0;
  }
  std::size_t remaining = kinds.size() * problem.evidence.layers();
  for (std::uint32_t l = 0; l < problem.evidence.layers(); ++l) {
    const Planner::Layer layer = planner.Open(l);
    for (std::size_t p = 0; p < kinds.size(); ++p, --remaining) {
      PlanResult& plan = candidates.plans[p];
      const bool cut_short = planner.Add(layer, kinds[p], Slice(control, remaining), plan);
      candidates.cut_short = candidates.cut_short || cut_short;
      if (control.on_layer) control.on_layer(plan);
    }
  }
  return candidates;
}

}  // namespace switchyard
