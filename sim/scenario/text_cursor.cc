#include "sim/scenario/text_cursor.h"

#include <algorithm>
#include <cstdint>

namespace switchyard {
namespace {

// True for the second and later bytes of a UTF-8 character.
bool IsContinuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

// Bytes of the UTF-8 character at the start of `text`, 0 when it is none (RFC 3629, section 4:
// no overlong forms, no surrogates, nothing above U+10FFFF).
std::size_t CharacterLength(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  std::size_t length = 0;
  std::uint32_t code = 0;
  std::uint32_t smallest = 0;
  if ((lead & 0xE0U) == 0xC0U) {
    length = 2, code = lead & 0x1FU, smallest = 0x80;
  } else if ((lead & 0xF0U) == 0xE0U) {
    length = 3, code = lead & 0x0FU, smallest = 0x800;
  } else if ((lead & 0xF8U) == 0xF0U) {
    length = 4, code = lead & 0x07U, smallest = 0x10000;
  }
  if (length == 0 || text.size() < length) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if (!IsContinuation(text[i])) return 0;
    code = code << 6 | (byte(i) & 0x3FU);
  }
  const bool surrogate = code >= 0xD800 && code <= 0xDFFF;
  return code < smallest || code > 0x10FFFF || surrogate ? 0 : length;
}

bool IsControl(char c) {
  const auto u = static_cast<unsigned char>(c);
  return (u < 0x20 && c != '\t' && c != '\n' && c != '\r') || u == 0x7F;
}

}  // namespace

TextCursor::TextCursor(std::string_view text) : text_(text), line_starts_{0} {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\n') line_starts_.push_back(i + 1);
  }
}

bool TextCursor::MoveTo(int line, int column) {
  const auto to_line = static_cast<std::size_t>(line);
  if (line < 0 || column < 0 || to_line >= line_starts_.size()) return false;
  const std::size_t to = line_starts_[to_line] + static_cast<std::size_t>(column);
  const std::size_t next_line =
      to_line + 1 < line_starts_.size() ? line_starts_[to_line + 1] : text_.size() + 1;
  if (to >= next_line) return false;
  if (to_line != line_) line_ = to_line, offset_ = line_starts_[to_line], characters_ = 0;
  const auto [first, last] = std::minmax(offset_, to);
  const auto between =
      static_cast<int>(std::count_if(text_.begin() + static_cast<std::ptrdiff_t>(first),
                                     text_.begin() + static_cast<std::ptrdiff_t>(last),
                                     [](char c) { return !IsContinuation(c); }));
  characters_ += to >= offset_ ? between : -between;
  offset_ = to;
  return true;
}

std::optional<SourceLocation> FindBadCharacter(std::string_view text) {
  SourceLocation at{"", 1, 1};
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = CharacterLength(text.substr(i));
    if (length == 0 || IsControl(text[i])) return at;
    if (text[i] == '\n') {
      ++at.line, at.column = 1;
    } else {
      ++at.column;
    }
    i += length;
  }
  return std::nullopt;
}

bool IsUnterminatedQuote(std::string_view text) {
  if (text.empty() || (text[0] != '"' && text[0] != '\'')) return false;
  const char quote = text[0];
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (quote == '"' && text[i] == '\\') {
      ++i;
    } else if (text[i] == quote) {
      const bool doubled = quote == '\'' && i + 1 < text.size() && text[i + 1] == quote;
      if (!doubled) return false;
      ++i;
    }
  }
  return true;
}

}  // namespace switchyard
