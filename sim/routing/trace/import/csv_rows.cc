#include "sim/routing/trace/import/csv_rows.h"

#include <algorithm>
#include <charconv>

namespace switchyard {
namespace {

constexpr std::size_t kMaxFields = 64;

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kSpaces = " \t\r";
  const std::size_t first = text.find_first_not_of(kSpaces);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpaces) - first + 1);
}

// What stands behind field 64 belongs to it.
void Split(std::string_view text, std::size_t begin, std::size_t end, CsvRow& row) {
  row.offset = begin;
  row.fields.clear();
  while (begin <= end) {
    std::size_t comma = text.substr(0, end).find(',', begin);
    if (comma == std::string_view::npos || row.fields.size() + 1 == kMaxFields) comma = end;
    const std::string_view whole = text.substr(begin, comma - begin);
    const std::string_view field = Trimmed(whole);
    const std::size_t offset =
        field.empty() ? begin : static_cast<std::size_t>(field.data() - text.data());
    row.fields.push_back({field, offset});
    begin = comma + 1;
  }
}

}  // namespace

void ForEachCsvRow(std::string_view text, const std::function<void(const CsvRow&)>& use) {
  CsvRow row;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t newline = text.find('\n', begin);
    const std::size_t end = newline == std::string_view::npos ? text.size() : newline;
    const std::string_view line = Trimmed(text.substr(begin, end - begin));
    if (!line.empty() && line.front() != '#') {
      Split(text, begin, end, row);
      use(row);
    }
    begin = end + 1;
  }
}

std::optional<std::int64_t> WholeNumber(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return std::nullopt;
  return value;
}

bool HasFields(const CsvRow& row, const std::vector<std::string_view>& names) {
  return std::equal(
      row.fields.begin(), row.fields.end(), names.begin(), names.end(),
      [](const CsvField& field, std::string_view name) { return field.text == name; });
}

bool CsvHeaderIs(std::string_view text, const std::vector<std::string_view>& names) {
  // Headers are short: the first line that is not blank lies in the first few bytes.
  constexpr std::size_t kEnough = 4096;
  bool first = true;
  bool same = false;
  ForEachCsvRow(text.substr(0, kEnough), [&](const CsvRow& row) {
    if (first) same = HasFields(row, names);
    first = false;
  });
  return same;
}

}  // namespace switchyard
