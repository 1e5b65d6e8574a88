// switchyard topology show|check: what a cluster card describes and what it can carry.
#include <CLI/CLI.hpp>
#include <iostream>
#include <memory>
#include <optional>
#include <string>

#include "sim/cli/command.h"
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

Result<void> WriteGraphs(const TopologyOptions& options, const Platform& platform) {
  Result<void> written;
  if (options.dot) written = Emit(*options.dot, ToDot(platform));
  if (written.ok() && options.graphml) written = Emit(*options.graphml, ToGraphml(platform));
  return written;
}

ExitCode Show(const TopologyOptions& options) {
  Result<ClusterSpec> cluster = LoadClusterCard(options.source, DataRoot());
  if (!cluster.ok()) return Complain(cluster.errors());
  if (options.nodes) cluster.value().nodes = *options.nodes;
  const Result<Platform> platform = BuildPlatform(cluster.value());
  if (!platform.ok()) return Complain(platform.errors());
  const Result<void> graphs = WriteGraphs(options, platform.value());
  if (!graphs.ok()) return Complain(graphs.errors());
  if (options.dot == "-" || options.graphml == "-") return ExitCode::kOk;
  const auto paths = MakePathSelector(cluster.value().paths, platform.value());
  const TopologyAnalysis analysis = Analyze(platform.value(), *paths);
  if (options.json) {
    const Result<void> written = Emit(*options.json, ToJson(platform.value(), analysis));
    if (!written.ok()) return Complain(written.errors());
  }
  if (options.json != "-") std::cout << ToText(platform.value(), analysis);
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
        ->required();
    command->add_option("--nodes", options->nodes, "Number of nodes, instead of the card's")
        ->check(CLI::Range(1, 65536));
    command->add_option("--json", options->json, "Write as JSON; -: to standard output")
        ->type_name("FILE");
    command
        ->add_option("--dot", options->dot, "Write a Graphviz graph; -: to standard output, alone")
        ->type_name("FILE");
    command
        ->add_option("--graphml", options->graphml, "Write GraphML; -: to standard output, alone")
        ->type_name("FILE");
    command->callback([options, &action] { action = [options] { return Show(*options); }; });
  };
  add("show", "Tree of nodes and switches, bandwidths, bisection");
  add("check", "The same; unreachable GPUs and single points of failure are listed");
}

}  // namespace switchyard
