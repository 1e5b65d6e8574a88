// switchyard run SCENARIO: simulate one step and report it.
#include <CLI/CLI.hpp>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "sim/base/file.h"
#include "sim/base/progress.h"
#include "sim/cli/command.h"
#include "sim/cli/timeline_file.h"
#include "sim/pipeline/simulate.h"
#include "sim/report/csv.h"
#include "sim/report/json.h"
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

// The fully resolved scenario goes beside the results, so that they can be repeated from their own
// folder.
Result<void> WriteJson(const std::string& file, const SimulatedStep& step,
                       const std::string& resolved) {
  Result<void> written = Emit(file, ToJson(step.result));
  if (!written.ok() || file == "-") return written;
  fs::path beside(file);
  beside.replace_extension(".scenario.yaml");
  return WriteFileAtomically(beside, resolved);
}

Result<void> WriteFolder(const fs::path& folder, const SimulatedStep& step,
                         const std::string& resolved) {
  const std::pair<const char*, std::string> files[] = {
      {"scenario.yaml", resolved},          {"collectives.csv", CollectivesCsv(step.result)},
      {"links.csv", LinksCsv(step.result)}, {"experts.csv", ExpertsCsv(step.result)},
      {"result.json", ToJson(step.result)},
  };
  for (const auto& [name, content] : files) {
    Result<void> written = WriteFileAtomically(folder / name, content);
    if (!written.ok()) return written;
  }
  return WriteTimeline(folder / "timeline.pftrace", step, resolved);
}

Result<void> WriteOutputs(const RunOptions& options, const SimulatedStep& step,
                          const std::string& resolved) {
  Result<void> written;
  if (options.out) written = WriteFolder(*options.out, step, resolved);
  if (written.ok() && options.perfetto) written = WriteTimeline(*options.perfetto, step, resolved);
  if (written.ok() && options.json) written = WriteJson(*options.json, step, resolved);
  return written;
}

Result<std::unique_ptr<SimulatedStep>> SimulateShowingProgress(Scenario scenario,
                                                               std::ostream* terminal) {
  std::optional<Progress> bar;
  return Simulate(std::move(scenario), [&](std::uint64_t total) {
    if (!bar) bar.emplace("simulating", total, terminal);
    bar->Advance();
  });
}

ExitCode RunScenario(const RunOptions& options) {
  const LoadOptions load{DataRoot(), options.common.sets, options.common.seed,
                         options.common.fidelity};
  Result<LoadedScenario> loaded = LoadScenario(options.scenario, load);
  if (!loaded.ok()) return Complain(loaded.errors());
  Result<std::unique_ptr<SimulatedStep>> step = SimulateShowingProgress(
      std::move(loaded.value().scenario), options.quiet ? nullptr : TerminalOrNull());
  if (!step.ok()) return Complain(step.errors());
  const Result<void> written = WriteOutputs(options, *step.value(), loaded.value().resolved_yaml);
  if (!written.ok()) return Complain(written.errors());
  if (!options.quiet && options.json != "-") std::cout << ToText(step.value()->result);
  if (!step.value()->result.conservation.ok) {
    std::cerr << "switchyard: internal error: the simulation lost or invented tokens or bytes\n";
    return ExitCode::kInternal;
  }
  return ExitCode::kOk;
}

}  // namespace

void AddRunCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<RunOptions>();
  CLI::App* run = app.add_subcommand("run", "Simulate one step of a scenario and report it");
  run->add_option("SCENARIO", options->scenario, "Scenario file (YAML or JSON)")->required();
  AddScenarioOptions(*run, options->common);
  run->add_option("--json", options->json, "Write the result as JSON; -: to standard output, alone")
      ->type_name("FILE");
  run->add_option("--perfetto", options->perfetto, "Write the timeline for ui.perfetto.dev")
      ->type_name("FILE");
  run->add_option("--out", options->out,
                  "Write JSON, CSV, timeline and the resolved scenario into a folder")
      ->type_name("DIR");
  run->add_flag("--quiet", options->quiet, "Print no report");
  run->callback([options, &action] { action = [options] { return RunScenario(*options); }; });
}

}  // namespace switchyard
