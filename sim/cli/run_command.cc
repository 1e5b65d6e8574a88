// switchyard run SCENARIO: simulate one step and report it.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "sim/base/progress.h"
#include "sim/cli/checks.h"
#include "sim/cli/command.h"
#include "sim/cli/outputs.h"
#include "sim/pipeline/simulate.h"
#include "sim/pipeline/timeline_input.h"
#include "sim/report/csv.h"
#include "sim/report/json.h"
#include "sim/report/perfetto/perfetto.h"
#include "sim/report/text.h"
#include "sim/scenario/load.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

struct RunOptions {
  std::string scenario;
  ScenarioOptions common;
  std::optional<std::string> json;
  std::optional<std::string> perfetto;
  std::optional<std::string> out;
  bool quiet = false;
};

constexpr const char* kFolderFiles[] = {"scenario.yaml", "collectives.csv", "links.csv",
                                        "experts.csv",   "result.json",     "timeline.pftrace"};

// The fully resolved scenario goes beside the JSON result, so that it can be repeated from its own
// folder. Empty: nowhere.
std::string ScenarioBeside(const std::optional<std::string>& json) {
  if (!json || json == "-" || IsDevice(*json)) return {};
  return fs::path(*json).replace_extension(".scenario.yaml");
}

void PlanOutputs(const RunOptions& options, OutputPlan& plan) {
  plan.Reads("the scenario", options.scenario);
  if (options.out) {
    for (const char* name : kFolderFiles) plan.Writes("--out", fs::path(*options.out) / name);
  }
  if (options.perfetto) plan.Writes("--perfetto", *options.perfetto);
  if (options.json) plan.Writes("--json", *options.json);
  const std::string beside = ScenarioBeside(options.json);
  if (!beside.empty()) plan.Writes("the resolved scenario beside --json", beside);
}

Result<void> WriteOutputs(const RunOptions& options, const SimulatedStep& step,
                          const std::string& resolved) {
  OutputSet set;
  const auto timeline = [&](std::ostream& out) -> Result<void> {
    const auto written = WritePerfetto(TimelineInput(step, resolved), {}, out);
    if (!written.ok()) return written.errors();
    return {};
  };
  if (options.out) {
    const fs::path folder(*options.out);
    set.Add(folder / "scenario.yaml", resolved);
    set.Add(folder / "collectives.csv", CollectivesCsv(step.result));
    set.Add(folder / "links.csv", LinksCsv(step.result));
    set.Add(folder / "experts.csv", ExpertsCsv(step.result));
    set.Add(folder / "result.json", ToJson(step.result));
    set.Add(folder / "timeline.pftrace", timeline);
  }
  if (options.perfetto) set.Add(*options.perfetto, timeline);
  if (options.json) set.Add(*options.json, ToJson(step.result));
  const std::string beside = ScenarioBeside(options.json);
  if (!beside.empty()) set.Add(beside, resolved);
  return set.Commit();
}

Result<std::unique_ptr<SimulatedStep>> SimulateShowingProgress(Scenario scenario, bool timeline,
                                                               std::ostream* terminal) {
  std::optional<Progress> bar;
  const auto on_progress = [&](std::uint64_t total) {
    if (!bar) bar.emplace("simulating", total, terminal);
    bar->Advance();
  };
  return Simulate(std::move(scenario), {on_progress, timeline});
}

ExitCode RunScenario(const RunOptions& options) {
  OutputPlan plan;
  PlanOutputs(options, plan);
  if (const auto checked = plan.Check(); !checked.ok()) return ComplainOfUsage(checked.errors());
  const LoadOptions load{DataRoot(), options.common.sets, options.common.seed,
                         options.common.fidelity};
  Result<LoadedScenario> loaded = LoadScenario(options.scenario, load);
  if (!loaded.ok()) return Complain(loaded.errors());
  PlanToRead(loaded.value().scenario, plan);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;

  Result<std::unique_ptr<SimulatedStep>> step =
      SimulateShowingProgress(std::move(loaded.value().scenario), options.perfetto || options.out,
                              options.quiet ? nullptr : TerminalOrNull());
  if (!step.ok()) return Complain(step.errors());
  const RunResult& result = step.value()->result;
  const Result<void> written = WriteOutputs(options, *step.value(), loaded.value().resolved_yaml);
  if (!written.ok()) return Complain(written.errors());
  if (!options.quiet && options.json != "-") std::cout << ToText(result);
  return CheckConservation(result.scenario, result.conservation.ok);
}

}  // namespace

void AddRunCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* run = app.add_subcommand("run", "Simulate one step of a scenario and report it");
  run->add_option("SCENARIO", options->scenario, "Scenario file (YAML or JSON)")
      ->required()
      ->check(NotEmpty());
  AddScenarioOptions(*run, options->common);
  AddOutput(*run, "--json", options->json,
            "Write the result as JSON; -: to standard output, alone");
  AddOutput(*run, "--perfetto", options->perfetto, "Write the timeline for ui.perfetto.dev")
      ->check(NotStandardOutput());
  AddOutput(*run, "--out", options->out,
            "Write JSON, CSV, timeline and the resolved scenario into a folder")
      ->type_name("DIR")
      ->check(NotStandardOutput());
  run->add_flag("--quiet", options->quiet, "Print no report");
  run->callback([options, &action] { action = [options] { return RunScenario(*options); }; });
}

}  // namespace switchyard
