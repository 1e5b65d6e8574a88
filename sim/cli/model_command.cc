// switchyard model show|import: model cards and Hugging Face configurations.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "models/card.h"
#include "models/import/hf_config.h"
#include "models/summary.h"
#include "sim/base/file.h"
#include "sim/cli/checks.h"
#include "sim/cli/command.h"
#include "sim/cli/outputs.h"
#include "sim/scenario/load.h"

namespace switchyard {
namespace {

struct ModelOptions {
  std::string source;
  std::optional<std::string> json;
  std::optional<std::string> card;
};

ExitCode PlanOutputs(const ModelOptions& options, OutputPlan& plan) {
  plan.Reads("the model", options.source);
  if (options.card) plan.Writes("--card", *options.card);
  if (options.json) plan.Writes("--json", *options.json);
  return Prepare(plan);
}

// Standard output holds the summary as text, unless one of the outputs goes there.
ExitCode Write(const ModelSummary& summary, const std::string& card, const ModelOptions& options) {
  OutputSet set;
  if (options.card) set.Add(*options.card, card);
  if (options.json) set.Add(*options.json, SummaryJson(summary));
  if (const auto written = set.Commit(); !written.ok()) return Complain(written.errors());
  if (options.json != "-" && options.card != "-") std::cout << SummaryText(summary);
  return ExitCode::kOk;
}

ExitCode Show(const ModelOptions& options) {
  OutputPlan plan;
  if (const ExitCode code = PlanOutputs(options, plan); code != ExitCode::kOk) return code;
  const Result<ModelSpec> model = LoadModelCard(options.source, DataRoot());
  if (!model.ok()) return Complain(model.errors());
  return Write(Summarize(model.value()), "", options);
}

ExitCode Import(const ModelOptions& options) {
  constexpr std::size_t kMaxBytes = std::size_t{8} << 20;  // far above any config.json
  OutputPlan plan;
  if (const ExitCode code = PlanOutputs(options, plan); code != ExitCode::kOk) return code;
  const Result<std::string> text = ReadFile(options.source, kMaxBytes);
  if (!text.ok()) return Complain(text.errors());
  const Result<ImportedModel> model = ImportHfConfig(text.value(), options.source);
  if (!model.ok()) return Complain(model.errors());
  const std::string card = ModelCardYaml(model.value().spec, "Imported from " + options.source);
  return Write(Summarize(model.value().spec, model.value().notes), card, options);
}

}  // namespace

void AddModelCommand(CLI::App& app, Action& action) {
  CLI::App* model = app.add_subcommand("model", "Models: show a card, import a config.json");
  model->require_subcommand(1);
  auto options = std::make_shared<ModelOptions>();
  const auto add_json = [&](CLI::App& command) {
    AddOutput(command, "--json", options->json, "Write the summary as JSON; -: to standard output");
  };
  CLI::App* show = model->add_subcommand("show", "Shape, parameters and cache size of a model");
  show->add_option("MODEL", options->source, "Name of a card in models/cards, or a card's file")
      ->required()
      ->check(NotEmpty());
  add_json(*show);
  show->callback([options, &action] { action = [options] { return Show(*options); }; });

  CLI::App* import = model->add_subcommand("import", "Read a Hugging Face config.json");
  import->add_option("FILE", options->source, "config.json")->required()->check(NotEmpty());
  AddOutput(*import, "--card", options->card, "Write a model card; -: to standard output, alone");
  add_json(*import);
  import->callback([options, &action] { action = [options] { return Import(*options);
};
}  // namespace switchyard
);
}

}  // namespace switchyard
