// switchyard optimize SCENARIO: where the experts should be.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <iostream>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/progress.h"
#include "sim/cli/checks.h"
#include "sim/cli/command.h"
#include "sim/cli/interrupt.h"
#include "sim/cli/outputs.h"
#include "sim/optimize/online.h"
#include "sim/optimize/optimize.h"
#include "sim/optimize/report.h"
#include "sim/placement/files/loads_file.h"
#include "sim/placement/files/placement_file.h"
#include "sim/plan/experts/place_experts.h"
#include "sim/scenario/load.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

struct Command {
  std::string scenario;
  ScenarioOptions common;
  std::optional<std::string> json;
  std::optional<std::string> out;
  std::vector<std::string> exports;  // FORMAT=FILE
  std::optional<double> time_limit;
  std::optional<std::uint32_t> steps;
  std::optional<std::uint32_t> settled;
  bool quiet = false;
  bool online = false;
  // Without a scenario.
  std::optional<std::string> loads;
  std::uint32_t ranks = 0;
  std::uint32_t redundant = 0;
  std::uint32_t ranks_per_node = 8;
  std::uint32_t expert_groups = 1;
  std::uint32_t iterations = PlacementSpec{}.iterations;
};

struct Export {
  PlacementFormat format;
  std::string file;
};

Diagnostic UsageError(std::string message) { return Problem(std::move(message)); }

Result<Export> ParseExport(const std::string& text) {
  const std::size_t equals = text.find('=');
  std::vector<std::string> names;
  for (const PlacementFormatInfo& info : PlacementFormats()) {
    if (info.writable) names.emplace_back(info.name);
  }
  const std::string name = text.substr(0, equals);
  const auto format = PlacementFormatOf(name);
  const bool named =
      equals != std::string::npos && equals + 1 < text.size() && text.substr(equals + 1) != "-";
  if (!named || !format || !InfoOf(*format).writable) {
    return UsageError(fmt::format("--export {}: expected FORMAT=FILE with one of: {}", text,
                                  fmt::join(names, ", ")));
  }
  return Export{*format, text.substr(equals + 1)};
}

Result<std::vector<Export>> ExportsOf(const Command& command) {
  std::vector<Export> exports;
  Diagnostics errors;
  for (const std::string& text : command.exports) {
    auto parsed = ParseExport(text);
    if (parsed.ok()) {
      exports.push_back(std::move(parsed).value());
    } else {
      errors.insert(errors.end(), parsed.errors().begin(), parsed.errors().end());
    }
  }
  if (!errors.empty()) return errors;
  if (!command.out) return exports;
  for (const PlacementFormatInfo& info : PlacementFormats()) {
    if (!info.writable) continue;
    const fs::path file =
        fs::path(*command.out) / fmt::format("placement.{}{}", info.name, info.extension);
    exports.push_back({info.format, file});
  }
  return exports;
}

// The files that an export will make: their names do not depend on the placement.
std::vector<fs::path> FilesOf(const Export& item) {
  if (item.format != PlacementFormat::kEplbTensors) return {item.file};
  const fs::path folder(item.file);
  return {folder / "phy2log.npy", folder / "log2phy.npy", folder / "logcnt.npy"};
}

ExitCode PlanOutputs(const Command& command, const std::vector<Export>& exports, OutputPlan& plan) {
  if (!command.scenario.empty()) plan.Reads("the scenario", command.scenario);
  if (command.loads) plan.Reads("--loads", *command.loads);
  if (command.json) plan.Writes("--json", *command.json);
  if (command.out) {
    plan.Writes("--out", fs::path(*command.out) / "optimize.json");
    if (!command.scenario.empty()) plan.Writes("--out", fs::path(*command.out) / "scenario.yaml");
  }
  for (const Export& item : exports) {
    for (const fs::path& file : FilesOf(item)) plan.Writes("--export", file);
  }
  if (const auto checked = plan.Check(); !checked.ok()) return ComplainOfUsage(checked.errors());
  return ExitCode::kOk;
}

