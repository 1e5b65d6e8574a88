// Comma-separated numbers, line by line, with their places.
//
//   ForEachCsvRow(text, [&](const CsvRow& row) { row.fields[0]; });
//
// No quoting: the formats read here hold names and whole numbers. Blank lines and lines that begin
// with '#' are left out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace switchyard {

struct CsvField {
  std::string_view text;   // without spaces around it
  std::size_t offset = 0;  // in the file
};
struct CsvRow {
  std::size_t offset = 0;
  std::vector<CsvField> fields;
};

// The row lives until the next call of `use`.
void ForEachCsvRow(std::string_view text, const std::function<void(const CsvRow&)>& use);

[[nodiscard]] std::optional<std::int64_t> WholeNumber(std::string_view text);

// Whether the first row has exactly these names.
[[nodiscard]] bool CsvHeaderIs(std::string_view text, const std::vector<std::string_view>& names);
[[nodiscard]] bool HasFields(const CsvRow& row, const std::vector<std::string_view>& names);

}  // namespace switchyard
