// 16-bit floating-point formats as bits.
#pragma once

#include <bit>
#include <cstdint>

namespace switchyard {

// IEEE 754 binary16 to binary32, exact.
[[nodiscard]] constexpr float HalfToFloat(std::uint16_t bits) {
  constexpr float kSubnormalStep = 0x1.0p-24F;
  const std::uint32_t sign = (bits & 0x8000U) << 16;
  const std::uint32_t exponent = (bits >> 10) & 0x1fU;
  const std::uint32_t fraction = bits & 0x3ffU;
  if (exponent == 0) {  // zero and subnormals
    const float magnitude = static_cast<float>(fraction) * kSubnormalStep;
    return sign != 0 ? -magnitude : magnitude;
  }
  constexpr std::uint32_t kRebias = 127 - 15;
  const std::uint32_t wide = exponent == 0x1f ? 0xffU : exponent + kRebias;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

[[nodiscard]] constexpr float Bf16ToFloat(std::uint16_t bits) {
  return std::bit_cast<float>(std::uint32_t{bits} << 16);
}

// To nearest, ties to even; NaN stays NaN.
[[nodiscard]] constexpr std::uint16_t FloatToBf16(float value) {
  constexpr std::uint32_t kInfinity = 0x7f800000U;
  constexpr std::uint32_t kQuiet = 0x40U;
  const auto bits = std::bit_cast<std::uint32_t>(value);
  if ((bits & ~0x80000000U) > kInfinity) return static_cast<std::uint16_t>(bits >> 16 | kQuiet);
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

}  // namespace switchyard
