#include "models/import/json_document.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace switchyard {
namespace {

struct Position {
  int line = 1;
  int column = 1;
};

// How far the parser has read. The parser copies its iterator, so the place lives here.
struct Cursor {
  const char* next = nullptr;
  Position position;

  void Advance() {
    if (*next == '\n') {
      ++position.line;
      position.column = 1;
    } else {
      ++position.column;
    }
    ++next;
  }
};

// Input iterator over the text that moves the cursor. nlohmann's scanner reads a string up to its
// closing quote and no further, so that the cursor stands right behind a key when it is reported.
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
  TrackedIterator(Cursor& cursor, const char* end) : cursor_(&cursor), end_(end) {}
  reference operator*() const { return *cursor_->next; }
  TrackedIterator& operator++() {
    cursor_->Advance();
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
  [[nodiscard]] const char* Place() const { return cursor_ == nullptr ? end_ : cursor_->next; }
  Cursor* cursor_ = nullptr;
  const char* end_;
};

// Python's literals are the usual reason why a "config.json" copied out of code is not JSON.
std::string PythonHint(std::string_view text, std::size_t error_at) {
  constexpr std::string_view kLiterals[] = {"True", "False", "None"};
  constexpr std::size_t kLookBack = 6;
  const std::size_t from = error_at > kLookBack ? error_at - kLookBack : 0;
  const std::string_view around = text.substr(std::min(from, text.size()), 2 * kLookBack);
  for (const std::string_view literal : kLiterals) {
    if (around.find(literal) != std::string_view::npos) {
      return fmt::format(
          "; '{}' is Python, not JSON: write true, false or null (json.dump does so)", literal);
    }
  }
  return "";
}

// nlohmann's message without its own position and exception number. It quotes what was read last,
// which may be a string of any length.
std::string BareMessage(std::string_view what) {
  constexpr std::size_t kMaxMessage = 240;
  const std::size_t colon = what.find(": ");
  const std::string_view message = colon == std::string_view::npos ? what : what.substr(colon + 2);
  std::string shown(message.substr(0, kMaxMessage));
  return message.size() > kMaxMessage ? shown + "..." : shown;
}

// Builds the tree; one entry of stack_ per open object or array.
class TreeBuilder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  TreeBuilder(std::string_view text, const Cursor& cursor, const std::string& file)
      : text_(text), cursor_(cursor), file_(file) {}

  [[nodiscard]] Result<JsonValue> Take() && {
    if (error_) return std::move(*error_);
    return std::move(root_);
  }

  bool null() override { return Add({nullptr}); }
  bool boolean(bool value) override { return Add({value}); }
  bool number_integer(number_integer_t value) override { return Add({value}); }
  bool number_unsigned(number_unsigned_t value) override {
    if (value <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
      return Add({static_cast<std::int64_t>(value)});
    }
    return Add({static_cast<double>(value)});
  }
  bool number_float(number_float_t value, const string_t&) override { return Add({value}); }
  bool string(string_t& value) override { return Add({std::move(value)}); }
  bool binary(binary_t&) override { return Fail("binary data is not JSON"); }

  bool start_object(std::size_t) override { return Open({JsonObject{}}); }
  bool start_array(std::size_t) override { return Open({JsonArray{}}); }
  bool end_array() override { return Close(); }
  bool end_object() override { return KeysAreDistinct() && Close(); }

  bool key(string_t& name) override {
    key_ = {std::move(name), cursor_.position.line, cursor_.position.column, {}};
    // From behind the closing quote to the opening one. An escaped key is longer in the text than
    // here: its column then points into it.
    const auto length = static_cast<int>(std::min<std::size_t>(key_.key.size() + 2, kMaxJsonBytes));
    key_.column = std::max(1, key_.column - length);
    return true;
  }

  // `read` counts the bytes up to and with the one at fault; the cursor may be one further.
  bool parse_error(std::size_t read, const std::string&,
                   const nlohmann::detail::exception& e) override {
    const std::size_t at = std::min(read == 0 ? 0 : read - 1, text_.size());
    const std::string_view before = text_.substr(0, at);
    const std::size_t newline = before.rfind('\n');
    const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    error_ = Diagnostic{{file_, static_cast<int>(line), static_cast<int>(at - line_start + 1)},
                        "",
                        BareMessage(e.what()) + PythonHint(text_, at)};
    return false;
  }

