#include "sim/scenario/compose.h"

#include <google/protobuf/descriptor.h>

#include <algorithm>
#include <system_error>
#include <utility>

#include "scenarios/schema/cluster.pb.h"
#include "scenarios/schema/model.pb.h"
#include "sim/base/file.h"
#include "sim/scenario/merge.h"
#include "sim/scenario/schema_info.h"

namespace switchyard {
namespace fs = std::filesystem;
namespace {

using google::protobuf::Descriptor;

constexpr std::size_t kMaxIncludeDepth = 16;
constexpr std::size_t kMaxFiles = 256;  // a file that includes another twice, 16 deep, ends here
constexpr std::size_t kMaxBytes = 4 * kMaxConfigBytes;

// One name for a file, however it is reached.
fs::path Identity(const fs::path& file) {
  std::error_code error;
  fs::path identity = fs::weakly_canonical(file, error);
  return error ? file.lexically_normal() : identity;
}

// The message type of a list of mappings; nullptr for anything else.
const Descriptor* TypeOfItems(const Descriptor& type, const std::string& name) {
  const google::protobuf::FieldDescriptor* field = type.FindFieldByName(name);
  return field == nullptr || !field->is_repeated() ? nullptr : field->message_type();
}

ConfigNode EmptyMapping(const Place& where) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kMapping;
  node.where = where;
  return node;
}

}  // namespace

void Composer::SetRoot(const fs::path& file) {
  chain_.clear();
  if (allow_files_) chain_.push_back(Identity(file));
}

bool Composer::Enter(const Request& request) {
  const auto refuse = [&](std::string message) {
    problems_.Add(request.where, request.path, std::move(message));
    return false;
  };
  if (!allow_files_) return refuse("other files may not be read here");
  const fs::path identity = Identity(request.file);
  const auto again = std::find(chain_.begin(), chain_.end(), identity);
  if (again != chain_.end()) {
    std::string cycle;
    for (auto it = again; it != chain_.end(); ++it) cycle += it->filename().string() + " -> ";
    return refuse("includes itself: " + cycle + identity.filename().string());
  }
  if (chain_.size() > kMaxIncludeDepth) {
    return refuse("more than " + std::to_string(kMaxIncludeDepth) + " files include one another");
  }
  if (++files_read_ > kMaxFiles || bytes_read_ > kMaxBytes) {
    return refuse("more than " + std::to_string(kMaxFiles) + " files or " +
                  std::to_string(kMaxBytes) + " bytes are included");
  }
  chain_.push_back(identity);
  return true;
}

ConfigNode Composer::Read(const Request& request) {
  Result<std::string> text = ReadFile(request.file, kMaxConfigBytes);
  if (!text.ok()) {
    problems_.Add(request.where, request.path,
                  request.file.generic_string() + ": " + text.errors()[0].message);
    return {};
  }
  bytes_read_ += text.value().size();
  auto origin = std::make_shared<Origin>();
  origin->name = request.file.generic_string();
  origin->folder = request.file.parent_path();
  Result<ConfigNode> tree = ParseYaml(text.value(), std::move(origin));
  if (tree.ok()) return std::move(tree.value());
  problems_.Add(tree.errors());
  return {};
}

bool Composer::AddInclude(const ConfigNode& name, const std::string& path, const Descriptor* type,
                          ConfigNode& base) {
  if (name.kind != ConfigNode::Kind::kScalar || name.scalar.empty()) {
    problems_.Add(name.where, JoinPath(path, "include"),
                  "expected a file path or a list of them, got " + Describe(name));
    return false;
  }
  const Request request{(name.where.origin->folder / name.scalar).lexically_normal(), name.where,
                        JoinPath(path, "include")};
  if (!Enter(request)) return false;
  ConfigNode content = Read(request);
  if (content.IsMapping()) {
    content = ResolveIncludes(std::move(content), type, path);
  } else if (content.where.origin) {  // parsed, but something else
    problems_.Add(content.where, path, "expected a mapping, got " + Describe(content));
  }
  Leave();
  if (!content.IsMapping()) return false;
  base = Merge(std::move(base), std::move(content), type);
  return true;
}

