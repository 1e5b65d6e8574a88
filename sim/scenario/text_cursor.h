// Finds the (line, column) positions that the parser reports in the text. The parser counts columns
// in bytes; messages count them in characters. A move costs no more than the distance moved in the
// line.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"

namespace switchyard {

class TextCursor {
 public:
  explicit TextCursor(std::string_view text);

  // Line and byte column count from 0. False when the text has no such position.
  bool MoveTo(int line, int column);
  // The text from the position on.
  [[nodiscard]] std::string_view Rest() const { return text_.substr(offset_); }
  // Characters before the position in its line.
  [[nodiscard]] int Characters() const { return characters_; }

 private:
  std::string_view text_;
  std::vector<std::size_t> line_starts_;
  std::size_t line_ = 0;
  std::size_t offset_ = 0;
  int characters_ = 0;
};

// Where `text` stops being UTF-8, or holds a control character other than tab and line ends;
// nullopt for a clean text. Line and column count from 1.
[[nodiscard]] std::optional<SourceLocation> FindBadCharacter(std::string_view text);

// True for a quoted scalar ('...' or "...") at the start of `text` whose closing quote is missing.
[[nodiscard]] bool IsUnterminatedQuote(std::string_view text);

}  // namespace switchyard
