#include "sim/routing/trace/import/json_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <limits>
#include <nlohmann/json.hpp>

namespace switchyard {
namespace {

constexpr std::size_t kMaxText = std::size_t{256} << 20;
constexpr std::size_t kMaxDepth = 32;
constexpr std::size_t kMaxNodes = std::size_t{1} << 24;
constexpr std::size_t kMaxMembers = 1024;

// Input iterator that moves a cursor which outlives the parser's copies of it: what the parser has
// read is where it stands.
class TrackedIterator {
 public:
  // NOLINTBEGIN(readability-identifier-naming): names that std::iterator_traits looks for.
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;
  // NOLINTEND(readability-identifier-naming)

  explicit TrackedIterator(const char* end) : end_(end) {}
  TrackedIterator(const char*& cursor, const char* end) : cursor_(&cursor), end_(end) {}
  reference operator*() const { return **cursor_; }
  TrackedIterator& operator++() {
    ++*cursor_;
    return *this;
  }
  TrackedIterator operator++(int) {
    TrackedIterator before = *this;
    ++*this;
    return before;
  }
  friend bool operator==(const TrackedIterator& a, const TrackedIterator& b) {
    return a.Place() == b.Place();
  }
  friend bool operator!=(const TrackedIterator& a, const TrackedIterator& b) { return !(a == b); }

 private:
  [[nodiscard]] const char* Place() const { return cursor_ == nullptr ? end_ : *cursor_; }
  const char** cursor_ = nullptr;
  const char* end_;
};

// nlohmann's message without its own position and number; it may quote a string of any length.
std::string BareMessage(std::string_view what) {
  constexpr std::size_t kMaxMessage = 240;
  const std::size_t colon = what.find(": ");
  const std::string_view message = colon == std::string_view::npos ? what : what.substr(colon + 2);
  std::string shown(message.substr(0, kMaxMessage));
  return message.size() > kMaxMessage ? shown + "..." : shown;
}

class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  // `text` begins at `base` in the file.
  TreeBuilder(std::string_view text, std::size_t base, const char* const& cursor, ImportLog& log)
      : text_(text), base_(base), cursor_(cursor), log_(log) {}

  [[nodiscard]] DataNode Take() && { return std::move(root_); }

