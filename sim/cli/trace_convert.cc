#include "sim/cli/trace_convert.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "sim/cli/checks.h"
#include "sim/cli/outputs.h"
#include "sim/cli/trace_command.h"
#include "sim/routing/trace/import/trace_importer.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

struct ConvertOptions {
  std::string from;
  std::string to;
  std::string format;
  ImportOptions import;
};

// The two forms of Switchyard itself, by the first bytes.
bool IsOwn(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::string magic(4, '\0');
  in.read(magic.data(), static_cast<std::streamsize>(magic.size()));
  return magic == "MRT1" || magic == "\x93NUM";
}

Diagnostics RefuseImportOptions(const ImportOptions& options) {
  Diagnostics errors;
  const auto refuse = [&](const std::string& option, bool given) {
    if (given) errors.push_back(Problem(option + ": a .trace or .npy file has no use for it"));
  };
  refuse("--layers", options.layers.has_value());
  refuse("--top-k", options.top_k.has_value());
  refuse("--first-layer", options.first_layer.has_value());
  refuse("--tokens", options.tokens.has_value());
  refuse("--seed", options.seed.has_value());
  return errors;
}

Result<RouterTrace> Load(const ConvertOptions& options) {
  std::error_code error;
  const bool own =
      options.format.empty() && fs::is_regular_file(options.from, error) && IsOwn(options.from);
  if (!own) return ImportTrace(fs::path(options.from), options.import, options.format);
  const Diagnostics errors = RefuseImportOptions(options.import);
  if (!errors.empty()) return errors;
  return LoadTrace(options.from, {options.import.experts.value_or(0)});
}

// What the .npy form has no room for is said, not lost in silence.
void WarnOfNpy(const RouterTrace& trace) {
  if (trace.origin == TraceOrigin::kFitted || trace.origin == TraceOrigin::kSynthetic) {
    std::cerr << "warning: a .npy cannot say that it is synthetic: whoever reads it takes it for "
                 "recorded\n";
  } else if (trace.origin != TraceOrigin::kUnknown) {
    std::cerr << "warning: a .npy cannot say where it was recorded: left out\n";
  }
  std::string lost;
  if (!trace.domains.empty()) lost += ", domains";
  if (!trace.token_ids.empty()) lost += ", token ids";
  if (!trace.kept.empty()) lost += ", recorded drops";
  if (!trace.recipes.empty()) lost += ", how the choices were computed";
  if (!trace.gaps.empty()) lost += ", the list of gaps";
  bool consecutive = true;
  for (std::size_t l = 0; l < trace.layer_ids.size(); ++l) {
    consecutive = consecutive && trace.layer_ids[l] == l;
  }
  if (!consecutive) lost += ", the layers' numbers in the model";
  const bool phases =
      std::any_of(trace.steps.begin(), trace.steps.end(),
                  [](const TraceStep& step) { return step.phase != TracePhase::kMixed; });
  if (phases) lost += ", the phases of the steps";
  if (lost.empty()) return;
  std::cerr << "warning: .npy files do not hold " << lost.substr(2) << ": left out\n";
}

// What is wrong with no file in particular is wrong with the command line.
ExitCode Refuse(const Diagnostics& errors) {
  return errors.front().where.file.empty() ? ComplainOfUsage(errors) : Complain(errors);
}

ExitCode Convert(const ConvertOptions& options) {
  OutputPlan plan;
  plan.Reads("the trace", options.from);
  plan.Writes("TO", options.to);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  const Result<RouterTrace> trace = Load(options);
  if (!trace.ok()) return Refuse(trace.errors());
  WarnOf(trace.value());
  const bool to_npy = fs::path(options.to).extension() == ".npy";
  if (to_npy) WarnOfNpy(trace.value());
  const Result<void> written =
      to_npy ? ExportNpy(trace.value(), options.to) : SaveTrace(trace.value(), options.to);
  return written.ok() ? ExitCode::kOk : Complain(written.errors());
}

std::vector<std::string> FormatNames() {
  std::vector<std::string> names;
  for (const TraceImporter& importer : TraceImporters()) names.emplace_back(importer.name);
  return names;
}

void AddImportOptions(CLI::App& convert, ConvertOptions& options) {
  constexpr std::uint32_t kMostExperts = 65534, kMostLayers = 4096;
  ImportOptions& import = options.import;
  convert.add_option("--format", options.format, "Format of FROM; else by its content")
      ->check(CLI::IsMember(FormatNames()))
      ->type_name("NAME");
  convert.add_option("--experts", import.experts, "Experts of the model, where FROM does not say")
      ->check(CLI::Range(1U, kMostExperts));
  convert.add_option("--layers", import.layers, "Layers of arrays without a shape")
      ->check(CLI::Range(1U, kMostLayers));
  convert
      .add_option("--top-k", import.top_k, "Choices per token, of arrays without a shape, counts")
      ->check(CLI::Range(1U, kMostExperts));
  convert
      .add_option("--first-layer", import.first_layer,
                  "Index in the model of an array's first layer; default: 0")
      ->check(CLI::Range(0U, kMostLayers));
  convert
      .add_option("--tokens", import.tokens,
                  "Tokens to draw from counts; default: as many as were counted, up to 65536")
      ->check(CLI::Range(1, 1 << 24));
  convert.add_option("--seed", import.seed, "Of the tokens drawn from counts; default: 1")
      ->check(Unsigned64());
}

}  // namespace

void AddTraceConvert(CLI::App& trace, Action& action) {
  auto options = std::make_shared<ConvertOptions>();
  CLI::App* convert = trace.add_subcommand(
      "convert", "Between .npy and .trace, and from other tools (describe trace-formats)");
  convert->add_option("FROM", options->from, "The trace to read")->required()->check(NotEmpty());
  convert->add_option("TO", options->to, "The file to write; .npy: ids, else a .trace container")
      ->required()
      ->check(NotEmpty())
      ->check(NotStandardOutput());
  AddImportOptions(*convert, *options);
  convert->callback([options, &action] { action = [options] { return Convert(*options); }; });
}

}  // namespace switchyard