struct Found {
  OptimizeResult result;
  std::string resolved;          // the scenario; empty without one
  PlacementFileContext context;  // for exports
};

ExitCode Write(const Command& command, const std::vector<Export>& exports, const Found& found) {
  OutputSet set;
  const std::string json = ToJson(found.result);
  if (command.json) set.Add(*command.json, json);
  if (command.out) {
    set.Add(fs::path(*command.out) / "optimize.json", json);
    if (!found.resolved.empty()) set.Add(fs::path(*command.out) / "scenario.yaml", found.resolved);
  }
  for (const Export& item : exports) {
    const auto files =
        RenderPlacement(item.format, found.result.chosen().placements, found.context, item.file);
    if (!files.ok()) return Complain(files.errors());
    for (const RenderedFile& file : files.value()) set.Add(file.path, file.content);
  }
  if (const auto written = set.Commit(); !written.ok()) return Complain(written.errors());
  if (!command.quiet && command.json != "-") std::cout << ToText(found.result);
  return ExitCode::kOk;
}

// Bar, time limit and Ctrl-C around the search.
class Session {
 public:
  explicit Session(const Command& command) : terminal_(command.quiet ? nullptr : TerminalOrNull()) {
    options_.steps = command.steps.value_or(options_.steps);
    options_.settled = command.settled.value_or(options_.settled);
    options_.stop = &InterruptGuard::stop();
    if (command.time_limit) {
      options_.deadline = std::chrono::steady_clock::now() +
                          std::chrono::duration_cast<std::chrono::steady_clock::duration>(
                              std::chrono::duration<double>(*command.time_limit));
    }
    options_.on_progress = [this](std::uint64_t done, std::uint64_t total,
                                  const std::string& note) { Show(done, total, note); };
  }
  [[nodiscard]] const OptimizeOptions& options() const { return options_; }

 private:
  void Show(std::uint64_t done, std::uint64_t total, const std::string& note) {
    if (!bar_) bar_.emplace("optimizing", total, terminal_);
    bar_->Note(note);
    bar_->Advance(done - shown_);
    shown_ = done;
  }

  InterruptGuard interrupt_;
  std::ostream* terminal_;
  std::optional<Progress> bar_;
  std::uint64_t shown_ = 0;
  OptimizeOptions options_;
};

// Whether what the command line says fits the experts that the file has.
Result<void> CheckSlots(const Command& command, std::uint32_t experts) {
  const std::uint32_t slots = experts + command.redundant;
  if (slots % command.ranks != 0) {
    return UsageError(fmt::format(
        "{} experts and {} redundant ones (--redundant) do not make equally many slots on {} ranks",
        experts, command.redundant, command.ranks));
  }
  if (slots / command.ranks > experts) {
    return UsageError(
        fmt::format("--redundant {}: more than one copy of each of {} experts on "
                    "each rank",
                    command.redundant, experts));
  }
  if (experts % command.expert_groups != 0) {
    return UsageError(fmt::format("--expert-groups {} does not divide {} experts",
                                  command.expert_groups, experts));
  }
  return {};
}

Result<Found> SearchLoads(const Command& command) {
  // Layers and experts are what the file has.
  const auto shape_of_file = ShapeOfExpertLoads(*command.loads);
  if (!shape_of_file.ok()) return shape_of_file.errors();
  const std::uint32_t experts = shape_of_file.value().experts;
  Found found;
  found.context.num_layers = shape_of_file.value().layers;
  found.context.moe_layers.resize(found.context.num_layers);
  std::iota(found.context.moe_layers.begin(), found.context.moe_layers.end(), 0u);
  found.context.experts = experts;
  found.context.ranks = command.ranks;
  auto loads = LoadExpertLoads(*command.loads, found.context);
  if (!loads.ok()) return loads.errors();
  const Result<void> fits = CheckSlots(command, experts);
  if (!fits.ok()) return fits.errors();
  const std::uint32_t slots = experts + command.redundant;
  const PlacementShape shape{experts, command.ranks,
                             std::min(command.ranks, command.ranks_per_node), slots / command.ranks,
                             command.expert_groups};
  PlacementSpec spec;
  spec.redundant_experts = command.redundant;
  spec.iterations = command.iterations;
  const Session session(command);
  found.result = OptimizeLoads(shape, spec, command.common.seed.value_or(1),
                               std::move(loads.value().layers), session.options());
  return found;
}

