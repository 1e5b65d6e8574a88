// switchyard topology show|check|import: what a cluster card describes and what it can carry.
#include <CLI/CLI.hpp>
#include <memory>
#include <optional>
#include <string>

#include "sim/cli/checks.h"
#include "sim/cli/command.h"
#include "sim/cli/topology_outputs.h"
#include "sim/scenario/load.h"
#include "topologies/analysis/connectivity.h"
#include "topologies/analysis/report.h"
#include "topologies/builder.h"

namespace switchyard {
namespace {

struct TopologyOptions {
  std::string source;
  std::optional<std::uint32_t> nodes;
  TopologyOutputs outputs;
};

enum class Report { kShow, kCheck };

ExitCode Run(const TopologyOptions& options, Report report) {
  OutputPlan plan;
  plan.Reads("the card", options.source);
  options.outputs.Plan(plan);
  if (const ExitCode code = Prepare(plan); code != ExitCode::kOk) return code;
  Result<ClusterSpec> cluster = LoadClusterCard(options.source, DataRoot());
  if (!cluster.ok()) return Complain(cluster.errors());
  if (options.nodes) cluster.value().nodes = *options.nodes;
  const Result<Platform> platform = BuildPlatform(cluster.value());
  if (!platform.ok()) return Complain(platform.errors());
  OutputSet set;
  const TopologyText text = report == Report::kShow ? ToText : ToCheckText;
  const ExitCode code =
      options.outputs.Write(platform.value(), cluster.value().paths, {}, set, text);
  if (code != ExitCode::kOk || report == Report::kShow) return code;
  const std::uint64_t unreachable = CountUnreachablePairs(platform.value());
  if (unreachable == 0) return ExitCode::kOk;
  return Complain(
      {FileError(options.source,
                 std::to_string(unreachable) + " ordered pairs of GPUs cannot reach each other")});
}

}  // namespace

void AddTopologyCommand(CLI::App& app, Action& action) {
  CLI::App* topology = app.add_subcommand(
      "topology", "Clusters: show and check a card, import a machine's own description");
  topology->require_subcommand(1);
  auto options = std::make_shared<TopologyOptions>();
  const auto add = [&](const char* name, const char* help, Report report) {
    CLI::App* command = topology->add_subcommand(name, help);
    command
        ->add_option("CLUSTER", options->source,
                     "Name of a card in topologies/cards, or a card's file")
        ->required()
        ->check(NotEmpty());
    command->add_option("--nodes", options->nodes, "Number of nodes, instead of the card's")
        ->check(CLI::Range(1, 65536));
    AddTopologyOutputs(*command, options->outputs);
    command->callback(
        [options, report, &action] { action = [=] { return Run(*options, report); }; });
  };
  add("show", "Tree of nodes and switches, bandwidth between GPUs, bisection", Report::kShow);
  add("check",
      "Bandwidths by max-flow, all-to-all, oversubscription, single points of failure; exit code 1 "
      "when GPUs cannot reach each other",
      Report::kCheck);
  AddTopologyImport(*topology, action);
}

}  // namespace switchyard