 private:
  bool Fail(std::string message) {
    // The cursor stands behind the character that was read last.
    const int column = std::max(1, cursor_.position.column - 1);
    error_ = Diagnostic{{file_, cursor_.position.line, column}, "", std::move(message)};
    return false;
  }

  // Puts a value where the text has it; nullptr when a limit is reached.
  JsonValue* Place(JsonValue value) {
    if (++values_ > kMaxJsonValues) {
      Fail(fmt::format("more than {} values", kMaxJsonValues));
      return nullptr;
    }
    if (stack_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (auto* array = std::get_if<JsonArray>(&stack_.back()->data)) {
      return &array->emplace_back(std::move(value));
    }
    auto& object = std::get<JsonObject>(stack_.back()->data);
    key_.value = std::move(value);
    return &object.emplace_back(std::move(key_)).value;
  }

  bool Add(JsonValue value) { return Place(std::move(value)) != nullptr; }

  // Only the innermost container grows, so that the pointers to the outer ones stay valid.
  bool Open(JsonValue value) {
    if (stack_.size() >= kMaxJsonDepth) {
      return Fail(fmt::format("nested deeper than {} levels", kMaxJsonDepth));
    }
    JsonValue* placed = Place(std::move(value));
    if (placed == nullptr) return false;
    stack_.push_back(placed);
    return true;
  }

  bool Close() {
    stack_.pop_back();
    return true;
  }

  bool KeysAreDistinct() {
    std::vector<const JsonMember*> members;
    for (const JsonMember& member : std::get<JsonObject>(stack_.back()->data)) {
      members.push_back(&member);
    }
    std::stable_sort(members.begin(), members.end(),
                     [](const auto* a, const auto* b) { return a->key < b->key; });
    const auto twice =
        std::adjacent_find(members.begin(), members.end(),
                           [](const auto* a, const auto* b) { return a->key == b->key; });
    if (twice == members.end()) return true;
    const JsonMember& first = **twice;
    const JsonMember& second = **std::next(twice);
    error_ = Diagnostic{{file_, second.line, second.column},
                        Printable(first.key),
                        fmt::format("given twice; first on line {}", first.line)};
    return false;
  }

  std::string_view text_;
  const Cursor& cursor_;
  const std::string& file_;
  JsonValue root_;
  JsonMember key_;
  std::vector<JsonValue*> stack_;
  std::size_t values_ = 0;
  std::optional<Diagnostic> error_;
};

}  // namespace

Result<JsonValue> ParseJson(std::string_view text, const std::string& file) {
  if (text.size() > kMaxJsonBytes) {
    return FileError(
        file, fmt::format("{} bytes of JSON; at most {} are read", text.size(), kMaxJsonBytes));
  }
  Cursor cursor{text.data(), {}};
  TreeBuilder builder(text, cursor, file);
  const char* const end = text.data() + text.size();
  nlohmann::json::sax_parse(TrackedIterator(cursor, end), TrackedIterator(end), &builder);
  return std::move(builder).Take();
}

const JsonMember* FindMember(const JsonObject& object, std::string_view key) {
  const auto found = std::find_if(object.begin(), object.end(),
                                  [&](const JsonMember& member) { return member.key == key; });
  return found == object.end() ? nullptr : &*found;
}

std::string Printable(std::string_view text) {
  constexpr std::size_t kMaxShown = 40;
  std::string shown(text.substr(0, kMaxShown));
  std::replace_if(
      shown.begin(), shown.end(),
      [](char c) { return static_cast<unsigned char>(c) < ' ' || c == '\x7f'; }, '?');
  return text.size() > kMaxShown ? shown + "..." : shown;
}

std::string Describe(const JsonValue& value) {
  struct Visitor {
    std::string operator()(std::nullptr_t) const { return "null"; }
    std::string operator()(bool flag) const { return flag ? "true" : "false"; }
    std::string operator()(std::int64_t number) const { return std::to_string(number); }
    std::string operator()(double number) const { return fmt::format("{}", number); }
    std::string operator()(const std::string& text) const {
      return fmt::format("\"{}\"", Printable(text));
    }
    std::string operator()(const JsonArray& array) const {
      return fmt::format("a list of {}", array.size());
    }
    std::string operator()(const JsonObject&) const { return "an object"; }
  };
  return std::visit(Visitor{}, value.data);
}

}  // namespace switchyard
