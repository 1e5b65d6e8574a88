// Numbers for people: scaled units with four significant digits, and rounding that keeps sums.
//
//   FormatSeconds(0.041235)   "41.24 ms"
//   FormatBytes(1.5e9)        "1.500 GB"   (decimal prefixes)
//   FormatCount(1234567)      "1.235 M"
//
// Pure functions; the text report uses them, files for programs (JSON, CSV) do not.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace switchyard {

[[nodiscard]] std::string FormatSeconds(double seconds);
[[nodiscard]] std::string FormatBytes(double bytes);
[[nodiscard]] std::string FormatCount(double count);
// A share of one with one decimal: "30.1 %".
[[nodiscard]] std::string FormatPercent(double share);

// The unit that a column of times up to `largest` is printed in.
struct TimeUnit {
  std::string_view name;
  double seconds = 1.0;
};
[[nodiscard]] TimeUnit ChooseTimeUnit(double largest_seconds);

// Rounds each part to a multiple of `quantum` so that the results add up to the rounded sum of the
// parts: floors first, then one more for the largest remainders (Hamilton's method). Counts of
// quanta; each is within one of part / quantum. Parts must be finite.
[[nodiscard]] std::vector<std::int64_t> RoundKeepingSum(const std::vector<double>& parts,
                                                        double quantum);

// Columns that UTF-8 text takes on a terminal, one for each code point.
[[nodiscard]] std::size_t DisplayWidth(std::string_view text);
// One line of at most `width` columns: control characters become '?', what does not fit "...".
[[nodiscard]] std::string ClipLine(std::string_view text, std::size_t width);

}  // namespace switchyard
