// Scenario files and cards in, checked and typed values out. The door to this folder.
//
//   Result<LoadedScenario> loaded = LoadScenario("scenarios/first.yaml", {.data_root = root});
//   if (!loaded.ok()) Print(ToString(loaded.errors()));   // every mistake, with file:line:column
//   Run(loaded.value().scenario);
//
// Order of precedence, highest first: seed and fidelity of the options, sets (the last one wins),
// the file, what it includes, cards, defaults.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

struct LoadOptions {
  std::filesystem::path data_root;  // holds models/cards and topologies/cards
  std::vector<std::string> sets;    // "path.to.field=value"
  std::optional<std::uint64_t> seed;
  std::optional<std::string> fidelity;
  bool allow_files = true;  // false: `include` and `card` are errors, nothing is opened
};

struct LoadedScenario {
  Scenario scenario;
  // Everything decided: defaults filled in, cards and includes in place, one canonical form. Loads
  // again to the same scenario and the same text.
  std::string resolved_yaml;
};

[[nodiscard]] Result<LoadedScenario> LoadScenario(const std::filesystem::path& path,
                                                  const LoadOptions& options);
// `name` stands for the file in messages; relative paths are relative to its folder.
[[nodiscard]] Result<LoadedScenario> LoadScenarioText(std::string_view text,
                                                      const std::string& name,
                                                      const LoadOptions& options);

// A card by its name in the catalogue, or by a path (what has a '/' or ends in .yaml or .json).
[[nodiscard]] Result<ModelSpec> LoadModelCard(const std::string& name_or_path,
                                              const std::filesystem::path& data_root);
[[nodiscard]] Result<ClusterSpec> LoadClusterCard(const std::string& name_or_path,
                                                  const std::filesystem::path& data_root);
// The catalogue, sorted.
[[nodiscard]] std::vector<std::string> ModelCardNames(const std::filesystem::path& data_root);
[[nodiscard]] std::vector<std::string> ClusterCardNames(const std::filesystem::path& data_root);

}  // namespace switchyard
