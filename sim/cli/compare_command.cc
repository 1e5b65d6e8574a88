// switchyard compare SCENARIO SCENARIO…: the same step under several scenarios, side by side.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/checks.h"
#include "sim/cli/command.h"
#include "sim/cli/outputs.h"
#include "sim/pipeline/isolate.h"
#include "sim/pipeline/simulate.h"
#include "sim/report/json.h"
#include "sim/scenario/load.h"

namespace switchyard {
namespace {

using Json = nlohmann::ordered_json;

struct CompareOptions {
  std::vector<std::string> scenarios;
  ScenarioOptions common;
  std::optional<std::string> json;
};

Result<std::string> SimulateOne(const Scenario& scenario) {
  const auto step = Simulate(scenario);
  if (!step.ok()) return step.errors();
  return ToJson(step.value()->result);
}

Result<std::vector<Scenario>> LoadAll(const CompareOptions& options) {
  std::vector<Scenario> scenarios;
  Diagnostics errors;
  const LoadOptions load{DataRoot(), options.common.sets, options.common.seed,
                         options.common.fidelity};
  for (const std::string& file : options.scenarios) {
    Result<LoadedScenario> loaded = LoadScenario(file, load);
    if (loaded.ok()) {
      scenarios.push_back(std::move(loaded.value().scenario));
    } else {
      errors.insert(errors.end(), loaded.errors().begin(), loaded.errors().end());
    }
  }
  if (!errors.empty()) return errors;
  return scenarios;
}

// Reported: what, where in the result, unit, its factor, and whether a relative change means
// anything.
struct Row {
  const char* name;
  const char* pointer;
  const char* unit;
  double scale;
  bool relative = true;
};
constexpr Row kRows[] = {
    {"step time", "/step_time_s", "ms", 1e3},
    {"tokens per second", "/tokens_per_s", "", 1},
    {"exposed communication", "/exposed_comm_s", "ms", 1e3},
    {"hidden communication", "/overlap_fraction", "%", 1e2, false},
    {"expert load max/mean", "/load/max_over_mean", "", 1},
    {"choices dropped", "/drops/choices_dropped", "", 1},
    {"dispatch bytes", "/traffic/dispatch_bytes", "MB", 1e-6},
    {"combine bytes", "/traffic/combine_bytes", "MB", 1e-6},
    {"bytes between nodes", "/traffic/inter_node_bytes", "MB", 1e-6},
    {"memory per device", "/memory/per_device_peak_bytes", "GB", 1e-9},
    {"energy", "/energy_j", "J", 1},
};

std::optional<double> Number(const Json& result, const char* pointer) {
  const Json::json_pointer where(pointer);
  if (!result.contains(where)) return std::nullopt;
  return result[where].get<double>();
}

// "12.3 (+4.5 %)": the value and its change from the first column.
std::string Cell(std::optional<double> value, std::optional<double> first, const Row& row,
                 bool is_first) {
  if (!value) return "-";
  const std::string text = fmt::format("{:.6g}", *value * row.scale);
  if (is_first || !row.relative || !first || *first == 0) return text;
  return text + fmt::format(" ({:+.1f} %)", 100 * (*value / *first - 1));
}

std::string Table(const std::vector<Json>& results) {
  constexpr int kName = 28;
  constexpr int kColumn = 32;
  std::string out = fmt::format("{:<{}}", "", kName);
  for (const Json& r : results) {
    out += fmt::format("{:>{}}", r["scenario"].get<std::string>().substr(0, kColumn - 2), kColumn);
  }
  out += "\n";
  for (const Row& row : kRows) {
    const auto first = Number(results.front(), row.pointer);
    out += fmt::format("{:<{}}", *row.unit ? fmt::format("{} [{}]", row.name, row.unit) : row.name,
                       kName);
    for (std::size_t i = 0; i < results.size(); ++i) {
      out +=
          fmt::format("{:>{}}", Cell(Number(results[i], row.pointer), first, row, i == 0), kColumn);
    }
    out += "\n";
  }
  out += fmt::format("{:<{}}", "busiest link", kName);
  for (const Json& r : results) {
    const bool any = !r["links"].empty();
    out += fmt::format("{:>{}}", any ? r["links"][0]["name"].get<std::string>() : "-", kColumn);
  }
  return out + "\n";
}

Result<std::vector<Json>> SimulateAll(const std::vector<Scenario>& scenarios) {
  std::vector<Json> results;
  Diagnostics errors;
  for (const Scenario& scenario : scenarios) {
    const Result<std::string> result = RunInChild([&] { return SimulateOne(scenario); });
    if (result.ok()) {
      results.push_back(Json::parse(result.value()));
    } else {
      errors.insert(errors.end(), result.errors().begin(), result.errors().end());
    }
  }
  if (!errors.empty()) return errors;
  return results;
}

ExitCode CheckAllConservation(const std::vector<Json>& results) {
  ExitCode worst = ExitCode::kOk;
  for (const Json& r : results) {
    const ExitCode code = CheckConservation(r["scenario"], r["conservation"]["ok"]);
    if (code != ExitCode::kOk) worst = code;
  }
  return worst;
}

ExitCode Compare(const CompareOptions& options) {
  OutputPlan plan;
  for (const std::string& file : options.scenarios) plan.Reads("a scenario", file);
  if (options.json) plan.Writes("--json", *options.json);
  if (const auto checked = plan.Check(); !checked.ok()) return ComplainOfUsage(checked.errors());
  const Result<std::vector<Scenario>> scenarios = LoadAll(options);
  if (!scenarios.ok()) return Complain(scenarios.errors());
  for (const Scenario& scenario : scenarios.value()) PlanToRead(scenario, plan);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;

  const Result<std::vector<Json>> results = SimulateAll(scenarios.value());
  if (!results.ok()) return Complain(results.errors());
  OutputSet set;
  if (options.json) set.Add(*options.json, Json(results.value()).dump(2) + "\n");
  if (const auto written = set.Commit(); !written.ok()) return Complain(written.errors());
  if (options.json != "-") std::cout << Table(results.value());
  return CheckAllConservation(results.value());
}

}  // namespace

void AddCompareCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<CompareOptions>();
  CLI::App* compare = app.add_subcommand("compare", "Simulate several scenarios side by side");
  compare->add_option("SCENARIO", options->scenarios, "Scenario files; the first is the reference")
      ->required()
      ->expected(2, 16)
      ->check(NotEmpty());
  AddScenarioOptions(*compare, options->common);
  AddOutput(*compare, "--json", options->json, "Write a list of results; -: to standard output");
  compare->callback([options, &action] { action = [options] { return Compare(*options); }; });
}

}  // namespace switchyard
