#include "sim/scenario/yaml_builder.h"

#include <algorithm>
#include <utility>

namespace switchyard {
namespace {

constexpr std::string_view kCoreTag = "tag:yaml.org,2002:";

std::size_t CountTree(const ConfigNode& node) {
  std::size_t count = 1;
  for (const ConfigNode& item : node.items) count += CountTree(item);
  for (const ConfigEntry& entry : node.entries) count += CountTree(entry.value);
  return count;
}

std::size_t DepthOf(const ConfigNode& node) {
  std::size_t depth = 0;
  for (const ConfigNode& item : node.items) depth = std::max(depth, DepthOf(item));
  for (const ConfigEntry& entry : node.entries) depth = std::max(depth, DepthOf(entry.value));
  return depth + 1;
}

// The null of YAML's core schema, written out.
bool StartsWithNull(std::string_view text) {
  return text.starts_with("null") || text.starts_with("Null") || text.starts_with("NULL") ||
         text.starts_with("~");
}

}  // namespace

Place YamlBuilder::At(const YAML::Mark& mark) {
  if (mark.is_null()) return {origin_, 0, 0};
  const int column = cursor_.MoveTo(mark.line, mark.column) ? cursor_.Characters() : mark.column;
  return {origin_, mark.line + 1, column + 1};
}

void YamlBuilder::Report(const Place& where, std::string path, std::string message) {
  errors_.push_back({where.ToLocation(), std::move(path), std::move(message)});
}

std::string YamlBuilder::Path(const std::string& last) const {
  std::string path;
  for (const Frame& frame : open_) {
    if (&frame == &open_.back() || !frame.has_key) continue;
    path += frame.key + ".";
  }
  return path + last;
}

void YamlBuilder::OnDocumentStart(const YAML::Mark& mark) {
  if (++documents_ == 1) return;
  throw StopParsing{{At(mark).ToLocation(), "", "a second document starts here; one is allowed"}};
}

void YamlBuilder::CountNodes(std::size_t more, const Place& where) {
  nodes_ += more;
  if (nodes_ <= kMaxConfigNodes) return;
  throw StopParsing{{where.ToLocation(), "",
                     "more than " + std::to_string(kMaxConfigNodes) +
                         " values, what aliases stand for included"}};
}

bool YamlBuilder::ExpectsKey() const {
  return !open_.empty() && open_.back().node.IsMapping() && !open_.back().has_key;
}

void YamlBuilder::OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) {
  ConfigNode node;
  node.where = At(mark);
  // The parser reports `key:` and `key: null` alike, and the former at the token that follows.
  const bool written = cursor_.MoveTo(mark.line, mark.column) && StartsWithNull(cursor_.Rest());
  node.kind = written ? ConfigNode::Kind::kNull : ConfigNode::Kind::kEmpty;
  if (!written && !open_.empty() && open_.back().has_key) node.where = open_.back().key_where;
  Add(std::move(node), anchor);
}

void YamlBuilder::OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) {
  const Place where = At(mark);
  const auto target = anchors_.find(anchor);
  if (target == anchors_.end()) {
    throw StopParsing{{where.ToLocation(), "", "the alias stands inside what it stands for"}};
  }
  const std::size_t size = CountTree(target->second);
  CountNodes(size, where);
  if (open_.size() + DepthOf(target->second) > kMaxConfigDepth) {
    throw StopParsing{{where.ToLocation(), "",
                       "nested deeper than " + std::to_string(kMaxConfigDepth) + " levels"}};
  }
  Add(ConfigNode(target->second), 0);
}

void YamlBuilder::OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                           const std::string& value) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kScalar;
  node.where = At(mark);
  node.scalar = value;
  node.quoted = tag == "!" || tag == std::string(kCoreTag) + "str";
  const bool core =
      tag.starts_with(kCoreTag) &&
      (node.quoted || tag.ends_with(":int") || tag.ends_with(":float") || tag.ends_with(":bool"));
  if (tag != "?" && tag != "!" && !core) {
    Report(node.where, Path(ExpectsKey() || open_.empty() ? "" : open_.back().key),
           "the tag '" + tag + "' is not supported");
  }
  if (tag == "!" && cursor_.MoveTo(mark.line, mark.column) && IsUnterminatedQuote(cursor_.Rest())) {
    throw StopParsing{{node.where.ToLocation(), "", "quoted text without its closing quote"}};
  }
  Add(std::move(node), anchor);
}

void YamlBuilder::CheckCollectionTag(const std::string& tag, std::string_view core,
                                     const Place& where) {
  if (tag == "?" || tag == std::string(kCoreTag) + std::string(core)) return;
  Report(where, "", "the tag '" + tag + "' is not supported");
}

void YamlBuilder::OnSequenceStart(const YAML::Mark& mark, const std::string& tag,
                                  YAML::anchor_t anchor, YAML::EmitterStyle::value /*style*/) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kSequence;
  node.where = At(mark);
  CheckCollectionTag(tag, "seq", node.where);
  Open(std::move(node), anchor);
}

void YamlBuilder::OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                             YAML::EmitterStyle::value /*style*/) {
  ConfigNode node;
  node.kind = ConfigNode::Kind::kMapping;
  node.where = At(mark);
  CheckCollectionTag(tag, "map", node.where);
  Open(std::move(node), anchor);
}

void YamlBuilder::Open(ConfigNode node, YAML::anchor_t anchor) {
  if (ExpectsKey()) {
    throw StopParsing{
        {node.where.ToLocation(), "", "a key must be a name (or a '{' or '[' is not closed)"}};
  }
  if (open_.size() >= kMaxConfigDepth) {
    throw StopParsing{{node.where.ToLocation(), "",
                       "nested deeper than " + std::to_string(kMaxConfigDepth) + " levels"}};
  }
  Frame frame;
  frame.node = std::move(node);
  frame.anchor = anchor;
  open_.push_back(std::move(frame));
}

void YamlBuilder::Close() {
  Frame frame = std::move(open_.back());
  open_.pop_back();
  Add(std::move(frame.node), frame.anchor);
}

void YamlBuilder::AddKey(const ConfigNode& node) {
  Frame& frame = open_.back();
  if (node.kind != ConfigNode::Kind::kScalar) {
    throw StopParsing{{node.where.ToLocation(), "", "a key must be a name"}};
  }
  frame.has_key = true;
  frame.key = node.scalar;
  frame.key_where = node.where;
  if (node.scalar == "<<" && !node.quoted) {
    Report(node.where, Path("<<"), "merge keys are not supported; use 'include'");
  } else if (!frame.keys.insert(node.scalar).second) {
    Report(node.where, Path(node.scalar), "duplicate key");
  }
}

void YamlBuilder::Add(ConfigNode node, YAML::anchor_t anchor) {
  CountNodes(1, node.where);
  if (anchor != 0) {
    CountNodes(CountTree(node), node.where);  // the copy that the anchor keeps
    anchors_[anchor] = node;
  }
  if (ExpectsKey()) return AddKey(node);
  if (open_.empty()) {
    root_ = std::move(node);
    return;
  }
  Frame& frame = open_.back();
  if (!frame.node.IsMapping()) {
    frame.node.items.push_back(std::move(node));
    return;
  }
  frame.has_key = false;
  frame.node.entries.push_back({frame.key, frame.key_where, std::move(node)});
}

}  // namespace switchyard
