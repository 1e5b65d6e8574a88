#include "sim/scenario/decimal.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace switchyard {
namespace {

std::size_t CountDigits(std::string_view text) {
  const auto end =
      std::find_if(text.begin(), text.end(), [](char c) { return c < '0' || c > '9'; });
  return static_cast<std::size_t>(end - text.begin());
}

// "e-3" at the start of `text`, which is shortened by it. Exponents far outside a double's range
// are cut off there: they over- or underflow all the same.
int ScanExponent(std::string_view& text) {
  constexpr int kFar = 9999;
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  std::string_view rest = text.substr(1);
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const std::size_t digits = CountDigits(rest);
  if (digits == 0) return 0;  // the 'e' begins something else
  int value = 0;
  const auto parsed = std::from_chars(rest.data(), rest.data() + digits, value);
  if (parsed.ec != std::errc()) value = kFar;
  text = rest.substr(digits);
  value = std::min(value, kFar);
  return negative ? -value : value;
}

}  // namespace

std::optional<Decimal> Decimal::Scan(std::string_view& text) {
  const std::size_t sign = text.starts_with('-') ? 1 : 0;
  const std::size_t whole = CountDigits(text.substr(sign));
  if (whole == 0) return std::nullopt;
  std::size_t length = sign + whole;
  if (length < text.size() && text[length] == '.') {
    const std::size_t fraction = CountDigits(text.substr(length + 1));
    if (fraction == 0) return std::nullopt;
    length += 1 + fraction;
  }
  Decimal decimal;
  decimal.mantissa = std::string(text.substr(0, length));
  text.remove_prefix(length);
  decimal.exponent = ScanExponent(text);
  return decimal;
}

std::optional<double> Decimal::Round(int shift) const {
  const std::string text = mantissa + "e" + std::to_string(exponent + shift);
  double value = 0.0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::string ShiftedDigits(double value, int shift) {
  std::array<char, 64> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                 std::chars_format::scientific);
  std::string_view text(buffer.data(), static_cast<std::size_t>(end.ptr - buffer.data()));
  const Decimal decimal = *Decimal::Scan(text);
  std::string digits;
  for (const char c : decimal.mantissa) {
    if (c != '.') digits += c;
  }
  // The point stands after `point` digits.
  const int point = value == 0.0 ? 1 : decimal.exponent - shift + 1;
  const int count = static_cast<int>(digits.size());
  if (point <= 0) {
    digits = "0." + std::string(static_cast<std::size_t>(-point), '0') + digits;
  } else if (point >= count) {
    digits += std::string(static_cast<std::size_t>(point - count), '0');
  } else {
    digits.insert(static_cast<std::size_t>(point), ".");
  }
  return (std::signbit(value) ? "-" : "") + digits;
}

}  // namespace switchyard
