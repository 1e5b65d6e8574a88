#include "sim/cli/command.h"

#include <CLI/CLI.hpp>
#include <iostream>

#include "sim/base/file.h"

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
  command.add_option("--seed", options.seed, "Same as --set simulation.seed=N")->type_name("N");
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

ExitCode Complain(const Diagnostics& diagnostics) {
  std::cerr << ToString(diagnostics);
  return ExitCode::kBadInput;
}

Result<void> Emit(const std::string& file, const std::string& content) {
  if (file != "-") return WriteFileAtomically(file, content);
  std::cout << content << std::flush;
  if (!std::cout) return FileError("standard output", "cannot be written");
  return {};
}

}  // namespace switchyard
