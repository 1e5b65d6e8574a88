// switchyard describe and schema: what a scenario may say.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <string>
#include <vector>

#include "sim/cli/command.h"
#include "sim/collectives/collective_algorithm.h"
#include "sim/engine/executor.h"
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

// Catalogues that are not messages of the schema.
std::string Catalogue(const std::string& kind) {
  if (kind == "models")
    return Lines("Model cards (models/cards)", CardNames(CardKind::kModel, DataRoot()));
  if (kind == "clusters") {
    return Lines("Cluster cards (topologies/cards)", CardNames(CardKind::kCluster, DataRoot()));
  }
  if (kind == "fidelities") return Lines("Fidelities (simulation.fidelity)", ExecutorNames());
  if (kind == "collectives") return Lines("Collective algorithms", CollectiveAlgorithmNames());
  return {};
}

ExitCode Describe(const std::string& kind) {
  const std::string catalogue = Catalogue(kind);
  if (!catalogue.empty()) {
    std::cout << catalogue;
    return ExitCode::kOk;
  }
  const Result<std::string> text = DescribeMessage(kind);
  if (!text.ok()) return Complain(text.errors());
  std::cout << text.value();
  return ExitCode::kOk;
}

}  // namespace

void AddDescribeCommand(CLI::App& app, Action& action) {
  auto kind = std::make_shared<std::string>("scenario");
  CLI::App* describe =
      app.add_subcommand("describe", "Explain a part of scenario files, or list a catalogue");
  describe->add_option(
      "KIND", *kind,
      "Path of fields (scenario, cluster.node, capacity, ...), or models, clusters, "
      "fidelities, collectives");
  describe->callback([kind, &action] { action = [kind] { return Describe(*kind); }; });
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
