// switchyard trace info: statistics of a trace, and whether they look like a trained model's.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/checks.h"
#include "sim/cli/outputs.h"
#include "sim/cli/trace_command.h"
#include "sim/routing/trace/acceptance.h"
#include "sim/routing/trace/trace_join.h"
#include "sim/routing/trace/trace_stats.h"

namespace switchyard {
namespace {

struct InfoOptions {
  std::vector<std::string> files;
  std::string control;
  std::uint32_t experts = 0;
  std::optional<std::string> json;
  std::optional<std::string> csv;
};

// "law" of "a/law.topk_ids.npy".
std::string StemOf(const std::string& file) {
  const std::string name = std::filesystem::path(file).filename().string();
  return name.substr(0, name.find('.', 1));
}

Result<RouterTrace> Load(const std::string& file, std::uint32_t experts) {
  Result<RouterTrace> trace = LoadTrace(file, {experts});
  if (trace.ok()) WarnOf(trace.value());
  return trace;
}

Result<RouterTrace> LoadAll(const InfoOptions& options) {
  std::vector<RouterTrace> parts;
  std::vector<std::string> names;
  for (const std::string& file : options.files) {
    Result<RouterTrace> part = Load(file, options.experts);
    if (!part.ok()) return part.errors();
    parts.push_back(std::move(part).value());
    names.push_back(StemOf(file));
  }
  return JoinTraces(std::move(parts), names);
}

// A drawn trace need not look like a recorded one, unless somebody asks.
bool IsJudged(const TraceStats& stats, const std::optional<TraceStats>& control) {
  const bool drawn =
      stats.origin == TraceOrigin::kFitted || stats.origin == TraceOrigin::kSynthetic;
  return control.has_value() || !drawn;
}

ExitCode Info(const InfoOptions& options) {
  OutputPlan plan;
  for (const std::string& file : options.files) plan.Reads("the trace", file);
  if (!options.control.empty()) plan.Reads("--control", options.control);
  if (options.json) plan.Writes("--json", *options.json);
  if (options.csv) plan.Writes("--csv", *options.csv);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  const Result<RouterTrace> trace = LoadAll(options);
  if (!trace.ok()) return Complain(trace.errors());
  const TraceStats stats = ComputeTraceStats(trace.value());
  std::optional<TraceStats> control;
  if (!options.control.empty()) {
    const Result<RouterTrace> loaded = Load(options.control, options.experts);
    if (!loaded.ok()) return Complain(loaded.errors());
    control = ComputeTraceStats(loaded.value());
  }
  std::optional<Acceptance> acceptance;
  if (IsJudged(stats, control)) acceptance = JudgeTrace(stats, control ? &*control : nullptr);
  OutputSet set;
  if (options.json) set.Add(*options.json, ToJson(stats, acceptance ? &*acceptance : nullptr));
  if (options.csv) set.Add(*options.csv, ToCsv(stats));
  if (const auto written = set.Commit(); !written.ok()) return Complain(written.errors());
  if (options.json == "-" || options.csv == "-") return ExitCode::kOk;
  std::cout << ToText(stats);
  if (acceptance) std::cout << ToText(*acceptance);
  return ExitCode::kOk;
}

}  // namespace

void WarnOf(const RouterTrace& trace) {
  for (const std::string& warning : trace.warnings) std::cerr << "warning: " << warning << "\n";
}

void AddTraceInfo(CLI::App& trace, Action& action) {
  auto options = std::make_shared<InfoOptions>();
  CLI::App* info =
      trace.add_subcommand("info", "Statistics of a trace: skew, locality, cache hits");
  info->add_option("FILE", options->files,
                   "A .trace, or .npy of ids [tokens, layers, top_k]; several: as one stream, each "
                   "a domain")
      ->required()
      ->check(NotEmpty());
  info->add_option("--control", options->control,
                   "A trace of the same model untrained, to compare with")
      ->check(NotEmpty());
  info->add_option("--experts", options->experts,
                   "Experts of the model; default: as the trace says, or its largest id plus one");
  AddOutput(*info, "--json", options->json, "Write the statistics as JSON; -: to standard output");
  AddOutput(*info, "--csv", options->csv, "Write one row per layer; -: to standard output");
  info->callback([options, &action] { action = [options] { return Info(*options); }; });
}

}  // namespace switchyard
