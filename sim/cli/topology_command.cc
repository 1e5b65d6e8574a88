// switchyard topology show|check: what a cluster card describes and what it can carry.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "sim/cli/checks.h"
#include "sim/cli/command.h"
#include "sim/cli/outputs.h"
#include "sim/scenario/load.h"
#include "topologies/analysis/analysis.h"
#include "topologies/analysis/report.h"
#include "topologies/builder.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {
namespace {

struct TopologyOptions {
  std::string source;
  std::optional<std::uint32_t> nodes;
  std::optional<std::string> json;
  std::optional<std::string> dot;
  std::optional<std::string> graphml;
};

ExitCode Show(const TopologyOptions& options) {
  OutputPlan plan;
  plan.Reads("the card", options.source);
  if (options.json) plan.Writes("--json", *options.json);
  if (options.dot) plan.Writes("--dot", *options.dot);
  if (options.graphml) plan.Writes("--graphml", *options.graphml);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  Result<ClusterSpec> cluster = LoadClusterCard(options.source, DataRoot());
  if (!cluster.ok()) return Complain(cluster.errors());
  if (options.nodes) cluster.value().nodes = *options.nodes;
  const Result<Platform> platform = BuildPlatform(cluster.value());
  if (!platform.ok()) return Complain(platform.errors());

  const bool text = options.json != "-" && options.dot != "-" && options.graphml != "-";
  std::optional<TopologyAnalysis> analysis;
  if (text || options.json) {
    const auto paths = MakePathSelector(cluster.value().paths, platform.value());
    analysis = Analyze(platform.value(), *paths);
  }
  OutputSet set;
  if (options.dot) set.Add(*options.dot, ToDot(platform.value()));
  if (options.graphml) set.Add(*options.graphml, ToGraphml(platform.value()));
  if (options.json) set.Add(*options.json, ToJson(platform.value(), *analysis));
  if (const auto written = set.Commit(); !written.ok()) return Complain(written.errors());
  if (text) std::cout << ToText(platform.value(), *analysis);
  return ExitCode::kOk;
}

}  // namespace

void AddTopologyCommand(CLI::App& app, Action& action) {
  CLI::App* topology = app.add_subcommand("topology", "Clusters: show and check a card");
  topology->require_subcommand(1);
  auto options = std::make_shared<TopologyOptions>();
  const auto add = [&](const char* name, const char* help) {
    CLI::App* command = topology->add_subcommand(name, help);
    command
        ->add_option("CLUSTER", options->source,
                     "Name of a card in topologies/cards, or a card's file")
        ->required()
        ->check(NotEmpty());
    command->add_option("--nodes", options->nodes, "Number of nodes, instead of the card's")
        ->check(CLI::Range(1, 65536));
    AddOutput(*command, "--json", options->json, "Write as JSON; -: to standard output, alone");
    AddOutput(*command, "--dot", options->dot,
              "Write a Graphviz graph; -: to standard output, alone");
    AddOutput(*command, "--graphml", options->graphml,
              "Write GraphML; -: to standard output, alone");
    command->callback([options, &action] { action = [options] { return Show(*options); }; });
  };
  add("show", "Tree of nodes and switches, bandwidths, bisection");
  add("check", "The same; unreachable GPUs and single points of failure are listed");
}

}  // namespace switchyard