ExitCode CheckLoadsUsage(const Command& command) {
  if (command.ranks == 0) return ComplainOfUsage({UsageError("--loads needs --ranks")});
  if (!command.common.sets.empty() || command.common.fidelity) {
    return ComplainOfUsage({UsageError("--set and --fidelity need a scenario")});
  }
  if (command.ranks_per_node == 0 ||
      command.ranks % std::min(command.ranks, command.ranks_per_node) != 0) {
    return ComplainOfUsage({UsageError(fmt::format("--ranks-per-node {} does not divide {} ranks",
                                                   command.ranks_per_node, command.ranks))});
  }
  return ExitCode::kOk;
}

ExitCode RunWithLoads(const Command& command, const std::vector<Export>& exports,
                      OutputPlan& plan) {
  if (const ExitCode code = CheckLoadsUsage(command); code != ExitCode::kOk) return code;
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  const auto found = SearchLoads(command);
  if (!found.ok()) return Complain(found.errors());
  return Write(command, exports, found.value());
}

// What all uses of a scenario ask of it.
Result<LoadedScenario> LoadChecked(const Command& command) {
  const LoadOptions load{DataRoot(), command.common.sets, command.common.seed,
                         command.common.fidelity};
  Result<LoadedScenario> loaded = LoadScenario(command.scenario, load);
  if (!loaded.ok()) return loaded;
  const Scenario& scenario = loaded.value().scenario;
  if (!scenario.model.moe) {
    return FileError(command.scenario, "model: has no routed experts to place");
  }
  if (!scenario.placement.file.empty()) {
    return FileError(command.scenario,
                     "placement.file: is already a placement; to improve it, name it "
                     "placement.current");
  }
  return loaded;
}

ExitCode RunOnline(const Command& command, OutputPlan& plan) {
  if (!command.exports.empty()) {
    return ComplainOfUsage(
        {UsageError("--export: --online compares ways of planning and ends "
                    "with no placement")});
  }
  const Result<LoadedScenario> loaded = LoadChecked(command);
  if (!loaded.ok()) return Complain(loaded.errors());
  PlanToRead(loaded.value().scenario, plan);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  const auto result = [&] {
    const Session session(command);
    return ReplayOnline(loaded.value().scenario, session.options());
  }();
  if (!result.ok()) return Complain(result.errors());
  OutputSet set;
  const std::string json = ToJson(result.value());
  if (command.json) set.Add(*command.json, json);
  if (command.out) {
    set.Add(fs::path(*command.out) / "optimize.json", json);
    set.Add(fs::path(*command.out) / "scenario.yaml", loaded.value().resolved_yaml);
  }
  if (const auto written = set.Commit(); !written.ok()) return Complain(written.errors());
  if (!command.quiet && command.json != "-") std::cout << ToText(result.value());
  return ExitCode::kOk;
}

ExitCode RunWithScenario(const Command& command, const std::vector<Export>& exports,
                         OutputPlan& plan) {
  Result<LoadedScenario> loaded = LoadChecked(command);
  if (!loaded.ok()) return Complain(loaded.errors());
  const Scenario& scenario = loaded.value().scenario;
  PlanToRead(scenario, plan);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  Found found;
  found.resolved = loaded.value().resolved_yaml;
  found.context = FileContextOf(scenario);
  {
    const Session session(command);
    auto result = Optimize(scenario, session.options());
    if (!result.ok()) return Complain(result.errors());
    found.result = std::move(result).value();
  }
  return Write(command, exports, found);
}

