// switchyard describe and schema: what a scenario may say.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "kernels/names.h"
#include "kernels/presets.h"
#include "sim/base/file.h"
#include "sim/cli/command.h"
#include "sim/engine/executor.h"
#include "sim/placement/files/placement_file.h"
#include "sim/placement/policy.h"
#include "sim/routing/trace/import/trace_importer.h"
#include "sim/scenario/cards.h"
#include "sim/scenario/describe.h"
#include "sim/scenario/json_schema.h"

namespace switchyard {
namespace {

std::string Lines(const std::string& title, const std::vector<std::string>& names) {
  std::string out = title + "\n";
  for (const std::string& name : names) out += "  " + name + "\n";
  return out;
}

struct DescribeOptions {
  std::string kind = "scenario";
  std::vector<std::string> names;
};

// All cards of a kind, or one of them as it stands in its file: with the sources of its figures.
Result<std::string> DescribeCards(CardKind kind, const std::string& title,
                                  const std::vector<std::string>& names) {
  constexpr std::size_t kMaxBytes = std::size_t{1} << 20;
  const std::vector<std::string> cards = CardNames(kind, DataRoot());
  if (names.empty()) return Lines(title, cards);
  const std::string& name = names.front();
  if (names.size() > 1 || std::find(cards.begin(), cards.end(), name) == cards.end()) {
    const std::string found = fmt::format("{}", fmt::join(names, " "));
    return Problem("no " + CardKey(kind) + " card '" + found + "'" + Suggestion(found, cards));
  }
  return ReadFile(CardPath(kind, name, DataRoot()), kMaxBytes);
}

// All router presets, or one of them: what it does and where that was read.
Result<std::string> DescribeRouters(const std::vector<std::string>& names) {
  std::vector<std::string> known;
  for (const kernels::RouterPreset& preset : kernels::RouterPresets()) {
    known.emplace_back(preset.name);
  }
  if (names.empty()) return Lines("Routers (switchyard trace record --router)", known);
  const std::string found = fmt::format("{}", fmt::join(names, " "));
  const kernels::RouterPreset* preset = kernels::FindPreset(found);
  if (preset == nullptr) return Problem("no router '" + found + "'" + Suggestion(found, known));
  return fmt::format("{}\n  routing   {}\n  capacity  {}\n  source    {}\n", preset->name,
                     kernels::Describe(preset->route), kernels::Describe(preset->capacity),
                     preset->source);
}

// A path of fields: "scenario.model.attention", or "capacity" and "rule".
Result<std::string> DescribePath(const DescribeOptions& options) {
  const std::string root = "scenario.";
  std::string path = options.kind;
  for (const std::string& name : options.names) path += "." + name;
  return DescribeMessage(path.starts_with(root) ? path.substr(root.size()) : path);
}

std::string TraceFormats() {
  std::string text =
      "Trace formats (trace convert --format NAME)\n"
      "  .trace, .npy: Switchyard's own, read by every command\n";
  for (const TraceImporter& importer : TraceImporters()) {
    text += fmt::format("  {}: {}\n", importer.name, importer.summary);
  }
  return text;
}

std::string PlacementFormatList() {
  std::string text = "Placement formats (sim/placement/README.md)\n";
  for (const PlacementFormatInfo& info : PlacementFormats()) {
    text += fmt::format("  {}: {}\n", info.name, info.summary);
    if (info.writable) text += fmt::format("    to the server: {}\n", info.usage);
  }
  return text;
}

std::string PlacementPolicyList() {
  std::string text = "Placement policies (placement.policy)\n";
  for (const PolicyInfo& info : PlacementPolicies()) {
    text += fmt::format("  {}: {}\n", info.name, info.summary);
  }
  return text;
}

// Lists that are not cards; empty for another word.
std::string ListOf(const std::string& kind) {
  if (kind == "trace-formats") return TraceFormats();
  if (kind == "placement-policies") return PlacementPolicyList();
  if (kind == "placement-formats") return PlacementFormatList();
  if (kind == "fidelities") return Lines("Fidelities (simulation.fidelity)", ExecutorNames());
  return "";
}

Result<std::string> TextOf(const DescribeOptions& options) {
  if (options.kind == "models") {
    return DescribeCards(CardKind::kModel, "Model cards (models/cards)", options.names);
  }
  if (options.kind == "clusters") {
    return DescribeCards(CardKind::kCluster, "Cluster cards (topologies/cards)", options.names);
  }
  if (options.kind == "routers") return DescribeRouters(options.names);
  const std::string list = ListOf(options.kind);
  if (list.empty()) return DescribePath(options);
  if (!options.names.empty()) {
    return Problem(options.kind + " is a list of names: nothing is below it");
  }
  return list;
}

ExitCode Describe(const DescribeOptions& options) {
  const Result<std::string> text = TextOf(options);
  if (!text.ok()) return Complain(text.errors());
  std::cout << text.value();
  return ExitCode::kOk;
}

}  // namespace

void AddDescribeCommand(CLI::App& app, Action& action) {
  auto options = std::make_shared<DescribeOptions>();
  CLI::App* describe =
      app.add_subcommand("describe", "Explain a part of scenario files, or list a catalogue");
  describe->add_option(
      "KIND", options->kind,
      "Path of fields (scenario, cluster.node, capacity, ...), or models, "
      "clusters, fidelities, routers, trace-formats, placement-policies, placement-formats");
  describe->add_option("NAME", options->names,
                       "A field below KIND, or the card to print: models mixtral_8x7b");
  describe->callback([options, &action] { action = [options] { return Describe(*options); }; });
}

void AddSchemaCommand(CLI::App& app, Action& action) {
  CLI::App* schema = app.add_subcommand("schema", "Print the JSON Schema of scenario files");
  schema->callback([&action] {
    action = [] {
      std::cout << ScenarioJsonSchema();
      return ExitCode::kOk;
    };
  });
}

}  // namespace switchyard
