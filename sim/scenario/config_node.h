// A YAML (or JSON) text as a tree that remembers where everything stands.
//
//   Result<ConfigNode> tree = ParseYaml("nodes: 2", origin);
//   tree.value().Find("nodes")->value.scalar;   // "2", line 1, column 8
//
// Scalars stay text: what they mean is decided by the field they are bound to (bind.h), so that
// `no`, `0x10` or `1e3` never turn into something their writer did not mean. Refused: duplicate
// keys, keys that are not plain names, merge keys (<<), tags beyond the core schema, several
// documents in a file.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace switchyard {

// The text a node came from.
struct Origin {
  std::string name;              // as messages show it: a file's path, or "--set"
  std::filesystem::path folder;  // what relative paths in it are relative to
  std::string option;            // the text of a command line option; empty for files
};
using OriginPtr = std::shared_ptr<const Origin>;

struct Place {
  OriginPtr origin;
  int line = 0;
  int column = 0;
  [[nodiscard]] SourceLocation ToLocation() const;
};

struct ConfigEntry;

struct ConfigNode {
  enum class Kind { kEmpty, kNull, kScalar, kSequence, kMapping };
  Kind kind = Kind::kEmpty;  // kEmpty: nothing was written; kNull: `null` or `~` was
  Place where;
  std::string scalar;
  bool quoted = false;            // 'text', "text" or a block scalar: never a number or a boolean
  bool incomplete = false;        // a mapping whose include or card could not be read (compose.h)
  std::vector<ConfigNode> items;  // kSequence
  std::vector<ConfigEntry> entries;  // kMapping, in file order, keys distinct

  [[nodiscard]] bool IsMapping() const { return kind == Kind::kMapping; }
  [[nodiscard]] const ConfigEntry* Find(std::string_view key) const;
  [[nodiscard]] ConfigEntry* Find(std::string_view key);
  // Removes the entry, if there, and returns what it held.
  std::vector<ConfigEntry> Take(std::string_view key);
};

struct ConfigEntry {
  std::string key;
  Place key_where;
  ConfigNode value;
};

// "a mapping", "a list", "'two'", ...: what a message says was found.
[[nodiscard]] std::string Describe(const ConfigNode& node);

// Limits: a file is never larger in memory than its text suggests, aliases included.
inline constexpr std::size_t kMaxConfigBytes = 1U << 20;
inline constexpr std::size_t kMaxConfigNodes = 200'000;
inline constexpr std::size_t kMaxConfigDepth = 64;

[[nodiscard]] Result<ConfigNode> ParseYaml(std::string_view text, OriginPtr origin);

}  // namespace switchyard
