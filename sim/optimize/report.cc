#include "sim/optimize/report.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const ObjectiveTerms& terms) {
  return {{"compute_s", terms.compute_s},
          {"inter_node_s", terms.inter_node_s},
          {"intra_node_s", terms.intra_node_s},
          {"migration_s", terms.migration_s},
          {"total_s", terms.total_s}};
}

Json PlanJson(const PlanResult& plan) {
  Json json{{"policy", plan.policy},
            {"chosen", plan.chosen},
            {"keeps_rules", plan.broken_rule.empty()},
            {"balancedness_fit", plan.balancedness_fit}};
  if (plan.balancedness_held_out) json["balancedness_heldout"] = *plan.balancedness_held_out;
  json["bound"] = plan.bound;
  json["gap"] = plan.gap();
  if (plan.inter_node_copies) json["inter_node_copies_per_token"] = *plan.inter_node_copies;
  if (plan.node_balancedness) json["node_balancedness_heldout"] = *plan.node_balancedness;
  json["slots_moved_fraction"] = plan.slots_moved_fraction;
  json["wasted_slots_fraction"] = plan.wasted_slots_fraction;
  json["ms_per_layer"] = plan.ms_per_layer;
  if (plan.objective) json["objective"] = ToJson(*plan.objective);
  if (plan.predicted_step_time_s) json["predicted_step_time_s"] = *plan.predicted_step_time_s;
  if (!plan.simulated) return json;
  json["simulated_step_time_s"] = plan.simulated->step_time_s;
  json["simulated_load_max_over_mean"] = plan.simulated->load_max_over_mean;
  json["simulated_inter_node_bytes"] = plan.simulated->inter_node_bytes;
  if (plan.confirmed) json["confirmed_step_time_s"] = plan.confirmed->step_time_s;
  Json pairs = Json::array();
  for (const PairTraffic& pair : plan.simulated->hottest_pairs) {
    pairs.push_back({{"from", pair.from}, {"to", pair.to}, {"bytes", pair.bytes}});
  }
  json["hottest_pairs"] = pairs;
  return json;
}

std::string Or(const std::optional<double>& value, double scale, const char* format) {
  return value ? fmt::format(fmt::runtime(format), *value * scale) : "-";
}

std::string Mark(const PlanResult& plan) {
  if (plan.chosen) return "* ";
  return plan.broken_rule.empty() ? "  " : "! ";
}

// Plans that may not be chosen, and why.
std::string Broken(const OptimizeResult& result) {
  std::string out;
  for (const PlanResult& plan : result.plans) {
    if (plan.broken_rule.empty()) continue;
    out += fmt::format("! {} breaks placement.{}\n", plan.policy, plan.broken_rule);
  }
  return out;
}

std::string Table(const OptimizeResult& result) {
  std::string out = fmt::format("{:<20}{:>9}{:>9}{:>8}{:>8}{:>10}{:>8}{:>10}{:>12}{:>12}\n",
                                "policy", "fit", "held-out", "bound", "gap %", "copies", "moved",
                                "ms/layer", "predicted", "simulated");
  out += fmt::format("{:<20}{:>9}{:>9}{:>8}{:>8}{:>10}{:>8}{:>10}{:>12}{:>12}\n", "", "", "", "",
                     "", "/token", "%", "", "ms", "ms");
  for (const PlanResult& plan : result.plans) {
    const std::optional<double> simulated =
        plan.simulated ? std::optional(plan.simulated->step_time_s) : std::nullopt;
    out += fmt::format("{:<20}{:>9.4f}{:>9}{:>8.4f}{:>8.2f}{:>10}{:>8.1f}{:>10.3f}{:>12}{:>12}\n",
                       Mark(plan) + plan.policy, plan.balancedness_fit,
                       Or(plan.balancedness_held_out, 1, "{:.4f}"), plan.bound, 100 * plan.gap(),
                       Or(plan.inter_node_copies, 1, "{:.3f}"), 100 * plan.slots_moved_fraction,
                       plan.ms_per_layer, Or(plan.predicted_step_time_s, 1e3, "{:.4f}"),
                       Or(simulated, 1e3, "{:.4f}"));
  }
  return out;
}

std::string Change(double value, double reference) {
  return reference == 0 ? "-" : fmt::format("{:+.2f} %", 100 * (value / reference - 1));
}