ExitCode Run(const Command& command) {
  const auto exports = ExportsOf(command);
  if (!exports.ok()) return ComplainOfUsage(exports.errors());
  if (command.scenario.empty() == !command.loads.has_value()) {
    return ComplainOfUsage({UsageError("expected either a SCENARIO or --loads FILE")});
  }
  OutputPlan plan;
  const std::vector<Export> written = command.online ? std::vector<Export>{} : exports.value();
  if (const ExitCode code = PlanOutputs(command, written, plan); code != ExitCode::kOk) {
    return code;
  }
  if (command.online && command.loads) {
    return ComplainOfUsage({UsageError("--online needs a scenario: counts alone are no steps")});
  }
  if ((command.online || command.loads) && (command.steps || command.settled)) {
    return ComplainOfUsage(
        {UsageError("--steps and --settle are for a scenario without --online "
                    "(which follows placement.replanning.steps)")});
  }
  if (command.online) return RunOnline(command, plan);
  return command.loads ? RunWithLoads(command, exports.value(), plan)
                       : RunWithScenario(command, exports.value(), plan);
}

void AddLoadsOptions(CLI::App& app, Command& command) {
  CLI::Option* const loads =
      app.add_option("--loads", command.loads,
                     "Instead of a scenario: expert counts of a server (SGLang .json or .pt, .npy, "
                     "CSV); nothing is simulated");
  loads->check(NotEmpty());
  app.add_option("--ranks", command.ranks, "With --loads: ranks of the expert-parallel group")
      ->check(CLI::Range(1u, 65536u))
      ->needs(loads);
  app.add_option("--redundant", command.redundant, "With --loads: redundant experts")
      ->check(CLI::Range(0u, 65535u))
      ->needs(loads);
  app.add_option("--ranks-per-node", command.ranks_per_node, "With --loads: default 8")
      ->check(CLI::Range(1u, 65536u))
      ->needs(loads);
  app.add_option("--expert-groups", command.expert_groups,
                 "With --loads: groups of experts for hierarchical EPLB, default 1")
      ->check(CLI::Range(1u, 65536u))
      ->needs(loads);
  app.add_option("--iterations", command.iterations,
                 "With --loads: search beyond the first local optimum, each layer, default 0")
      ->needs(loads);
}

}  // namespace

void AddOptimizeCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<Command>();
  CLI::App* optimize = app.add_subcommand(
      "optimize", "Search a placement of experts: planned by every policy, settled by simulation");
  optimize->add_option("SCENARIO", options->scenario, "Scenario file (YAML or JSON)")
      ->check(NotEmpty());
  AddScenarioOptions(*optimize, options->common);
  AddOutput(*optimize, "--json", options->json,
            "Write all plans' figures as JSON; -: to standard output, alone");
  AddOutput(*optimize, "--out", options->out,
            "Write figures, scenario and the chosen placement in every format into a folder")
      ->type_name("DIR")
      ->check(NotStandardOutput());
  optimize
      ->add_option("--export", options->exports,
                   "Write the chosen placement, FORMAT=FILE (switchyard describe "
                   "placement-formats); repeatable")
      ->allow_extra_args(false);
  optimize
      ->add_option("--time-limit", options->time_limit,
                   "Seconds after which the best plans so far are taken, as after Ctrl-C")
      ->check(CLI::Range(0.0, 1e9))
      ->check(CLI::Validator(
          [](const std::string& text) {
            const bool number = text.find_first_not_of("0123456789.eE+-") == std::string::npos;
            return number ? std::string() : "must be a number of seconds";
          },
          ""));
  optimize
      ->add_option("--steps", options->steps,
                   "Held-out steps that each of the best plans is simulated on, default 2; 0: no "
                   "simulation")
      ->check(CLI::Range(0u, 4096u));
  optimize
      ->add_option("--settle", options->settled,
                   "Plans to simulate besides linear and eplb, best predicted first, default 4")
      ->check(CLI::Range(0u, 64u));
  optimize->add_flag("--online", options->online,
                     "Instead: what replanning every so many steps is worth "
                     "(placement.replanning), migration simulated");
  optimize->add_flag("--quiet", options->quiet, "Print no report");
  AddLoadsOptions(*optimize, *options);
  optimize->callback([options, &action] { action = [options] { return Run(*options); }; });
}

}  // namespace switchyard
