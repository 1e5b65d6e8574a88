// What the subcommands share: exit codes, options, where the catalogues are.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/cli/outputs.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace switchyard {

struct Scenario;

// Relied upon by scripts (README.md).
enum class ExitCode : int { kOk = 0, kBadInput = 1, kUsage = 2, kInternal = 3 };

// A subcommand is chosen while the command line is parsed and runs afterwards.
using Action = std::function<ExitCode()>;

// Each adds one subcommand; when it is used, `action` is set. One file each.
void AddRunCommand(CLI::App& app, Action& action);
void AddCompareCommand(CLI::App& app, Action& action);
void AddOptimizeCommand(CLI::App& app, Action& action);
void AddTraceCommand(CLI::App& app, Action& action);
void AddTopologyCommand(CLI::App& app, Action& action);
void AddModelCommand(CLI::App& app, Action& action);
void AddSchemaCommand(CLI::App& app, Action& action);
void AddDescribeCommand(CLI::App& app, Action& action);

// Options of every command that simulates.
struct ScenarioOptions {
  std::vector<std::string> sets;
  std::optional<std::string> fidelity;
  std::optional<std::uint64_t> seed;
};
void AddScenarioOptions(CLI::App& command, ScenarioOptions& options);

// The folder that holds models/cards and topologies/cards: the nearest above the executable, else
// the one the program was built from.
[[nodiscard]] std::filesystem::path DataRoot();

// Print diagnostics on stderr, one a line: of a file, of the command line.
ExitCode Complain(const Diagnostics& diagnostics);
ExitCode ComplainOfUsage(const Diagnostics& diagnostics);

// Says so and is kInternal when a simulated step did not conserve tokens and bytes.
ExitCode CheckConservation(const std::string& scenario, bool conserved);

// The files that the simulation of a scenario reads.
void PlanToRead(const Scenario& scenario, OutputPlan& plan);

// Checks the plan and makes its folders; says what is wrong, and is kOk when nothing is.
ExitCode Prepare(OutputPlan& plan);

// A file to write the results into, or "-": standard output.
CLI::Option* AddOutput(CLI::App& command, const std::string& flag, std::optional<std::string>& file,
                       const std::string& help);

}  // namespace switchyard
