// switchyard trace join: several traces of one model as one, e.g. the tasks of a benchmark.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/cli/checks.h"
#include "sim/cli/outputs.h"
#include "sim/cli/trace_command.h"
#include "sim/routing/trace/trace_join.h"

namespace switchyard {
namespace {

struct JoinOptions {
  std::string to;
  std::vector<std::string> from;
  std::uint32_t experts = 0;
};

// "law" of data/law.topk_ids.npy; the whole path where that is no name of its own.
std::vector<std::string> NamesOf(const std::vector<std::string>& files) {
  std::vector<std::string> names;
  for (const std::string& file : files) {
    const std::string name = std::filesystem::path(file).filename().string();
    names.push_back(name.substr(0, name.find('.')));
  }
  std::vector<std::string> sorted = names;
  std::sort(sorted.begin(), sorted.end());
  const bool distinct = std::adjacent_find(sorted.begin(), sorted.end()) == sorted.end();
  return distinct ? names : files;
}

ExitCode Join(const JoinOptions& options) {
  OutputPlan plan;
  for (const std::string& file : options.from) plan.Reads("the trace", file);
  plan.Writes("TO", options.to);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  std::vector<RouterTrace> parts;
  Diagnostics errors;
  for (const std::string& file : options.from) {
    Result<RouterTrace> part = LoadTrace(file, {options.experts});
    if (part.ok()) {
      WarnOf(part.value());
      parts.push_back(std::move(part).value());
    } else {
      errors.insert(errors.end(), part.errors().begin(), part.errors().end());
    }
  }
  if (!errors.empty()) return Complain(errors);
  const Result<RouterTrace> joined = JoinTraces(std::move(parts), NamesOf(options.from));
  if (!joined.ok()) return Complain(joined.errors());
  const Result<void> written = SaveTrace(joined.value(), options.to);
  return written.ok() ? ExitCode::kOk : Complain(written.errors());
}

}  // namespace

void AddTraceJoin(CLI::App& trace, Action& action) {
  auto options = std::make_shared<JoinOptions>();
  CLI::App* join = trace.add_subcommand(
      "join", "Several traces of one model as one, each a domain; requests stay apart");
  join->add_option("TO", options->to, "The .trace to write")
      ->required()
      ->check(NotEmpty())
      ->check(NotStandardOutput());
  join->add_option("FROM", options->from, "The traces to read, in this order")
      ->required()
      ->expected(2, 255)
      ->check(NotEmpty());
  join->add_option("--experts", options->experts, "Experts of the model, for .npy")
      ->check(CLI::Range(1, 65534));
  join->callback([options, &action] { action = [options] { return Join(*options); }; });
}

}  // namespace switchyard
