#include "sim/scenario/quantity.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>

#include "scenarios/schema/rules.pb.h"
#include "sim/scenario/decimal.h"

namespace switchyard {
namespace {

// One unit is 10^exp10 * 2^exp2 base units.
struct UnitSpelling {
  std::string_view name;
  int exp10 = 0;
  int exp2 = 0;
};

constexpr int kBitsToBytes = -3;  // 8 bits a byte

constexpr std::array kByteUnits = {
    UnitSpelling{"B", 0, 0},    UnitSpelling{"KB", 3, 0},   UnitSpelling{"MB", 6, 0},
    UnitSpelling{"GB", 9, 0},   UnitSpelling{"TB", 12, 0},  UnitSpelling{"KiB", 0, 10},
    UnitSpelling{"MiB", 0, 20}, UnitSpelling{"GiB", 0, 30}, UnitSpelling{"TiB", 0, 40}};
constexpr std::array kBandwidthUnits = {UnitSpelling{"B/s", 0, 0},
                                        UnitSpelling{"KB/s", 3, 0},
                                        UnitSpelling{"MB/s", 6, 0},
                                        UnitSpelling{"GB/s", 9, 0},
                                        UnitSpelling{"TB/s", 12, 0},
                                        UnitSpelling{"KiB/s", 0, 10},
                                        UnitSpelling{"MiB/s", 0, 20},
                                        UnitSpelling{"GiB/s", 0, 30},
                                        UnitSpelling{"TiB/s", 0, 40},
                                        UnitSpelling{"b/s", 0, kBitsToBytes},
                                        UnitSpelling{"Kb/s", 3, kBitsToBytes},
                                        UnitSpelling{"Mb/s", 6, kBitsToBytes},
                                        UnitSpelling{"Gb/s", 9, kBitsToBytes},
                                        UnitSpelling{"Tb/s", 12, kBitsToBytes}};
constexpr std::array kTimeUnits = {UnitSpelling{"ns", -9, 0}, UnitSpelling{"us", -6, 0},
                                   UnitSpelling{"ms", -3, 0}, UnitSpelling{"s", 0, 0}};
constexpr std::array kFlopsUnits = {UnitSpelling{"FLOP/s", 0, 0}, UnitSpelling{"GFLOP/s", 9, 0},
                                    UnitSpelling{"TFLOP/s", 12, 0}, UnitSpelling{"PFLOP/s", 15, 0}};
constexpr std::array kPowerUnits = {UnitSpelling{"W", 0, 0}, UnitSpelling{"kW", 3, 0}};
constexpr std::array kBitEnergyUnits = {UnitSpelling{"pJ/bit", -12, 0},
                                        UnitSpelling{"nJ/bit", -9, 0}, UnitSpelling{"J/bit", 0, 0}};

std::span<const UnitSpelling> Spellings(pb::Unit unit) {
  switch (unit) {
    case pb::BYTES:
      return kByteUnits;
    case pb::BYTES_PER_SECOND:
      return kBandwidthUnits;
    case pb::SECONDS:
      return kTimeUnits;
    case pb::FLOPS_PER_SECOND:
      return kFlopsUnits;
    case pb::WATTS:
      return kPowerUnits;
    case pb::JOULES_PER_BIT:
      return kBitEnergyUnits;
    case pb::NONE:
    case pb::RATIONAL:
    case pb::FILE_PATH:
      break;
  }
  return {};
}

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  if (a.size() != b.size()) return false;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (lower(a[i]) != lower(b[i])) return false;
  }
  return true;
}

std::string AllowedUnits(pb::Unit unit) {
  std::string out;
  for (const UnitSpelling& spelling : Spellings(unit)) {
    out += (out.empty() ? "" : ", ") + std::string(spelling.name);
  }
  return out;
}

