#include "sim/scenario/load.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "scenarios/schema/scenario.pb.h"
#include "sim/base/file.h"
#include "sim/scenario/bind.h"
#include "sim/scenario/canonical.h"
#include "sim/scenario/compose.h"
#include "sim/scenario/merge.h"
#include "sim/scenario/overrides.h"
#include "sim/scenario/resolve.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace fs = std::filesystem;
namespace {

using google::protobuf::Descriptor;

OriginPtr FileOrigin(const fs::path& file) {
  return std::make_shared<Origin>(Origin{file.generic_string(), file.parent_path(), ""});
}

// The command line's options as trees, in order of precedence, lowest first.
std::vector<ConfigNode> ParseOptions(const LoadOptions& options, Problems& problems) {
  const Descriptor* type = pb::Scenario::descriptor();
  std::vector<ConfigNode> trees;
  const auto add = [&](const std::string& option, const std::string& flag) {
    Result<ConfigNode> tree = ParseOverride(option, flag, type);
    if (tree.ok()) {
      trees.push_back(std::move(tree.value()));
    } else {
      problems.Add(tree.errors());
    }
  };
  for (const std::string& set : options.sets) add(set, "--set");
  if (options.fidelity) add("simulation.fidelity=" + *options.fidelity, "--fidelity");
  if (options.seed) add("simulation.seed=" + std::to_string(*options.seed), "--seed");
  return trees;
}

// Puts a card under what the tree says of `model` or `cluster`.
void ResolveCardOf(CardKind kind, ConfigNode& root, Composer& composer) {
  ConfigEntry* entry = root.Find(CardKey(kind));
  if (entry != nullptr) entry->value = composer.ResolveCard(kind, std::move(entry->value));
}

LoadedScenario Resolve(const ConfigNode& root, const std::string& default_name,
                       Problems& problems) {
  pb::Scenario message;
  Locations locations;
  Bind(root, "", message, locations, problems);
  if (!message.has_name()) message.set_name(default_name);
  LoadedScenario loaded;
  loaded.scenario = ResolveScenario(message, {locations, problems});
  if (problems.empty()) loaded.resolved_yaml = PrintYaml(message);
  return loaded;
}

// A card alone: composed like a scenario's, then bound as its file's message.
template <class CardMessage>
Result<CardMessage> ReadCard(CardKind kind, const std::string& name_or_path,
                             const fs::path& data_root, Locations& locations, Problems& problems) {
  const bool is_path = IsCardFile(name_or_path);
  if (!is_path) {
    const std::vector<std::string> known = CardNames(kind, data_root);
    if (std::find(known.begin(), known.end(), name_or_path) == known.end()) {
      return FileError("", "unknown " + CardKey(kind) + " card '" + name_or_path + "'" +
                               NameHint(name_or_path, known));
    }
  }
  const fs::path file = is_path ? fs::path(name_or_path) : CardPath(kind, name_or_path, data_root);
  Result<std::string> text = ReadFile(file, kMaxConfigBytes);
  if (!text.ok()) return text.errors();
  Result<ConfigNode> tree = ParseYaml(text.value(), FileOrigin(file));
  if (!tree.ok()) return tree.errors();
  Composer composer(data_root, true, problems);
  composer.SetRoot(file);
  ConfigNode root =
      composer.ResolveIncludes(std::move(tree.value()), CardMessage::descriptor(), "");
  ResolveCardOf(kind, root, composer);
  CardMessage message;
  Bind(root, "", message, locations, problems);
  return message;
}

}  // namespace

Result<LoadedScenario> LoadScenario(const fs::path& path, const LoadOptions& options) {
  const Result<std::string> text = ReadFile(path, kMaxConfigBytes);
  if (!text.ok()) return text.errors();
  return LoadScenarioText(text.value(), path.generic_string(), options);
}

Result<LoadedScenario> LoadScenarioText(std::string_view text, const std::string& name,
                                        const LoadOptions& options) {
  const fs::path file(name);
  Problems problems;
  std::vector<ConfigNode> overrides = ParseOptions(options, problems);
  Result<ConfigNode> parsed = ParseYaml(text, FileOrigin(file));
  if (!parsed.ok()) {
    problems.Add(parsed.errors());
    return problems.Take();
  }
  const Descriptor* type = pb::Scenario::descriptor();
  Composer composer(options.data_root, options.allow_files, problems);
  composer.SetRoot(file);
  ConfigNode root = composer.ResolveIncludes(std::move(parsed.value()), type, "");
  for (ConfigNode& override : overrides) {
    override = composer.ResolveIncludes(std::move(override), type, "");
    if (root.IsMapping()) root = Merge(std::move(root), std::move(override), type);
  }
  ResolveCardOf(CardKind::kModel, root, composer);
  ResolveCardOf(CardKind::kCluster, root, composer);
  LoadedScenario loaded = Resolve(root, file.stem().string(), problems);
  if (!problems.empty()) return problems.Take();
  return loaded;
}

Result<ModelSpec> LoadModelCard(const std::string& name_or_path, const fs::path& data_root) {
  Locations locations;
  Problems problems;
  Result<pb::ModelCard> card =
      ReadCard<pb::ModelCard>(CardKind::kModel, name_or_path, data_root, locations, problems);
  if (!card.ok()) return card.errors();
  ModelSpec model = ResolveModel(*card.value().mutable_model(), {locations, problems});
  if (!problems.empty()) return problems.Take();
  return model;
}

Result<ClusterSpec> LoadClusterCard(const std::string& name_or_path, const fs::path& data_root) {
  Locations locations;
  Problems problems;
  Result<pb::ClusterCard> card =
      ReadCard<pb::ClusterCard>(CardKind::kCluster, name_or_path, data_root, locations, problems);
  if (!card.ok()) return card.errors();
  ClusterSpec cluster = ResolveCluster(*card.value().mutable_cluster(), {locations, problems});
  if (!problems.empty()) return problems.Take();
  return cluster;
}

std::vector<std::string> ModelCardNames(const fs::path& data_root) {
  return CardNames(CardKind::kModel, data_root);
}

std::vector<std::string> ClusterCardNames(const fs::path& data_root) {
  return CardNames(CardKind::kCluster, data_root);
}

}  // namespace switchyard
