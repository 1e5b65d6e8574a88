// switchyard trace info: statistics of a trace, and whether they look like a trained model's.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "sim/base/file.h"
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

// One name a file, each different: files of one stem, as those of two runs, are told apart by their
// folder, or else by all of their path.
std::vector<std::string> DomainNames(const std::vector<std::string>& files) {
  std::map<std::string, int> stems;
  std::map<std::string, int> in_folder;
  const auto folder_name = [](const std::string& file) {
    std::error_code ignored;
    const auto folder = std::filesystem::absolute(file, ignored).parent_path().filename();
    return (folder / StemOf(file)).string();
  };
  for (const std::string& file : files) {
    ++stems[StemOf(file)];
    ++in_folder[folder_name(file)];
  }
  std::vector<std::string> names;
  for (const std::string& file : files) {
    if (stems[StemOf(file)] == 1) {
      names.push_back(StemOf(file));
    } else {
      names.push_back(in_folder[folder_name(file)] == 1 ? folder_name(file) : file);
    }
  }
  return names;
}

// A trace compared with itself, or counted twice, says nothing.
Diagnostics CheckDifferent(const InfoOptions& options) {
  Diagnostics errors;
  const auto same = [](const std::string& a, const std::string& b) {
    std::error_code ignored;
    return a == b || std::filesystem::equivalent(a, b, ignored);
  };
  for (std::size_t i = 0; i < options.files.size(); ++i) {
    const std::string& file = options.files[i];
    if (!options.control.empty() && same(options.control, file)) {
      errors.push_back(FileError(options.control, "--control is the trace itself"));
    }
    const auto before = options.files.begin() + static_cast<std::ptrdiff_t>(i);
    if (std::any_of(options.files.begin(), before, [&](const auto& f) { return same(f, file); })) {
      errors.push_back(FileError(file, "is given twice"));
    }
  }
  return errors;
}

Diagnostics CheckControl(const TraceStats& stats, const TraceStats& control,
                         const std::string& file) {
  const bool same = control.experts == stats.experts && control.top_k == stats.top_k &&
                    control.layers == stats.layers;
  if (same) return {};
  return {FileError(file, fmt::format("--control has {} experts, top-{}, {} MoE layers; the trace "
                                      "has {}, top-{}, {}",
                                      control.experts, control.top_k, control.layers, stats.experts,
                                      stats.top_k, stats.layers))};
}

Result<RouterTrace> Load(const std::string& file, std::uint32_t experts) {
  Result<RouterTrace> trace = LoadTrace(file, {experts});
  if (trace.ok()) WarnOf(trace.value());
  return trace;
}

Result<RouterTrace> LoadAll(const InfoOptions& options) {
  std::vector<RouterTrace> parts;
  for (const std::string& file : options.files) {
    Result<RouterTrace> part = Load(file, options.experts);
    if (!part.ok()) return part.errors();
    parts.push_back(std::move(part).value());
  }
  return JoinTraces(std::move(parts), DomainNames(options.files));
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
  if (const Diagnostics same = CheckDifferent(options); !same.empty()) return Complain(same);
  const Result<RouterTrace> trace = LoadAll(options);
  if (!trace.ok()) return Complain(trace.errors());
  const TraceStats stats = ComputeTraceStats(trace.value());
  std::optional<TraceStats> control;
  if (!options.control.empty()) {
    const Result<RouterTrace> loaded = Load(options.control, options.experts);
    if (!loaded.ok()) return Complain(loaded.errors());
    control = ComputeTraceStats(loaded.value());
    const Diagnostics errors = CheckControl(stats, *control, options.control);
    if (!errors.empty()) return Complain(errors);
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
