// A decimal number as text, so that scaling by powers of ten loses nothing.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace switchyard {

// -digits[.digits] with the exponent apart: "1.5e3" is {"1.5", 3}.
struct Decimal {
  std::string mantissa;
  int exponent = 0;

  // The number at the start of `text`, which is shortened by it; nullopt when there is none.
  [[nodiscard]] static std::optional<Decimal> Scan(std::string_view& text);
  // The double nearest to mantissa * 10^(exponent + shift); nullopt when it over- or underflows.
  [[nodiscard]] std::optional<double> Round(int shift) const;
};

// The shortest digits that read back as `value`, divided by 10^shift, without an exponent:
// ShiftedDigits(3.9e-6, -6) is "3.9". `value` is finite.
[[nodiscard]] std::string ShiftedDigits(double value, int shift);

}  // namespace switchyard