ConfigNode Composer::ResolveIncludes(ConfigNode node, const Descriptor* type,
                                     const std::string& path) {
  if (!node.IsMapping() || type == nullptr) return node;
  for (ConfigEntry& entry : node.entries) {
    const std::string child = JoinPath(path, entry.key);
    entry.value = ResolveIncludes(std::move(entry.value), TypeOfField(type, entry.key), child);
    const Descriptor* item_type = TypeOfItems(*type, entry.key);
    for (std::size_t i = 0; item_type != nullptr && i < entry.value.items.size(); ++i) {
      entry.value.items[i] = ResolveIncludes(std::move(entry.value.items[i]), item_type,
                                             child + "[" + std::to_string(i) + "]");
    }
  }
  const std::vector<ConfigEntry> include = node.Take("include");
  if (include.empty()) return node;
  ConfigNode base = EmptyMapping(node.where);
  const ConfigNode& names = include[0].value;
  bool complete = true;
  if (names.kind == ConfigNode::Kind::kSequence) {
    for (const ConfigNode& name : names.items) {
      complete = AddInclude(name, path, type, base) && complete;
    }
  } else {
    complete = AddInclude(names, path, type, base);
  }
  base.incomplete = base.incomplete || !complete;
  if (!complete) problems_.MarkIncomplete(path);
  return Merge(std::move(base), std::move(node), type);
}

ConfigNode Composer::ReadCard(CardKind kind, const Request& request) {
  ConfigNode file = Read(request);
  if (!file.where.origin) return {};
  Result<ConfigNode> content = UnwrapCard(kind, std::move(file));
  if (!content.ok()) {
    problems_.Add(content.errors());
    return {};
  }
  const Descriptor* type =
      kind == CardKind::kModel ? pb::Model::descriptor() : pb::Cluster::descriptor();
  ConfigNode node = ResolveIncludes(std::move(content.value()), type, CardKey(kind));
  return ResolveCard(kind, std::move(node));
}

ConfigNode Composer::ResolveCard(CardKind kind, ConfigNode node) {
  if (!node.IsMapping()) return node;
  const std::vector<ConfigEntry> card = node.Take("card");
  if (card.empty() || card[0].value.kind == ConfigNode::Kind::kNull) return node;
  const ConfigNode& name = card[0].value;
  const std::string key = CardKey(kind);
  ConfigNode base;
  const bool is_file = IsCardFile(name.scalar);
  const Request request{is_file ? (name.where.origin->folder / name.scalar).lexically_normal()
                                : CardPath(kind, name.scalar, data_root_),
                        name.where, key + ".card"};
  if (name.kind != ConfigNode::Kind::kScalar) {
    problems_.Add(name.where, request.path, "expected a card's name, got " + Describe(name));
  } else if (!allow_files_) {
    problems_.Add(name.where, request.path, "other files may not be read here");
  } else if (const std::vector<std::string> known = CardNames(kind, data_root_);
             !is_file && std::find(known.begin(), known.end(), name.scalar) == known.end()) {
    const std::string hint =
        known.empty() ? "; there are none in " + request.file.parent_path().generic_string()
                      : NameHint(name.scalar, known);
    problems_.Add(name.where, request.path, "unknown card " + Describe(name) + hint);
  } else if (Enter(request)) {
    base = ReadCard(kind, request);
    Leave();
  }
  if (!base.IsMapping()) {
    problems_.MarkIncomplete(key);
    node.incomplete = true;
    return node;
  }
  const Descriptor* type =
      kind == CardKind::kModel ? pb::Model::descriptor() : pb::Cluster::descriptor();
  return Merge(std::move(base), std::move(node), type);
}

}  // namespace switchyard
