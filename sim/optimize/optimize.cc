#include "sim/optimize/optimize.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include <fmt/format.h>

#include "sim/base/check.h"
#include "sim/optimize/candidates.h"
#include "sim/optimize/costs.h"
#include "sim/optimize/evidence.h"
#include "sim/optimize/memory.h"
#include "sim/optimize/settle.h"
#include "sim/pipeline/simulate.h"
#include "sim/plan/experts/place_experts.h"

namespace switchyard {
namespace {

std::uint32_t GroupsOf(const Scenario& scenario) {
  return scenario.cluster.NumDevices() / scenario.parallelism.expert;
}

// Work in units of one layer of one policy; a simulated step counts as many as there are layers.
class Work {
 public:
  Work(const OptimizeOptions& options, std::uint64_t total) : options_(options), total_(total) {}
  void Done(std::uint64_t units, const std::string& note) {
    done_ = std::min(total_, done_ + units);
    if (options_.on_progress) options_.on_progress(done_, total_, note);
  }
  [[nodiscard]] bool all_done() const { return finished_; }
  void Unfinished() { finished_ = false; }

 private:
  const OptimizeOptions& options_;
  std::uint64_t done_ = 0;
  std::uint64_t total_;
  bool finished_ = true;
};

SearchControl ControlOf(const OptimizeOptions& options, Work& work) {
  SearchControl control{options.stop, options.deadline, {}};
  control.on_layer = [&work](const PlanResult& so_far) {
    work.Done(1, fmt::format("{}: gap {:.2f} %", so_far.policy, 100 * so_far.gap()));
  };
  return control;
}

double MovingTime(const PlanResult& plan, const ObjectiveWeights& weights) {
  return plan.objective ? weights.migration * plan.objective->migration_s : 0;
}

double Rank(const PlanResult& plan) {
  return plan.objective ? plan.objective->total_s
                        : -plan.balancedness_held_out.value_or(plan.balancedness_fit);
}

// Indices of the plans to simulate: the best predicted that keep the rules, then EPLB and linear,
// which the others are compared with.
std::vector<std::size_t> PlansToSettle(const std::vector<PlanResult>& plans,
                                       std::uint32_t settled) {
  std::vector<std::size_t> order;
  std::vector<std::size_t> references;
  for (std::size_t p = 0; p < plans.size(); ++p) {
    const bool reference = plans[p].policy == "linear" || plans[p].policy == "eplb";
    (reference ? references : order).push_back(p);
  }
  const auto key = [&](std::size_t p) {
    return std::make_pair(!plans[p].broken_rule.empty(), Rank(plans[p]));
  };
  std::stable_sort(order.begin(), order.end(),
                   [&](std::size_t a, std::size_t b) { return key(a) < key(b); });
  if (order.size() > settled) order.resize(settled);
  order.insert(order.end(), references.rbegin(), references.rend());
  return order;
}

// Simulates plans on held-out steps, each plan on the same ones.
class Settler {
 public:
  Settler(const Scenario& scenario, const Evidence& evidence, const OptimizeOptions& options,
          const OptimizeResult& result, Work& work)
      : scenario_(scenario),
        options_(options),
        work_(work),
        units_(result.layers),
        routes_(HeldOutSteps(evidence, GroupsOf(scenario),
                             result.simulated_steps + result.confirming_steps)) {
    // The plan's own steady state: what moving costs is another question.
    scenario_.placement.migration.reset();
  }

  // Steps [first, first + count); nothing when the search ended before they were simulated.
  Result<std::optional<SimulatedFigures>> Simulate(const PlanResult& plan, std::uint32_t first,
                                                   std::uint32_t count) {
    std::vector<SimulatedFigures> steps;
    for (std::uint32_t s = first; s < first + count; ++s) {
      if (options_.Expired()) {
        work_.Unfinished();
        return std::optional<SimulatedFigures>();
      }
      auto figures = Settle({scenario_, plan.placements, routes_[s], nullptr});
      if (!figures.ok()) return figures.errors();
      steps.push_back(std::move(figures).value());
      work_.Done(units_, "simulating " + plan.policy);
    }
    return std::optional<SimulatedFigures>(MeanOf(steps));
  }

