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
#include "sim/pipeline/isolate.h"
#include "sim/pipeline/simulate.h"
#include "sim/plan/experts/place_experts.h"

namespace switchyard {
namespace {

bool Expired(const OptimizeOptions& options) {
  return (options.stop != nullptr && options.stop->load(std::memory_order_relaxed)) ||
         (options.deadline && std::chrono::steady_clock::now() >= *options.deadline);
}

// Work in units of one layer of one policy; a simulated step counts as many as there are layers.
class Work {
 public:
  Work(const OptimizeOptions& options, std::uint64_t total) : options_(options), total_(total) {}
  void Done(std::uint64_t units, const std::string& note) {
    done_ = std::min(total_, done_ + units);
    if (options_.on_progress) options_.on_progress(done_, total_, note);
  }

 private:
  const OptimizeOptions& options_;
  std::uint64_t done_ = 0;
  std::uint64_t total_;
};

SearchControl ControlOf(const OptimizeOptions& options, std::uint32_t layers, Work& work) {
  SearchControl control{options.stop, options.deadline, {}};
  control.on_layer = [&work, layers](const PlanResult& so_far, std::uint32_t done) {
    // Figures are sums of layer / layers.
    const double share = static_cast<double>(layers) / done;
    work.Done(1, fmt::format("{}: gap {:.2f} %", so_far.policy,
                             100 * std::max(0.0, so_far.bound - so_far.balancedness_fit) * share));
  };
  return control;
}

double Rank(const PlanResult& plan) {
  return plan.objective ? plan.objective->total_s
                        : -plan.balancedness_held_out.value_or(plan.balancedness_fit);
}

// Indices of the plans to simulate: linear and EPLB, which the others are compared with, and the
// best predicted.
std::vector<std::size_t> PlansToSettle(const std::vector<PlanResult>& plans,
                                       std::uint32_t settled) {
  std::vector<std::size_t> order;
  std::vector<std::size_t> rest;
  for (std::size_t p = 0; p < plans.size(); ++p) {
    const bool reference = plans[p].policy == "linear" || plans[p].policy == "eplb";
    (reference ? order : rest).push_back(p);
  }
  std::stable_sort(rest.begin(), rest.end(),
                   [&](std::size_t a, std::size_t b) { return Rank(plans[a]) < Rank(plans[b]); });
  if (rest.size() > settled) rest.resize(settled);
  order.insert(order.end(), rest.begin(), rest.end());
  return order;
}

Result<void> SettlePlans(const Scenario& scenario, const Evidence& evidence,
                         const OptimizeOptions& options, Work& work, OptimizeResult& result) {
  if (result.simulated_steps == 0) return {};
  // The plan's own steady state: what moving costs is another question.
  Scenario steady = scenario;
  steady.placement.migration.reset();
  const std::uint32_t groups = scenario.cluster.NumDevices() / scenario.parallelism.expert;
  const StepRoutes routes = HeldOutSteps(evidence, groups, result.simulated_steps);
  for (const std::size_t p : PlansToSettle(result.plans, options.settled)) {
    PlanResult& plan = result.plans[p];
    std::vector<SimulatedFigures> steps;
    for (std::uint32_t s = 0; s < result.simulated_steps && !Expired(options); ++s) {
      try {
        auto figures = Settle({steady, plan.placements, routes[s], nullptr});
        if (!figures.ok()) return figures.errors();
        steps.push_back(std::move(figures).value());
      } catch (const ChildKilled&) {
        if (!Expired(options)) throw;  // the signal that ends the search ends the child too
      }
      work.Done(result.layers, "simulating " + plan.policy);
    }
    if (steps.size() == result.simulated_steps) plan.simulated = MeanOf(steps);
  }
  return {};
}

// What the surrogate adds to the simulated time of the linear plan.
void Predict(OptimizeResult& result) {
  const PlanResult* linear = result.Find("linear");
  if (linear == nullptr || !linear->simulated || !linear->objective) return;
  const double base = linear->simulated->step_time_s - linear->objective->total_s;
  for (PlanResult& plan : result.plans) {
    if (plan.objective) plan.predicted_step_time_s = base + plan.objective->total_s;
  }
}

// The simulator decides among what it has seen; without it the surrogate, or the held-out balance.
// Plans that break a rule are only there to be compared with, unless all do.
void Choose(std::vector<PlanResult>& plans) {
  const auto simulated = [](const PlanResult& plan) { return plan.simulated.has_value(); };
  const bool any_simulated = std::any_of(plans.begin(), plans.end(), simulated);
  const auto key = [&](const PlanResult& plan) {
    const bool unseen = any_simulated && !simulated(plan);
    const double value = any_simulated && !unseen ? plan.simulated->step_time_s : Rank(plan);
    return std::make_tuple(!plan.broken_rule.empty(), unseen, value);
  };
  const auto best =
      std::min_element(plans.begin(), plans.end(),
                       [&](const PlanResult& a, const PlanResult& b) { return key(a) < key(b); });
  SWITCHYARD_CHECK(best != plans.end(), "no plan to choose from");
  best->chosen = true;
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
  result.simulated_steps = std::min(options.steps, result.held_out_windows);
  if (result.simulated_steps > 0) result.fidelity = ToString(scenario.fidelity);
  const CandidateProblem problem{shape,
                                 scenario.placement,
                                 scenario.seed,
                                 evidence.value(),
                                 current.value().empty() ? nullptr : &current.value(),
                                 CostsOf(scenario)};
  const std::size_t policies = PoliciesFor(problem).size();
  const std::size_t settled = std::min<std::size_t>(policies, options.settled + std::size_t{2});
  Work work(options, result.layers * (policies + settled * result.simulated_steps));
  result.plans = PlanCandidates(problem, ControlOf(options, result.layers, work));
  if (const auto done = SettlePlans(scenario, evidence.value(), options, work, result);
      !done.ok()) {
    return done.errors();
  }
  result.complete = !Expired(options);
  Predict(result);
  Choose(result.plans);
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
  result.plans = PlanCandidates(problem, ControlOf(options, result.layers, work));
  result.complete = !Expired(options);
  Choose(result.plans);
  return result;
}

}  // namespace switchyard
