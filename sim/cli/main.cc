// The command line. The only place that decides exit codes; everything below it returns results.
#include <CLI/CLI.hpp>
#include <exception>
#include <iostream>
#include <new>

#include "sim/cli/command.h"
#include "sim/pipeline/isolate.h"

namespace {

using switchyard::Action;
using switchyard::ExitCode;

ExitCode Run(int argc, char** argv) {
  CLI::App app(
      "Switchyard: how fast will a Mixture-of-Experts model run on a GPU cluster, and why?");
  app.name("switchyard");
  app.set_version_flag("--version", SWITCHYARD_VERSION);
  app.require_subcommand(1);
  Action action;
  switchyard::AddRunCommand(app, action);
  switchyard::AddCompareCommand(app, action);
  switchyard::AddOptimizeCommand(app, action);
  switchyard::AddTraceCommand(app, action);
  switchyard::AddTopologyCommand(app, action);
  switchyard::AddModelCommand(app, action);
  switchyard::AddSchemaCommand(app, action);
  switchyard::AddDescribeCommand(app, action);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ExitCode::kOk : ExitCode::kUsage;
  }
  return action();
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return static_cast<int>(Run(argc, argv));
  } catch (const switchyard::ChildKilled& killed) {
    std::cerr << "switchyard: " << killed.what() << "\n";
    return static_cast<int>(ExitCode::kInternal);
  } catch (const std::bad_alloc&) {
    std::cerr << "switchyard: out of memory\n";
    return static_cast<int>(ExitCode::kInternal);
  } catch (const std::exception& error) {
    std::cerr << "switchyard: internal error: " << error.what()
              << "\nThis is a bug in Switchyard, not in your files; please report it with them.\n";
    return static_cast<int>(ExitCode::kInternal);
  }
}
