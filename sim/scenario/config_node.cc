#include "sim/scenario/config_node.h"

#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <sstream>
#include <utility>

#include "sim/scenario/yaml_builder.h"

namespace switchyard {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

constexpr std::string_view kTab = "a tab in the indentation; use spaces";

// What the writer did, where the parser's message names its own inner states.
struct Explanation {
  std::string_view parser;
  std::string_view meaning;
};
constexpr std::array kExplanations = {
    Explanation{"illegal tab when looking for indentation", kTab},
    Explanation{"end of map not found",
                "this line is indented differently from its siblings (or is not 'key: value')"},
    Explanation{"illegal map value",
                "a ': ' where no value can start (quote text that contains ': ')"},
    Explanation{"end of map flow not found", "a '{' without its '}'"},
    Explanation{"end of sequence flow not found", "a '[' without its ']'"},
};

// The parser takes tabs for text and stumbles later in the line.
bool HasTabIndentation(std::string_view rest) {
  const std::size_t indentation = rest.find_first_not_of(" \t");
  return rest.substr(0, indentation).find('\t') != std::string_view::npos;
}

Diagnostic Explain(const YAML::Exception& error, std::string_view text, YamlBuilder& builder) {
  const SourceLocation where = builder.At(error.mark).ToLocation();
  TextCursor line(text);
  if (where.line > 0 && line.MoveTo(where.line - 1, 0) && HasTabIndentation(line.Rest())) {
    return {where, "", std::string(kTab)};
  }
  for (const Explanation& explanation : kExplanations) {
    if (explanation.parser == error.msg) return {where, "", std::string(explanation.meaning)};
  }
  return {where, "", error.msg};
}

// The parser reads ahead to the end of a bracket before it reports the first event, at a cost in
// memory of some 250 bytes a bracket. Brackets in comments and quotes count too: no real file has
// this many that nothing closes.
bool HasTooManyOpenBrackets(std::string_view text) {
  constexpr int kMaxOpen = 1000;
  int open = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') ++open;
    if ((c == ']' || c == '}') && open > 0) --open;
    if (open > kMaxOpen) return true;
  }
  return false;
}

Result<ConfigNode> Run(const std::string& text, YamlBuilder& builder) {
  std::istringstream in(text);
  YAML::Parser parser(in);
  if (!parser.HandleNextDocument(builder)) {
    return FileError(builder.At(YAML::Mark::null_mark()).ToLocation().file, "the file is empty");
  }
  parser.HandleNextDocument(builder);  // a second document stops the parse
  if (!builder.errors().empty()) return std::move(builder.errors());
  return std::move(builder.root());
}

}  // namespace

SourceLocation Place::ToLocation() const { return {origin ? origin->name : "", line, column}; }

const ConfigEntry* ConfigNode::Find(std::string_view key) const {
  const auto it = std::find_if(entries.begin(), entries.end(),
                               [&](const ConfigEntry& entry) { return entry.key == key; });
  return it == entries.end() ? nullptr : &*it;
}

ConfigEntry* ConfigNode::Find(std::string_view key) {
  return const_cast<ConfigEntry*>(std::as_const(*this).Find(key));  // NOLINT: same object
}

std::vector<ConfigEntry> ConfigNode::Take(std::string_view key) {
  std::vector<ConfigEntry> taken;
  const ConfigEntry* entry = Find(key);
  if (entry == nullptr) return taken;
  const auto it = entries.begin() + (entry - entries.data());
  taken.push_back(std::move(*it));
  entries.erase(it);
  return taken;
}

std::string Describe(const ConfigNode& node) {
  constexpr std::size_t kLongest = 60;
  switch (node.kind) {
    case ConfigNode::Kind::kEmpty:
      return "nothing";
    case ConfigNode::Kind::kNull:
      return "null";
    case ConfigNode::Kind::kSequence:
      return "a list";
    case ConfigNode::Kind::kMapping:
      return "a mapping";
    case ConfigNode::Kind::kScalar:
      break;
  }
  if (node.scalar.size() <= kLongest) return "'" + node.scalar + "'";
  std::size_t cut = kLongest;  // not in the middle of a UTF-8 character
  while (cut > 0 && (static_cast<unsigned char>(node.scalar[cut]) & 0xC0U) == 0x80U) --cut;
  return "'" + node.scalar.substr(0, cut) + "…'";
}

Result<ConfigNode> ParseYaml(std::string_view text, OriginPtr origin) {
  const std::string file = origin->name;
  if (text.size() > kMaxConfigBytes) {
    return FileError(file, "has " + std::to_string(text.size()) + " bytes; at most " +
                               std::to_string(kMaxConfigBytes) + " are read");
  }
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  if (auto bad = FindBadCharacter(text)) {
    bad->file = file;
    return Diagnostic{*bad, "", "not a printable UTF-8 character"};
  }
  if (HasTooManyOpenBrackets(text)) {
    return FileError(file, "more than 1000 brackets are open at once");
  }
  YamlBuilder builder(text, std::move(origin));
  try {
    return Run(std::string(text), builder);
  } catch (const StopParsing& stop) {
    builder.errors().push_back(stop.reason);
  } catch (const YAML::Exception& error) {
    builder.errors().push_back(Explain(error, text, builder));
  } catch (const std::exception& error) {  // what yaml-cpp lets through of the standard library
    builder.errors().push_back(FileError(file, std::string("cannot be parsed: ") + error.what()));
  }
  return std::move(builder.errors());
}

}  // namespace switchyard
