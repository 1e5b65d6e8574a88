#include "sim/scenario/overrides.h"

#include <google/protobuf/descriptor.h>

#include <memory>
#include <utility>
#include <vector>

#include "sim/scenario/merge.h"
#include "sim/scenario/problems.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;

Diagnostic Problem(const Origin& origin, std::string path, const std::string& message) {
  return {{origin.name, 0, 0}, std::move(path), message + " (in '" + origin.option + "')"};
}

std::vector<std::string> SplitPath(const std::string& path) {
  std::vector<std::string> names;
  std::size_t start = 0;
  while (true) {
    const std::size_t dot = path.find('.', start);
    names.push_back(path.substr(start, dot - start));
    if (dot == std::string::npos) return names;
    start = dot + 1;
  }
}

// Empty when every name of the path is a field of the one before.
std::string CheckPath(const std::vector<std::string>& names, const Descriptor* type,
                      std::string& path) {
  std::string parent;
  bool is_list = false;
  for (const std::string& name : names) {
    path = JoinPath(path, name);
    if (type == nullptr && is_list) return "'" + parent + "' is a list: give all of it";
    if (type == nullptr) return "'" + parent + "' is a single value: nothing is below it";
    if (name != "include" && type->FindFieldByName(name) == nullptr) {
      return "unknown field" + FieldHint(name, *type);
    }
    const FieldDescriptor* field = type->FindFieldByName(name);
    is_list = field != nullptr && field->is_repeated();
    type = TypeOfField(type, name);
    parent = name;
  }
  return {};
}

// The node and all below it without a place of their own: an option has no lines.
void Relocate(ConfigNode& node, const Place& place) {
  node.where = place;
  for (ConfigNode& item : node.items) Relocate(item, place);
  for (ConfigEntry& entry : node.entries) {
    entry.key_where = place;
    Relocate(entry.value, place);
  }
}

}  // namespace

Result<ConfigNode> ParseOverride(const std::string& option, const std::string& flag,
                                 const Descriptor* type) {
  const auto origin = std::make_shared<Origin>(Origin{flag, {}, option});
  const std::size_t equals = option.find('=');
  if (equals == std::string::npos || equals == 0) {
    return Problem(*origin, "", "expected path.to.field=value");
  }
  const std::vector<std::string> names = SplitPath(option.substr(0, equals));
  std::string path;
  if (const std::string wrong = CheckPath(names, type, path); !wrong.empty()) {
    return Problem(*origin, path, wrong);
  }
  const std::string text = option.substr(equals + 1);
  if (text.find_first_not_of(' ') == std::string::npos) {
    return Problem(*origin, path, "has no value");
  }
  Result<ConfigNode> value = ParseYaml(text, origin);
  if (!value.ok()) return Problem(*origin, path, value.errors()[0].message);
  const Place place{origin, 0, 0};
  ConfigNode node = std::move(value.value());
  Relocate(node, place);
  for (auto name = names.rbegin(); name != names.rend(); ++name) {
    ConfigNode parent;
    parent.kind = ConfigNode::Kind::kMapping;
    parent.where = place;
    parent.entries.push_back({*name, place, std::move(node)});
    node = std::move(parent);
  }
  return node;
}

}  // namespace switchyard