  bool null() override { return Add({nullptr, WordStart()}); }
  bool boolean(bool value) override { return Add({value, WordStart()}); }
  bool number_integer(number_integer_t value) override { return Add({value, WordStart()}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return Add({static_cast<std::int64_t>(value), WordStart()});
    }
    return Add({static_cast<double>(value), WordStart()});
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override {
    return Add({value, WordStart()});
  }
  bool string(string_t& value) override {
    return Add({std::move(value), base_ + QuoteStart(Behind())});
  }
  bool binary(binary_t& /*value*/) override { return Fail("binary data is not JSON"); }

  bool start_object(std::size_t /*size*/) override { return Open({DataDict{}, Last()}); }
  bool start_array(std::size_t /*size*/) override { return Open({IntegerList{}, Last()}); }
  bool end_array() override { return Close(); }
  bool end_object() override { return Close(); }

  bool key(string_t& name) override {
    auto& dict = std::get<DataDict>(stack_.back()->data);
    if (dict.size() >= kMaxMembers) return Fail(fmt::format("more than {} members", kMaxMembers));
    const auto twice = std::any_of(dict.begin(), dict.end(),
                                   [&](const DataMember& member) { return member.key == name; });
    if (twice) return Fail("member '" + Shown(name) + "' is given twice");
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t read, const std::string& /*token*/,
                   const nlohmann::detail::exception& e) override {
    log_.ErrorAt(base_ + std::min(read == 0 ? 0 : read - 1, text_.size()), "",
                 BareMessage(e.what()));
    return false;
  }

 private:
  // Bytes read. The parser has read one byte beyond a number, and none beyond anything else.
  [[nodiscard]] std::size_t Behind() const {
    return static_cast<std::size_t>(cursor_ - text_.data());
  }
  [[nodiscard]] std::size_t Last() const { return base_ + std::max<std::size_t>(Behind(), 1) - 1; }

  // Of a number or a literal that has just been read.
  [[nodiscard]] std::size_t WordStart() const {
    const auto in_word = [&](std::size_t i) {
      const char c = text_[i];
      return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || c == 'E' || c == '-' || c == '+' ||
             c == '.';
    };
    std::size_t i = Behind();
    if (i > 0 && !in_word(i - 1)) --i;
    while (i > 0 && in_word(i - 1)) --i;
    return base_ + i;
  }
  // Of the string that ends before `behind`: the quote before it that no backslash escapes.
  [[nodiscard]] std::size_t QuoteStart(std::size_t behind) const {
    for (std::size_t i = behind >= 2 ? behind - 1 : 0; i-- > 0;) {
      if (text_[i] != '"') continue;
      std::size_t slashes = 0;
      while (slashes < i && text_[i - 1 - slashes] == '\\') ++slashes;
      if (slashes % 2 == 0) return i;
    }
    return 0;
  }

  bool Fail(std::string message) {
    log_.ErrorAt(Last(), "", std::move(message));
    return false;
  }

  // Puts a node where the text has it. `placed` is where it lies, nullptr for packed numbers.
  bool Place(DataNode node, DataNode*& placed) {
    placed = nullptr;
    if (stack_.empty()) {
      root_ = std::move(node);
      placed = &root_;
    } else if (auto* dict = std::get_if<DataDict>(&stack_.back()->data)) {
      placed = &dict->emplace_back(DataMember{std::move(key_), std::move(node)}).value;
    } else {
      nodes_ += UnpackedBy(*stack_.back(), node);
      if (nodes_ > kMaxNodes) return FailNodes();
      placed = AppendTo(*stack_.back(), std::move(node));
    }
    if (placed == nullptr) return true;
    return ++nodes_ <= kMaxNodes || FailNodes();
  }
  bool FailNodes() { return Fail(fmt::format("more than {} values", kMaxNodes)); }

  bool Add(DataNode node) {
    DataNode* placed = nullptr;
    return Place(std::move(node), placed);
  }
  // Only the innermost container grows, so that the pointers to the outer ones stay valid.
  bool Open(DataNode node) {
    if (stack_.size() >= kMaxDepth) {
      return Fail(fmt::format("nested deeper than {} levels", kMaxDepth));
    }
    DataNode* placed = nullptr;
    if (!Place(std::move(node), placed)) return false;
    stack_.push_back(placed);
    return true;
  }
  bool Close() {
    stack_.pop_back();
    return true;
  }

  std::string_view text_;
  std::size_t base_;
  const char* const& cursor_;
  ImportLog& log_;
  DataNode root_;
  std::string key_;
  std::vector<DataNode*> stack_;
  std::size_t nodes_ = 0;
};

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

struct Line {
  std::size_t begin = 0;
  std::size_t end = 0;  // without the '\n'
};
Line LineAt(std::string_view text, std::size_t begin) {
  const std::size_t newline = text.find('\n', begin);
  return {begin, newline == std::string_view::npos ? text.size() : newline};
}

// The first line that is not blank is a JSON text of its own, and others follow.
bool IsJsonLines(const ImportFile& file) {
  Line line = LineAt(file.bytes, 0);
  while (line.end < file.bytes.size() &&
         IsBlank(file.bytes.substr(line.begin, line.end - line.begin))) {
    line = LineAt(file.bytes, line.end + 1);
  }
  if (IsBlank(file.bytes.substr(std::min(line.end, file.bytes.size())))) return false;
  ImportLog ignored(file);
  return ParseJsonText(file, line.begin, line.end, ignored).has_value();
}

void UseText(const DataNode& node, const std::function<void(const DataNode&)>& use) {
  const auto* list = std::get_if<DataList>(&node.data);
  const bool records =
      list != nullptr && std::all_of(list->begin(), list->end(), [](const DataNode& item) {
        return std::holds_alternative<DataDict>(item.data);
      });
  if (!records) return use(node);
  for (const DataNode& item : *list) use(item);
}

}  // namespace

std::optional<DataNode> ParseJsonText(const ImportFile& file, std::size_t begin, std::size_t end,
                                      ImportLog& log) {
  const std::string_view text = file.bytes.substr(begin, end - begin);
  if (text.size() > kMaxText) {
    log.ErrorAt(
        begin, "",
        fmt::format("{} bytes of JSON in one piece; at most {} are read", text.size(), kMaxText));
    return std::nullopt;
  }
  const char* cursor = text.data();
  TreeBuilder builder(text, begin, cursor, log);
  const char* const last = text.data() + text.size();
  const bool parsed =
      nlohmann::json::sax_parse(TrackedIterator(cursor, last), TrackedIterator(last), &builder);
  if (!parsed) return std::nullopt;
  return std::move(builder).Take();
}

void ForEachJsonRecord(const ImportFile& file, ImportLog& log,
                       const std::function<void(const DataNode&)>& use) {
  const std::string_view text = file.bytes;
  if (!IsJsonLines(file)) {
    const auto node = ParseJsonText(file, 0, text.size(), log);
    if (node) UseText(*node, use);
    return;
  }
  for (std::size_t begin = 0; begin < text.size();) {
    const Line line = LineAt(text, begin);
    begin = line.end + 1;
    if (IsBlank(text.substr(line.begin, line.end - line.begin))) continue;
    const auto node = ParseJsonText(file, line.begin, line.end, log);
    if (node) UseText(*node, use);
  }
}

bool LooksLikeJsonWith(const ImportFile& file, std::string_view key) {
  const std::size_t first = file.bytes.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  if (file.bytes[first] != '{' && file.bytes[first] != '[') return false;
  return file.bytes.find("\"" + std::string(key) + "\"") != std::string_view::npos;
}

}  // namespace switchyard
