#include "sim/scenario/cards.h"

#include <algorithm>
#include <system_error>
#include <utility>

#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace fs = std::filesystem;
namespace {

constexpr const char* kExtension = ".yaml";

fs::path Folder(CardKind kind, const fs::path& data_root) {
  return data_root / (kind == CardKind::kModel ? "models" : "topologies") / "cards";
}

}  // namespace

std::string CardKey(CardKind kind) { return kind == CardKind::kModel ? "model" : "cluster"; }

bool IsCardFile(const std::string& name_or_path) {
  return name_or_path.find('/') != std::string::npos || name_or_path.ends_with(kExtension) ||
         name_or_path.ends_with(".json");
}

fs::path CardPath(CardKind kind, const std::string& name, const fs::path& data_root) {
  return Folder(kind, data_root) / (name + kExtension);
}

std::vector<std::string> CardNames(CardKind kind, const fs::path& data_root) {
  std::vector<std::string> names;
  std::error_code ignored;  // no folder: no cards
  for (const fs::directory_entry& entry :
       fs::directory_iterator(Folder(kind, data_root), ignored)) {
    if (entry.path().extension() == kExtension) names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<ConfigNode> UnwrapCard(CardKind kind, ConfigNode file) {
  const std::string key = CardKey(kind);
  const SourceLocation start = file.where.ToLocation();
  if (!file.IsMapping()) {
    return Diagnostic{start, "", "expected a card ('" + key + ":'), got " + Describe(file)};
  }
  Diagnostics errors;
  for (const ConfigEntry& entry : file.entries) {
    if (entry.key == key || entry.key == "schema_version") continue;
    errors.push_back({entry.key_where.ToLocation(), entry.key,
                      "unknown field" + NameHint(entry.key, {"schema_version", key})});
  }
  const ConfigEntry* version = file.Find("schema_version");
  if (version == nullptr) {
    errors.push_back({start, "schema_version", "missing required field"});
  } else if (version->value.scalar != "1" || version->value.quoted) {
    errors.push_back({version->value.where.ToLocation(), "schema_version",
                      "must be 1, got " + Describe(version->value)});
  }
  std::vector<ConfigEntry> content = file.Take(key);
  if (content.empty()) {
    errors.push_back({start, key, "missing required field"});
  } else if (!content[0].value.IsMapping()) {
    errors.push_back({content[0].value.where.ToLocation(), key,
                      "expected a mapping, got " + Describe(content[0].value)});
  }
  if (!errors.empty()) return errors;
  return std::move(content[0].value);
}

}  // namespace switchyard
