#include "sim/cli/command.h"

#include <CLI/CLI.hpp>
#include <variant>

#include "sim/cli/checks.h"
#include "sim/scenario/scenario.h"

namespace switchyard {
namespace fs = std::filesystem;

void AddScenarioOptions(CLI::App& command, ScenarioOptions& options) {
  command
      .add_option("--set", options.sets,
                  "Override one field: path.to.field=value, as in the file; repeatable")
      ->type_name("PATH=VALUE")
      ->take_all()
      ->allow_extra_args(false);
  command.add_option("--fidelity", options.fidelity, "Same as --set simulation.fidelity=NAME")
      ->type_name("NAME");
  command.add_option("--seed", options.seed, "Same as --set simulation.seed=N")
      ->type_name("N")
      ->check(Unsigned64());
}

fs::path DataRoot() {
  const auto holds_cards = [](const fs::path& folder) {
    std::error_code error;
    return fs::is_directory(folder / "models" / "cards", error) &&
           fs::is_directory(folder / "topologies" / "cards", error);
  };
  std::error_code error;
  for (fs::path folder = fs::read_symlink("/proc/self/exe", error).parent_path();
       folder.has_relative_path(); folder = folder.parent_path()) {
    if (holds_cards(folder)) return folder;
  }
  return SWITCHYARD_DATA_ROOT;
}

void PlanToRead(const Scenario& scenario, OutputPlan& plan) {
  const auto* trace = std::get_if<TraceRouting>(&scenario.routing);
  if (trace != nullptr) plan.Reads("the trace of " + scenario.name, trace->path);
  const PlacementSpec& placement = scenario.placement;
  if (!placement.file.empty()) plan.Reads("placement.file", placement.file);
  if (!placement.current.empty()) plan.Reads("placement.current", placement.current);
  if (!placement.loads.empty()) plan.Reads("placement.loads", placement.loads);
}

CLI::Option* AddOutput(CLI::App& command, const std::string& flag, std::optional<std::string>& file,
                       const std::string& help) {
  return command.add_option(flag, file, help)->type_name("FILE")->check(NotEmpty());
}

}  // namespace switchyard
