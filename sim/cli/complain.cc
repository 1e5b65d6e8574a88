#include <iostream>

#include "sim/cli/command.h"

namespace switchyard {

ExitCode Complain(const Diagnostics& diagnostics) {
  std::cerr << ToString(diagnostics);
  return ExitCode::kBadInput;
}

ExitCode ComplainOfUsage(const Diagnostics& diagnostics) {
  Complain(diagnostics);
  return ExitCode::kUsage;
}

ExitCode CheckConservation(const std::string& scenario, bool conserved) {
  if (conserved) return ExitCode::kOk;
  std::cerr << "switchyard: internal error: " << scenario
            << ": the simulation lost or invented tokens or bytes\n";
  return ExitCode::kInternal;
}

ExitCode Prepare(OutputPlan& plan) {
  if (const Result<void> checked = plan.Check(); !checked.ok()) {
    return ComplainOfUsage(checked.errors());
  }
  const Result<void> folders = plan.MakeFolders();
  return folders.ok() ? ExitCode::kOk : Complain(folders.errors());
}

}  // namespace switchyard