 private:
  Scenario scenario_;
  const OptimizeOptions& options_;
  Work& work_;
  std::uint64_t units_;
  StepRoutes routes_;
};

// What the surrogate adds to the simulated time of the linear plan; moving is not simulated.
void Predict(OptimizeResult& result) {
  const auto steady = [](const ObjectiveTerms& terms) {
    return terms.compute_s + terms.inter_node_s + terms.intra_node_s;
  };
  const PlanResult* linear = result.Find("linear");
  if (linear == nullptr || !linear->simulated || !linear->objective) return;
  const double base = linear->simulated->step_time_s - steady(*linear->objective);
  for (PlanResult& plan : result.plans) {
    if (plan.objective) plan.predicted_step_time_s = base + steady(*plan.objective);
  }
}

// The simulator decides among what it has seen, moving added as the weights say; without it the
// objective, or the held-out balance. When the search ended before the best predicted plan was
// simulated, the objective decides too. Plans that break a rule are only there to be compared
// with, unless all do.
void Choose(std::vector<PlanResult>& plans, const ObjectiveWeights& weights) {
  const bool simulated = std::any_of(plans.begin(), plans.end(), [](const PlanResult& plan) {
    return plan.simulated && plan.broken_rule.empty();
  });
  const auto key = [&](const PlanResult& plan) {
    const bool unseen = simulated && !plan.simulated;
    const double value = simulated && plan.simulated
                             ? plan.simulated->step_time_s + MovingTime(plan, weights)
                             : Rank(plan);
    return std::make_tuple(!plan.broken_rule.empty(), unseen, value);
  };
  const auto best =
      std::min_element(plans.begin(), plans.end(),
                       [&](const PlanResult& a, const PlanResult& b) { return key(a) < key(b); });
  SWITCHYARD_CHECK(best != plans.end(), "no plan to choose from");
  best->chosen = true;
}

// The chosen plan and those it is compared with, on steps that have not chosen it.
Result<void> Confirm(Settler& settler, OptimizeResult& result) {
  if (result.confirming_steps == 0) return {};
  for (PlanResult& plan : result.plans) {
    if (!plan.chosen && plan.policy != "linear" && plan.policy != "eplb") continue;
    auto figures = settler.Simulate(plan, result.simulated_steps, result.confirming_steps);
    if (!figures.ok()) return figures.errors();
    plan.confirmed = std::move(figures).value();
  }
  return {};
}

Result<void> SettleAndChoose(const Scenario& scenario, const Evidence& evidence,
                             const OptimizeOptions& options, Work& work, OptimizeResult& result) {
  if (result.simulated_steps == 0) {
    Choose(result.plans, scenario.placement.weights);
    return {};
  }
  Settler settler(scenario, evidence, options, result, work);
  for (const std::size_t p : PlansToSettle(result.plans, options.settled)) {
    auto figures = settler.Simulate(result.plans[p], 0, result.simulated_steps);
    if (!figures.ok()) return figures.errors();
    result.plans[p].simulated = std::move(figures).value();
  }
  Predict(result);
  Choose(result.plans, scenario.placement.weights);
  return Confirm(settler, result);
}

}  // namespace

const PlanResult* OptimizeResult::Find(const std::string& policy) const {
  for (const PlanResult& plan : plans) {
    if (plan.policy == policy) return &plan;
  }
  return nullptr;
}

const PlanResult& OptimizeResult::chosen() const {
  const auto found =
      std::find_if(plans.begin(), plans.end(), [](const PlanResult& p) { return p.chosen; });
  SWITCHYARD_CHECK(found != plans.end(), "no plan was chosen");
  return *found;
}

Result<OptimizeResult> Optimize(const Scenario& scenario, const OptimizeOptions& options) {
  OptimizeResult result;
  result.scenario = scenario.name;
  result.seed = scenario.seed;
  result.shape = ShapeOf(scenario, scenario.placement.redundant_experts);
  const auto fits =
      CheckMemory(scenario, scenario.placement.redundant_experts, "placement.redundant_experts");
  if (!fits.ok()) return fits.errors();
  const auto evidence = Evidence::FromScenario(scenario);
  if (!evidence.ok()) return evidence.errors();
  const PlacementShape& shape = result.shape;
  const auto current = CurrentPlacements(scenario, shape.slots());
  if (!current.ok()) return current.errors();

  result.layers = evidence.value().layers();
  result.fit_windows = evidence.value().fit_windows();
  result.held_out_windows = evidence.value().held_out_windows();
  result.tokens_per_window = evidence.value().tokens_per_window();
  // Steps that settle, and as many again that confirm, as far as there are windows.
  const std::uint32_t steps = std::max(1u, result.held_out_windows / GroupsOf(scenario));
  result.simulated_steps = std::min(options.steps, steps);
  result.confirming_steps = std::min(result.simulated_steps, steps - result.simulated_steps);
  if (result.simulated_steps > 0) result.fidelity = ToString(scenario.fidelity);
  const CandidateProblem problem{shape,
                                 scenario.placement,
                                 scenario.seed,
                                 evidence.value(),
                                 current.value().empty() ? nullptr : &current.value(),
                                 CostsOf(scenario)};
  constexpr std::uint64_t kReferences = 2;  // linear and EPLB
  const std::uint64_t policies = PoliciesFor(problem).size();
  const std::uint64_t settled = std::min(policies, options.settled + kReferences);
  const std::uint64_t simulations =
      settled * result.simulated_steps + (kReferences + 1) * std::uint64_t{result.confirming_steps};
  Work work(options, result.layers * (policies + simulations));
  Candidates candidates = PlanCandidates(problem, ControlOf(options, work));
  result.plans = std::move(candidates.plans);
  const auto done = SettleAndChoose(scenario, evidence.value(), options, work, result);
  if (!done.ok()) return done.errors();
  result.complete = !candidates.cut_short && work.all_done();
  return result;
}

OptimizeResult OptimizeLoads(const PlacementShape& shape, const PlacementSpec& spec,
                             std::uint64_t seed, std::vector<WindowLoads> layers,
                             const OptimizeOptions& options) {
  const Evidence evidence = Evidence::FromLoads(std::move(layers));
  OptimizeResult result;
  result.seed = seed;
  result.shape = shape;
  result.layers = evidence.layers();
  result.fit_windows = evidence.fit_windows();
  result.held_out_windows = evidence.held_out_windows();
  const CandidateProblem problem{shape, spec, seed, evidence, nullptr, std::nullopt};
  Work work(options, std::uint64_t{result.layers} * PoliciesFor(problem).size());
  Candidates candidates = PlanCandidates(problem, ControlOf(options, work));
  result.plans = std::move(candidates.plans);
  result.complete = !candidates.cut_short;
  Choose(result.plans, spec.weights);
  return result;
}

}  // namespace switchyard
