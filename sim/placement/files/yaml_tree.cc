#include "sim/placement/files/yaml_tree.h"

#include <fmt/format.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <sstream>

namespace switchyard {
namespace {

constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxValues = std::size_t{1} << 22;
constexpr std::string_view kTooDeep = "nested deeper than 32 levels";

// Thrown out of the parser when going on makes no sense; caught in ParseYamlTree.
struct StopParsing {
  std::size_t offset;
  std::string reason;
};

// Every number of a list counts: an alias copies them.
std::size_t CountValues(const DataNode& node) {
  if (const auto* integers = std::get_if<IntegerList>(&node.data)) return 1 + integers->size();
  if (const auto* numbers = std::get_if<NumberList>(&node.data)) return 1 + numbers->size();
  std::size_t count = 1;
  if (const auto* list = std::get_if<DataList>(&node.data)) {
    for (const DataNode& item : *list) count += CountValues(item);
  }
  if (const auto* dict = std::get_if<DataDict>(&node.data)) {
    for (const DataMember& member : *dict) count += CountValues(member.value);
  }
  return count;
}

std::size_t DepthOf(const DataNode& node) {
  std::size_t depth = 0;
  if (const auto* list = std::get_if<DataList>(&node.data)) {
    for (const DataNode& item : *list) depth = std::max(depth, DepthOf(item));
  }
  if (const auto* dict = std::get_if<DataDict>(&node.data)) {
    for (const DataMember& member : *dict) depth = std::max(depth, DepthOf(member.value));
  }
  return depth + 1;
}

class TreeBuilder final : public YAML::EventHandler {
 public:
  TreeBuilder(const ImportFile& file, ImportLog& log) : size_(file.bytes.size()), log_(log) {
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < size_; ++i) {
      if (file.bytes[i] == '\n') line_starts_.push_back(i + 1);
    }
  }

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ == 2) throw StopParsing{At(mark), "a second document starts here"};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Add({nullptr, At(mark)}, anchor);
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto target = anchors_.find(anchor);
    if (target == anchors_.end()) {
      throw StopParsing{At(mark), "the alias stands inside what it stands for"};
    }
    Count(target->second.values, At(mark));
    if (open_.size() + target->second.depth > kMaxDepth) {
      throw StopParsing{At(mark), std::string(kTooDeep)};
    }
    Place(DataNode(target->second.node));
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    std::int64_t number = 0;
    const char* const end = value.data() + value.size();
    const auto parsed = std::from_chars(value.data(), end, number);
    const bool plain = tag == "?" || tag == "tag:yaml.org,2002:int";
    if (plain && !ExpectsKey() && parsed.ec == std::errc() && parsed.ptr == end) {
      Add({number, At(mark)}, anchor);
    } else {
      Add({value, At(mark)}, anchor);
    }
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Open({IntegerList{}, At(mark)}, anchor);
  }
  void OnSequenceEnd() override { Close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Open({DataDict{}, At(mark)}, anchor);
  }
  void OnMapEnd() override { Close(); }

  [[nodiscard]] DataNode Take() && { return std::move(root_); }
  // The parser counts lines and columns from 0, columns in bytes.
  [[nodiscard]] std::size_t At(const YAML::Mark& mark) const {
    if (mark.is_null() || mark.line < 0) return 0;
    const auto line = std::min(static_cast<std::size_t>(mark.line), line_starts_.size() - 1);
    return std::min(line_starts_[line] + static_cast<std::size_t>(std::max(mark.column, 0)), size_);
  }

 private:
  struct Frame {
    DataNode node;
    YAML::anchor_t anchor = 0;
    std::optional<std::string> key;  // of a mapping: seen, its value comes next
  };
  struct Anchored {
    DataNode node;
    std::size_t values = 0;
    std::size_t depth = 0;
  };

  [[nodiscard]] bool ExpectsKey() const {
    return !open_.empty() && std::holds_alternative<DataDict>(open_.back().node.data) &&
           !open_.back().key;
  }
  void Count(std::size_t more, std::size_t offset) {
    values_ += more;
    if (values_ <= kMaxValues) return;
    throw StopParsing{
        offset, fmt::format("more than {} values, what aliases stand for included", kMaxValues)};
  }
  void Open(DataNode node, YAML::anchor_t anchor) {
    if (ExpectsKey()) throw StopParsing{*node.offset, "a key must be a name or a number"};
    if (open_.size() >= kMaxDepth) throw StopParsing{*node.offset, std::string(kTooDeep)};
    open_.push_back({std::move(node), anchor, {}});
  }
  void Close() {
    Frame frame = std::move(open_.back());
    open_.pop_back();
    Add(std::move(frame.node), frame.anchor);
  }
  void Add(DataNode node, YAML::anchor_t anchor) {
    Count(1, *node.offset);
    if (anchor != 0) {
      const std::size_t values = CountValues(node);
      Count(values, *node.offset);  // the copy that the anchor keeps
      const std::size_t depth = DepthOf(node);
      anchors_[anchor] = {node, values, depth};
    }
    Place(std::move(node));
  }
  void Place(DataNode node) {
    if (ExpectsKey()) return AddKey(node);
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = open_.back();
    auto* dict = std::get_if<DataDict>(&frame.node.data);
    if (dict == nullptr) {
      AppendTo(frame.node, std::move(node));
      return;
    }
    dict->push_back({std::move(*frame.key), std::move(node)});
    frame.key.reset();
  }
  void AddKey(const DataNode& node) {
    const auto* text = std::get_if<std::string>(&node.data);
    if (text == nullptr) throw StopParsing{*node.offset, "a key must be a name or a number"};
    Frame& frame = open_.back();
    const auto& dict = std::get<DataDict>(frame.node.data);
    const auto twice = std::any_of(dict.begin(), dict.end(),
                                   [&](const DataMember& member) { return member.key == *text; });
    if (twice) log_.ErrorAt(*node.offset, Shown(*text), "is given twice");
    constexpr std::size_t kMaxMembers = 4096;
    if (dict.size() >= kMaxMembers) {
      throw StopParsing{*node.offset, fmt::format("more than {} members", kMaxMembers)};
    }
    frame.key = *text;
  }

  std::size_t size_;
  ImportLog& log_;
  std::vector<std::size_t> line_starts_;
  std::vector<Frame> open_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  DataNode root_;
  std::size_t values_ = 0;
  int documents_ = 0;
};

// The parser reads ahead to the end of a bracket before it reports anything, and remembers every
// open one.
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

}  // namespace

std::optional<DataNode> ParseYamlTree(const ImportFile& file, ImportLog& log) {
  if (file.bytes.size() > kMaxYamlBytes) {
    log.Error(
        {}, fmt::format("{} bytes of YAML; at most {} are read", file.bytes.size(), kMaxYamlBytes));
    return std::nullopt;
  }
  if (HasTooManyOpenBrackets(file.bytes)) {
    log.Error({}, std::string(kTooDeep));
    return std::nullopt;
  }
  TreeBuilder builder(file, log);
  try {
    std::istringstream in{std::string(file.bytes)};
    YAML::Parser parser(in);
    if (!parser.HandleNextDocument(builder)) {
      log.Error({}, "the file is empty");
      return std::nullopt;
    }
    parser.HandleNextDocument(builder);  // a second document stops the parse
  } catch (const StopParsing& stop) {
    log.ErrorAt(stop.offset, "", stop.reason);
    return std::nullopt;
  } catch (const YAML::Exception& error) {
    log.ErrorAt(builder.At(error.mark), "", error.msg);
    return std::nullopt;
  }
  return std::move(builder).Take();
}

}  // namespace switchyard
