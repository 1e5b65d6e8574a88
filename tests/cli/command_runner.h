// Runs the built program as a user would.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace switchyard::testing {

struct CommandResult {
  int exit_code = -1;
  std::string out;
  std::string err;
};

// Runs `switchyard ARGUMENTS…` in `folder` and waits for it.
CommandResult RunSwitchyard(const std::vector<std::string>& arguments,
                            const std::filesystem::path& folder = ".");

// A fresh folder of this process, removed with the object.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  // Every file below it, sorted.
  [[nodiscard]] std::vector<std::string> Files() const;

 private:
  std::filesystem::path path_;
};

// A file of the repository.
std::string InRepository(const std::string& relative);

// `switchyard run … --json -`, parsed; a failed expectation when it does not exit with 0.
nlohmann::ordered_json ResultOf(const std::string& scenario,
                                const std::vector<std::string>& options = {});

// The part of a result that must not depend on the machine: everything but `sim`.
std::string WithoutSim(nlohmann::ordered_json result);

}  // namespace switchyard::testing
