// What the topology commands share: the ways to write a platform, and the order of the work.
//
//   TopologyOutputs outputs;
//   AddTopologyOutputs(*command, outputs);
//   ... outputs.Plan(plan); Prepare(plan); build ...
//   return outputs.Write(platform, selection, notes, set, ToShowText);
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/cli/command.h"
#include "topologies/analysis/analysis.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

using TopologyText = std::function<std::string(const Platform&, const TopologyAnalysis&)>;

struct TopologyOutputs {
  std::optional<std::string> json;
  std::optional<std::string> dot;
  std::optional<std::string> graphml;

  void Plan(OutputPlan& plan) const;
  // Analyses what is asked for, writes the files together with what `set` holds already, then
  // prints `text` unless standard output belongs to a file. `notes` go into the JSON.
  ExitCode Write(const Platform& platform, PathSelection paths,
                 const std::vector<std::string>& notes, OutputSet& set,
                 const TopologyText& text) const;
  [[nodiscard]] bool TakesStandardOutput() const;
};

void AddTopologyOutputs(CLI::App& command, TopologyOutputs& outputs);

// `topology import`; one file.
void AddTopologyImport(CLI::App& topology, Action& action);

}  // namespace switchyard