// The chosen plan against another one.
std::string Gain(const PlanResult& chosen, const PlanResult& other) {
  std::string out = fmt::format("{} against {}:", chosen.policy, other.policy);
  if (chosen.simulated && other.simulated) {
    out += fmt::format(" step time {} simulated",
                       Change(chosen.simulated->step_time_s, other.simulated->step_time_s));
    if (chosen.predicted_step_time_s && other.predicted_step_time_s) {
      out += fmt::format(" ({} predicted)",
                         Change(*chosen.predicted_step_time_s, *other.predicted_step_time_s));
    }
    if (chosen.confirmed && other.confirmed) {
      out += fmt::format(", {} on the other steps",
                         Change(chosen.confirmed->step_time_s, other.confirmed->step_time_s));
    }
    if (other.simulated->inter_node_bytes > 0) {
      out += fmt::format(", bytes between nodes {}", Change(chosen.simulated->inter_node_bytes,
                                                            other.simulated->inter_node_bytes));
    }
    out += ",";
  }
  if (chosen.balancedness_held_out && other.balancedness_held_out) {
    out += fmt::format(" balancedness {:.4f} instead of {:.4f} held-out,",
                       *chosen.balancedness_held_out, *other.balancedness_held_out);
  }
  return out + fmt::format(" {:.4f} instead of {:.4f} fitted\n", chosen.balancedness_fit,
                           other.balancedness_fit);
}

std::string Pairs(const PlanResult& plan) {
  constexpr std::size_t kShown = 4;
  if (!plan.simulated || plan.simulated->hottest_pairs.empty()) return {};
  std::string out = fmt::format("hottest GPU pairs with {}:", plan.policy);
  for (std::size_t i = 0; i < plan.simulated->hottest_pairs.size() && i < kShown; ++i) {
    const PairTraffic& pair = plan.simulated->hottest_pairs[i];
    out += fmt::format("{} {} to {} {:.1f} MB", i == 0 ? "" : ",", pair.from, pair.to,
                       pair.bytes * 1e-6);
  }
  return out + "\n";
}

std::string Heading(const OptimizeResult& result) {
  const PlacementShape& shape = result.shape;
  std::string out =
      fmt::format("{}{} experts, {} redundant, on {} ranks in {} {}: {} slots each; {} layers\n",
                  result.scenario.empty() ? "" : result.scenario + ": ", shape.experts,
                  shape.redundant(), shape.ranks, shape.nodes(),
                  shape.nodes() == 1 ? "node" : "nodes", shape.slots_per_rank, result.layers);
  out += fmt::format("fitted to {} windows, judged by {} others", result.fit_windows,
                     result.held_out_windows);
  if (result.tokens_per_window > 0) out += fmt::format(" of {} tokens", result.tokens_per_window);
  if (result.simulated_steps > 0) {
    out += fmt::format("; {} {} simulated to choose, {} to confirm, fidelity {}",
                       result.simulated_steps, result.simulated_steps == 1 ? "step" : "steps",
                       result.confirming_steps, result.fidelity);
  }
  return out + "\n\n";
}

}  // namespace

std::string ToText(const OptimizeResult& result) {
  std::string out = Heading(result) + Table(result) + Broken(result) + "\n";
  const PlanResult& chosen = result.chosen();
  for (const char* name : {"linear", "eplb"}) {
    const PlanResult* other = result.Find(name);
    if (other != nullptr && other != &chosen) out += Gain(chosen, *other);
  }
  for (const char* name : {"linear", "eplb"}) {
    const PlanResult* other = result.Find(name);
    if (other != nullptr && other != &chosen) out += Pairs(*other);
  }
  out += Pairs(chosen);
  if (!result.complete) out += "ended early: the best plans so far\n";
  return out;
}

std::string ToJson(const OptimizeResult& result) {
  Json json{{"schema_version", 1}};
  if (!result.scenario.empty()) json["scenario"] = result.scenario;
  json["seed"] = result.seed;
  if (!result.fidelity.empty()) json["fidelity"] = result.fidelity;
  json["experts"] = result.shape.experts;
  json["redundant_experts"] = result.shape.redundant();
  json["ranks"] = result.shape.ranks;
  json["nodes"] = result.shape.nodes();
  json["slots_per_rank"] = result.shape.slots_per_rank;
  json["layers"] = result.layers;
  json["fit_windows"] = result.fit_windows;
  json["heldout_windows"] = result.held_out_windows;
  if (result.tokens_per_window > 0) json["tokens_per_window"] = result.tokens_per_window;
  json["simulated_steps"] = result.simulated_steps;
  json["confirming_steps"] = result.confirming_steps;
  json["complete"] = result.complete;
  Json plans = Json::array();
  for (const PlanResult& plan : result.plans) plans.push_back(PlanJson(plan));
  json["plans"] = plans;
  return json.dump(2) + "\n";
}

}  // namespace switchyard
