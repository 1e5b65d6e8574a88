#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string>

#include "sim/optimize/report.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

std::string When(const OnlineVariant& variant) {
  if (variant.policy == "linear") return "never";
  return variant.every == 0 ? "once" : fmt::format("every {}", variant.every);
}

std::string NameOf(const OnlineVariant& variant) {
  if (variant.policy == "linear") return "linear";
  return fmt::format(
      "{} {}, {} redundant", variant.policy,
      variant.every == 0 ? "planned once" : fmt::format("replanned every {} steps", variant.every),
      variant.redundant_experts);
}

double Percent(double value, double reference) {
  return reference == 0 ? 0 : 100 * (value / reference - 1);
}

std::string Table(const OnlineResult& result) {
  std::string out = fmt::format("{:<14}{:<10}{:>10}{:>10}{:>9}{:>12}{:>14}{:>12}{:>12}\n", "policy",
                                "planned", "redundant", "balanced", "moved %", "ms/step",
                                "migration ms", "vs linear", "MB betw.");
  const double linear = result.variants.front().time_per_step_s;
  for (const OnlineVariant& v : result.variants) {
    out +=
        fmt::format("{:<14}{:<10}{:>10}{:>10.4f}{:>9.1f}{:>12.4f}{:>14.4f}{:>10.2f} %{:>12.1f}\n",
                    v.policy, When(v), v.redundant_experts, v.balancedness,
                    100 * v.slots_moved_fraction, v.time_per_step_s * 1e3, v.migration_s * 1e3,
                    Percent(v.time_per_step_s, linear), v.inter_node_bytes * 1e-6);
  }
  return out;
}

// The fewest steps between two plans at which a variant's gain over planning once would pay for
// its moves, were each plan as good for as long.
std::string BreakEven(const OnlineVariant& variant, const OnlineVariant& once,
                      std::uint32_t steps) {
  const double gain = once.time_per_step_s - (variant.time_per_step_s - variant.migration_s);
  const double cost = variant.migration_s * steps / std::max(1u, variant.plans);  // of one plan
  if (gain <= 0) return "its plans are no better than the first one, whatever moving costs";
  return fmt::format(
      "moving takes {:.3f} ms a plan and each step gains {:.3f} ms: it pays from {:.0f} "
      "steps between plans on, if plans stay as good",
      cost * 1e3, gain * 1e3, std::ceil(cost / gain));
}

const OnlineVariant* BestReplanned(const OnlineResult& result) {
  const OnlineVariant* best = nullptr;
  for (const OnlineVariant& v : result.variants) {
    const bool better = best == nullptr || v.time_per_step_s < best->time_per_step_s;
    if (v.every > 0 && better) best = &v;
  }
  return best;
}

std::string Verdict(const OnlineResult& result) {
  const OnlineVariant& best = result.best();
  const OnlineVariant& linear = result.variants.front();
  std::string out = fmt::format("best: {}: {:+.2f} % against linear\n", NameOf(best),
                                Percent(best.time_per_step_s, linear.time_per_step_s));
  const OnlineVariant* once = result.best_static();
  if (once == nullptr) return out;
  if (result.replanning_pays()) {
    return out + fmt::format("replanning pays: {:+.2f} % against the best plan that stays ({})\n",
                             Percent(best.time_per_step_s, once->time_per_step_s), NameOf(*once));
  }
  const OnlineVariant* replanned = BestReplanned(result);
  if (replanned == nullptr) return out;
  return out + fmt::format("replanning does not pay: its best, {}, takes {:+.2f} %; {}\n",
                           NameOf(*replanned),
                           Percent(replanned->time_per_step_s, once->time_per_step_s),
                           BreakEven(*replanned, *once, result.steps));
}

std::string Pairs(const OnlineVariant& variant) {
  constexpr std::size_t kShown = 4;
  std::string out = fmt::format("hottest GPU pairs, {}:", NameOf(variant));
  for (std::size_t i = 0; i < variant.hottest_pairs.size() && i < kShown; ++i) {
    const PairTraffic& pair = variant.hottest_pairs[i];
    out += fmt::format("{} {} to {} {:.2f} MB a step", i == 0 ? "" : ",", pair.from, pair.to,
                       pair.bytes * 1e-6);
  }
  return out + "\n";
}

}  // namespace

std::string ToText(const OnlineResult& result) {
  std::string out = fmt::format("{}: {} steps of {} tokens, fidelity {}\n\n", result.scenario,
                                result.steps, result.tokens_per_step, result.fidelity);
  out += Table(result) + "\n" + Verdict(result) + Pairs(result.variants.front());
  if (&result.best() != &result.variants.front()) out += Pairs(result.best());
  const OnlineVariant* replanned = BestReplanned(result);
  if (replanned != nullptr && replanned != &result.best()) out += Pairs(*replanned);
  if (!result.complete) out += "ended early: variants that were not finished are left out\n";
  return out;
}

std::string ToJson(const OnlineResult& result) {
  Json json{{"schema_version", 1},        {"scenario", result.scenario},
            {"seed", result.seed},        {"fidelity", result.fidelity},
            {"steps", result.steps},      {"tokens_per_step", result.tokens_per_step},
            {"complete", result.complete}};
  if (result.complete) json["replanning_pays"] = result.replanning_pays();
  Json variants = Json::array();
  for (const OnlineVariant& v : result.variants) {
    Json pairs = Json::array();
    for (const PairTraffic& pair : v.hottest_pairs) {
      pairs.push_back({{"from", pair.from}, {"to", pair.to}, {"bytes", pair.bytes}});
    }
    variants.push_back({{"policy", v.policy},
                        {"every", v.every},
                        {"redundant_experts", v.redundant_experts},
                        {"best", &v == &result.best()},
                        {"plans", v.plans},
                        {"balancedness", v.balancedness},
                        {"slots_moved_fraction", v.slots_moved_fraction},
                        {"time_per_step_s", v.time_per_step_s},
                        {"migration_s", v.migration_s},
                        {"inter_node_bytes", v.inter_node_bytes},
                        {"hottest_pairs", pairs}});
  }
  json["variants"] = variants;
  return json.dump(2) + "\n";
}

}  // namespace switchyard
