// Does every file of tests/diagnostics end the program with exit code 1 and its message, and
// nothing on stdout?
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

TEST(DiagnosticsExit, EveryBadFileIsExitCode1) {
  const fs::path folder = InRepository("tests/diagnostics");
  std::size_t files = 0;
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (entry.path().extension() != ".expected") continue;
    ++files;
    fs::path scenario = entry.path();
    scenario.replace_extension(".yaml");
    const CommandResult result = RunSwitchyard({"run", scenario.filename()}, folder);
    EXPECT_EQ(result.exit_code, 1) << scenario;
    EXPECT_EQ(result.out, "") << scenario;
    EXPECT_NE(result.err.find(": error: "), std::string::npos) << scenario << "\n" << result.err;
  }
  EXPECT_GE(files, 30u);
}

}  // namespace
}  // namespace switchyard::testing
