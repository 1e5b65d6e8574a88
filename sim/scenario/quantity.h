// Numbers with units as a scenario writes them, and back.
//
//   ParseQuantity("450 GB/s", pb::BYTES_PER_SECOND)   // 4.5e11
//   ParseQuantity("400 Gb/s", pb::BYTES_PER_SECOND)   // 5e10: bits
//   PrintQuantity(3.9e-6, pb::SECONDS)                // "3.9 us"
//
// Contract: the decimal number is scaled exactly before it is rounded once, so "3.9 us" is the
// double nearest to 3.9e-6, and ParseQuantity(PrintQuantity(x)) is x bit for bit. Prefixes and bits
// against bytes are case-sensitive; a number without its unit is an error, zero included.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"

namespace switchyard {

namespace pb {
enum Unit : int;
}

// True for units that are written after a number; false for NONE, RATIONAL and FILE_PATH.
[[nodiscard]] bool IsDimensioned(pb::Unit unit);

// The spellings allowed, smallest first: "B", "KB", ...; empty when not dimensioned.
[[nodiscard]] std::vector<std::string> UnitNames(pb::Unit unit);

// In SI base units. An error says what was found and what is allowed; it has no location.
[[nodiscard]] Result<double> ParseQuantity(std::string_view text, pb::Unit unit);
[[nodiscard]] std::string PrintQuantity(double value, pb::Unit unit);

// The same for plain numbers: digits, at most one point between digits, an optional exponent; no
// sign but '-', no nan, no inf.
[[nodiscard]] Result<double> ParseNumber(std::string_view text);
// The shortest digits that read back as `value`.
[[nodiscard]] std::string PrintNumber(double value);

}  // namespace switchyard
