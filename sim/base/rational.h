// Exact non-negative fractions: a capacity factor of 1.1 is 11/10, not the double next to it, so
// that ceil(1.1 * 10) is 11 (frameworks that multiply in float or double differ from each other
// here).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

struct Rational {
  std::uint32_t numerator = 0;
  std::uint32_t denominator = 1;  // > 0, and gcd(numerator, denominator) = 1

  // Accepts "5/4", "1.25" and "2"; both parts must fit 32 bits after reduction, at most nine
  // decimals.
  [[nodiscard]] static std::optional<Rational> Parse(std::string_view text);
  [[nodiscard]] double ToDouble() const {
    return static_cast<double>(numerator) / static_cast<double>(denominator);
  }
  // "5/4", or "2" when whole.
  [[nodiscard]] std::string ToString() const;
  friend constexpr bool operator==(Rational a, Rational b) = default;
};

// ceil(r * a / b), exact; b > 0, and a below 2^63.
[[nodiscard]] std::uint64_t CeilMulDiv(Rational r, std::uint64_t a, std::uint64_t b);

}  // namespace switchyard
