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
#include "sim/cli/command.h"
#include "sim/scenario/load.h"

namespace switchyard {
namespace {

struct ModelOptions {
  std::string source;
  std::optional<std::string> json;
  std::optional<std::string> card;
};

ExitCode Print(const ModelSummary& summary, const std::optional<std::string>& json) {
  if (json) {
    const Result<void> written = Emit(*json, SummaryJson(summary));
    if (!written.ok()) return Complain(written.errors());
  }
  if (json != "-") std::cout << SummaryText(summary);
  return ExitCode::kOk;
}

ExitCode Show(const ModelOptions& options) {
  const Result<ModelSpec> model = LoadModelCard(options.source, DataRoot());
  if (!model.ok()) return Complain(model.errors());
  return Print(Summarize(model.value()), options.json);
}

ExitCode Import(const ModelOptions& options) {
  constexpr std::size_t kMaxBytes = std::size_t{8} << 20;  // far above any config.json
  const Result<std::string> text = ReadFile(options.source, kMaxBytes);
  if (!text.ok()) return Complain(text.errors());
  const Result<ImportedModel> model = ImportHfConfig(text.value(), options.source);
  if (!model.ok()) return Complain(model.errors());
  if (options.card) {
    const std::string card = ModelCardYaml(model.value().spec, "Imported from " + options.source);
    const Result<void> written = Emit(*options.card, card);
    if (!written.ok()) return Complain(written.errors());
    if (options.card == "-") return ExitCode::kOk;
  }
  return Print(Summarize(model.value().spec, model.value().notes), options.json);
}

}  // namespace

void AddModelCommand(CLI::App& app, Action& action) {
  CLI::App* model = app.add_subcommand("model", "Models: show a card, import a config.json");
  model->require_subcommand(1);
  auto options = std::make_shared<ModelOptions>();
  const auto add_json = [&](CLI::App* command) {
    command->add_option("--json", options->json, "Write the summary as JSON; -: to standard output")
        ->type_name("FILE");
  };
  CLI::App* show = model->add_subcommand("show", "Shape, parameters and cache size of a model");
  show->add_option("MODEL", options->source, "Name of a card in models/cards, or a card's file")
      ->required();
  add_json(show);
  show->callback([options, &action] { action = [options] { return Show(*options); }; });

  CLI::App* import = model->add_subcommand("import", "Read a Hugging Face config.json");
  import->add_option("FILE", options->source, "config.json")->required();
  import->add_option("--card", options->card, "Write a model card; -: to standard output, alone")
      ->type_name("FILE");
  add_json(import);
  import->callback([options, &action] { action = [options] { return Import(*options);
};
}  // namespace switchyard
);
}

}  // namespace switchyard