std::string UnknownUnit(std::string_view found, pb::Unit unit) {
  std::string meant;
  for (const UnitSpelling& spelling : Spellings(unit)) {
    if (!EqualIgnoringCase(found, spelling.name)) continue;
    meant += (meant.empty() ? "'" : " or '") + std::string(spelling.name) + "'";
  }
  const std::string start = "unknown unit '" + std::string(found) + "'; ";
  return meant.empty() ? start + "allowed: " + AllowedUnits(unit)
                       : start + "did you mean " + meant + "? (case matters)";
}

// Beyond these a figure is a slip, and quotients of two such figures would leave a double's range.
constexpr double kSmallest = 1e-15;
constexpr double kLargest = 1e24;
constexpr double kLargestWhole = 9007199254740992.0;  // 2^53: whole numbers are exact up to here

Result<double> CheckMagnitude(double value, std::string_view text, pb::Unit unit) {
  const double size = std::abs(value);
  if (unit == pb::BYTES && (value != std::floor(value) || size > kLargestWhole)) {
    return Problem("'" + std::string(text) + "' is not a whole number of bytes below 2^53");
  }
  if (value != 0.0 && (size < kSmallest || size > kLargest)) {
    return Problem("'" + std::string(text) + "' is not a plausible quantity");
  }
  return value;
}

}  // namespace

bool IsDimensioned(pb::Unit unit) { return !Spellings(unit).empty(); }

std::vector<std::string> UnitNames(pb::Unit unit) {
  std::vector<std::string> names;
  for (const UnitSpelling& spelling : Spellings(unit)) names.emplace_back(spelling.name);
  return names;
}

Result<double> ParseQuantity(std::string_view text, pb::Unit unit) {
  std::string_view rest = text;
  const std::optional<Decimal> decimal = Decimal::Scan(rest);
  if (!decimal) {
    return Problem("expected a number with a unit (" + AllowedUnits(unit) + "), got '" +
                   std::string(text) + "'");
  }
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  if (rest.empty()) {
    return Problem("'" + std::string(text) + "' needs a unit; allowed: " + AllowedUnits(unit));
  }
  for (const UnitSpelling& spelling : Spellings(unit)) {
    if (spelling.name != rest) continue;
    const std::optional<double> value = decimal->Round(spelling.exp10);
    if (!value) return Problem("'" + std::string(text) + "' is out of range");
    return CheckMagnitude(std::ldexp(*value, spelling.exp2), text, unit);
  }
  return Problem(UnknownUnit(rest, unit));
}

std::string PrintQuantity(double value, pb::Unit unit) {
  const std::span<const UnitSpelling> spellings = Spellings(unit);
  const UnitSpelling* decimal = nullptr;  // the largest unit that the value reaches
  const UnitSpelling* smallest = nullptr;
  const UnitSpelling* base = nullptr;
  for (const UnitSpelling& s : spellings) {
    if (s.exp2 != 0) continue;
    if (smallest == nullptr) smallest = &s;
    if (s.exp10 == 0) base = &s;
    if (std::abs(value) >= std::pow(10.0, s.exp10)) decimal = &s;
  }
  if (decimal == nullptr) decimal = value == 0.0 ? base : smallest;
  std::string best = ShiftedDigits(value, decimal->exp10) + " " + std::string(decimal->name);
  if (unit != pb::BYTES) return best;
  for (const UnitSpelling& s : spellings) {  // "80 GiB" says more than "85.89934592 GB"
    if (s.exp2 == 0 || std::abs(value) < std::ldexp(1.0, s.exp2)) continue;
    const std::string text =
        ShiftedDigits(std::ldexp(value, -s.exp2), 0) + " " + std::string(s.name);
    if (text.size() < best.size()) best = text;
  }
  return best;
}

Result<double> ParseNumber(std::string_view text) {
  std::string_view rest = text;
  const std::optional<Decimal> decimal = Decimal::Scan(rest);
  if (!decimal || !rest.empty()) return Problem("not a number");
  const std::optional<double> value = decimal->Round(0);
  if (!value) return Problem("out of range");
  return *value;
}

std::string PrintNumber(double value) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), end.ptr};
}

}  // namespace switchyard
