#include "sim/cli/topology_outputs.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "topologies/analysis/report.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {

void TopologyOutputs::Plan(OutputPlan& plan) const {
  if (json) plan.Writes("--json", *json);
  if (dot) plan.Writes("--dot", *dot);
  if (graphml) plan.Writes("--graphml", *graphml);
}

bool TopologyOutputs::TakesStandardOutput() const {
  return json == "-" || dot == "-" || graphml == "-";
}

ExitCode TopologyOutputs::Write(const Platform& platform, PathSelection paths,
                                const std::vector<std::string>& notes, OutputSet& set,
                                const TopologyText& text) const {
  std::optional<TopologyAnalysis> analysis;
  if (json || !TakesStandardOutput()) {
    analysis = Analyze(platform, *MakePathSelector(paths, platform));
  }
  if (dot) set.Add(*dot, ToDot(platform));
  if (graphml) set.Add(*graphml, ToGraphml(platform));
  if (json) set.Add(*json, ToJson(platform, *analysis, notes));
  if (const auto written = set.Commit(); !written.ok()) return Complain(written.errors());
  if (!TakesStandardOutput()) std::cout << text(platform, *analysis);
  return ExitCode::kOk;
}

void AddTopologyOutputs(CLI::App& command, TopologyOutputs& outputs) {
  AddOutput(command, "--json", outputs.json, "Write as JSON; -: to standard output, alone");
  AddOutput(command, "--dot", outputs.dot, "Write a Graphviz graph; -: to standard output, alone");
  AddOutput(command, "--graphml", outputs.graphml, "Write GraphML; -: to standard output, alone");
}

}  // namespace switchyard
