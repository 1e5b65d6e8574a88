#include "sim/routing/trace/import/import_log.h"

#include <fmt/format.h>

#include <algorithm>

namespace switchyard {

void ImportLog::Error(const ImportPlace& place, std::string message) {
  constexpr std::size_t kMaxErrors = 50;
  if (errors_.size() >= kMaxErrors) {
    ++more_errors_;
    return;
  }
  SourceLocation where{file_.name, 0, 0};
  if (place.offset) {
    const std::string_view before =
        file_.bytes.substr(0, std::min(*place.offset, file_.bytes.size()));
    const std::size_t newline = before.rfind('\n');
    const std::size_t start = newline == std::string_view::npos ? 0 : newline + 1;
    where.line = static_cast<int>(1 + std::count(before.begin(), before.end(), '\n'));
    where.column = static_cast<int>(before.size() - start + 1);
  }
  errors_.push_back({std::move(where), place.path, std::move(message)});
}

void ImportLog::Warn(std::string message) {
  constexpr std::size_t kMaxWarnings = 20;
  if (std::find(warnings_.begin(), warnings_.end(), message) != warnings_.end()) return;
  if (warnings_.size() < kMaxWarnings) {
    warnings_.push_back(std::move(message));
  } else {
    ++more_warnings_;
  }
}

std::vector<std::string> ImportLog::warnings() const {
  std::vector<std::string> all = warnings_;
  if (more_warnings_ > 0) all.push_back(fmt::format("{} further warnings", more_warnings_));
  return all;
}

Diagnostics ImportLog::errors() const {
  Diagnostics all = errors_;
  if (more_errors_ > 0) {
    all.push_back(FileError(file_.name, fmt::format("{} further errors", more_errors_)));
  }
  return all;
}

std::string Shown(std::string_view text) {
  constexpr std::size_t kMaxShown = 40;
  std::string shown(text.substr(0, kMaxShown));
  std::replace_if(
      shown.begin(), shown.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return text.size() > kMaxShown ? shown + "..." : shown;
}

}  // namespace switchyard
