#include "sim/base/rational.h"

#include <charconv>
#include <limits>
#include <numeric>

#include "sim/base/check.h"
#include "sim/base/int128.h"

namespace switchyard {
namespace {

std::optional<std::uint64_t> ParseDigits(std::string_view text) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (text.empty() || error != std::errc() || stop != end) return std::nullopt;
  return value;
}

std::optional<Rational> Reduce(std::uint64_t numerator, std::uint64_t denominator) {
  if (denominator == 0) return std::nullopt;
  const std::uint64_t divisor = std::gcd(numerator, denominator);
  numerator /= divisor;
  denominator /= divisor;
  constexpr std::uint64_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (numerator > kMax || denominator > kMax) return std::nullopt;
  return Rational{static_cast<std::uint32_t>(numerator), static_cast<std::uint32_t>(denominator)};
}

}  // namespace

std::optional<Rational> Rational::Parse(std::string_view text) {
  constexpr std::size_t kMaxDigits = 9;  // of each part: products stay below 2^63
  if (const auto slash = text.find('/'); slash != std::string_view::npos) {
    const auto a = ParseDigits(text.substr(0, slash));
    const auto b = ParseDigits(text.substr(slash + 1));
    return a && b ? Reduce(*a, *b) : std::nullopt;
  }
  const auto dot = text.find('.');
  const std::string_view whole = text.substr(0, dot);
  const std::string_view fraction =
      dot == std::string_view::npos ? std::string_view("0") : text.substr(dot + 1);
  if (whole.size() > kMaxDigits || fraction.size() > kMaxDigits) return std::nullopt;
  const auto a = ParseDigits(whole);
  const auto b = ParseDigits(fraction);
  if (!a || !b) return std::nullopt;
  std::uint64_t scale = 1;
  for (std::size_t i = 0; i < fraction.size(); ++i) scale *= 10;
  return Reduce(*a * scale + *b, scale);
}

std::string Rational::ToString() const {
  return denominator == 1 ? std::to_string(numerator)
                          : std::to_string(numerator) + "/" + std::to_string(denominator);
}

std::uint64_t CeilMulDiv(Rational r, std::uint64_t a, std::uint64_t b) {
  SWITCHYARD_CHECK(b > 0 && r.denominator > 0, "division by zero");
  const auto top = static_cast<Uint128>(r.numerator) * a;
  const auto bottom = static_cast<Uint128>(r.denominator) * b;
  return static_cast<std::uint64_t>((top + bottom - 1) / bottom);
}

}  // namespace switchyard
