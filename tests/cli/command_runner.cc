#include "tests/cli/command_runner.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

std::string ReadAll(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

[[noreturn]] void Become(const std::vector<std::string>& arguments, const fs::path& folder,
                         const fs::path& out, const fs::path& err) {
  constexpr int kCannotRun = 127;
  std::vector<char*> argv;
  std::string program = SWITCHYARD_BINARY;
  argv.push_back(program.data());
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  if (std::freopen(out.c_str(), "w", stdout) == nullptr ||
      std::freopen(err.c_str(), "w", stderr) == nullptr || ::chdir(folder.c_str()) != 0) {
    std::_Exit(kCannotRun);
  }
  ::execv(argv[0], argv.data());
  std::_Exit(kCannotRun);
}

}  // namespace

CommandResult RunSwitchyard(const std::vector<std::string>& arguments, const fs::path& folder) {
  const TemporaryFolder streams;
  const fs::path out = streams.path() / "out";
  const fs::path err = streams.path() / "err";
  const pid_t child = ::fork();
  if (child == 0) Become(arguments, folder, out, err);
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, ReadAll(out), ReadAll(err)};
}

TemporaryFolder::TemporaryFolder() {
  std::string name = (fs::temp_directory_path() / "switchyard-test-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) ADD_FAILURE() << "no temporary folder";
  path_ = name;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::vector<std::string> TemporaryFolder::Files() const {
  std::vector<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(path_)) {
    if (entry.is_regular_file()) files.push_back(fs::relative(entry.path(), path_).string());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::string InRepository(const std::string& relative) {
  return std::string(SWITCHYARD_SOURCE_DIR) + "/" + relative;
}

nlohmann::ordered_json ResultOf(const std::string& scenario,
                                const std::vector<std::string>& options) {
  std::vector<std::string> arguments = {"run", scenario, "--json", "-"};
  arguments.insert(arguments.end(), options.begin(), options.end());
  const CommandResult result = RunSwitchyard(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return nlohmann::ordered_json::parse(result.out, nullptr, false);
}

std::string WithoutSim(nlohmann::ordered_json result) {
  result.erase("sim");
  return result.dump(2);
}

}  // namespace switchyard::testing
