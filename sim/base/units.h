// Physical quantities as types: adding seconds to bytes does not compile, bytes / (bytes/s) is
// seconds.
//
//   Seconds t = 100_GB / 50_GBps;   // 2 s
//
// A Quantity holds one double in SI base units (s, B, FLOP, J). Bytes are whole numbers far below
// 2^53, so their sums are exact. Decimal prefixes are powers of ten, binary ones (KiB, MiB, GiB)
// powers of two; bits have no type: they are converted to bytes where they are read.
#pragma once

#include <compare>

namespace switchyard {

template <int TimeExp, int ByteExp, int FlopExp, int EnergyExp>
struct Quantity {
  double value = 0.0;

  constexpr Quantity& operator+=(Quantity other) {
    value += other.value;
    return *this;
  }
  constexpr Quantity& operator-=(Quantity other) {
    value -= other.value;
    return *this;
  }
  friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.value + b.value}; }
  friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.value - b.value}; }
  friend constexpr Quantity operator-(Quantity a) { return {-a.value}; }
  friend constexpr Quantity operator*(Quantity a, double k) { return {a.value * k}; }
  friend constexpr Quantity operator*(double k, Quantity a) { return {a.value * k}; }
  friend constexpr Quantity operator/(Quantity a, double k) { return {a.value / k}; }
  friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
  friend constexpr auto operator<=>(Quantity a, Quantity b) = default;
};

template <int T1, int B1, int F1, int E1, int T2, int B2, int F2, int E2>
constexpr auto operator*(Quantity<T1, B1, F1, E1> a, Quantity<T2, B2, F2, E2> b) {
  return Quantity<T1 + T2, B1 + B2, F1 + F2, E1 + E2>{a.value * b.value};
}
template <int T1, int B1, int F1, int E1, int T2, int B2, int F2, int E2>
constexpr auto operator/(Quantity<T1, B1, F1, E1> a, Quantity<T2, B2, F2, E2> b) {
  return Quantity<T1 - T2, B1 - B2, F1 - F2, E1 - E2>{a.value / b.value};
}

using Seconds = Quantity<1, 0, 0, 0>;
using Bytes = Quantity<0, 1, 0, 0>;
using BytesPerSecond = Quantity<-1, 1, 0, 0>;
using Flops = Quantity<0, 0, 1, 0>;
using FlopsPerSecond = Quantity<-1, 0, 1, 0>;
using Joules = Quantity<0, 0, 0, 1>;
using Watts = Quantity<-1, 0, 0, 1>;

inline namespace literals {
constexpr Seconds operator""_s(long double v) { return {static_cast<double>(v)}; }
constexpr Seconds operator""_s(unsigned long long v) { return {static_cast<double>(v)}; }
constexpr Seconds operator""_ms(long double v) { return {static_cast<double>(v) * 1e-3}; }
constexpr Seconds operator""_ms(unsigned long long v) { return {static_cast<double>(v) * 1e-3}; }
constexpr Seconds operator""_us(long double v) { return {static_cast<double>(v) * 1e-6}; }
constexpr Seconds operator""_us(unsigned long long v) { return {static_cast<double>(v) * 1e-6}; }
constexpr Bytes operator""_B(unsigned long long v) { return {static_cast<double>(v)}; }
constexpr Bytes operator""_KB(unsigned long long v) { return {static_cast<double>(v) * 1e3}; }
constexpr Bytes operator""_MB(unsigned long long v) { return {static_cast<double>(v) * 1e6}; }
constexpr Bytes operator""_GB(unsigned long long v) { return {static_cast<double>(v) * 1e9}; }
constexpr Bytes operator""_KiB(unsigned long long v) { return {static_cast<double>(v) * 1024}; }
constexpr Bytes operator""_MiB(unsigned long long v) { return {static_cast<double>(v) * 1048576}; }
constexpr Bytes operator""_GiB(unsigned long long v) {
  return {static_cast<double>(v) * 1073741824};
}
constexpr BytesPerSecond operator""_GBps(unsigned long long v) {
  return {static_cast<double>(v) * 1e9};
}
constexpr BytesPerSecond operator""_GBps(long double v) { return {static_cast<double>(v) * 1e9}; }
constexpr FlopsPerSecond operator""_TFLOPs(unsigned long long v) {
  return {static_cast<double>(v) * 1e12};
}
constexpr Watts operator""_W(unsigned long long v) { return {static_cast<double>(v)}; }
}  // namespace literals

}  // namespace switchyard
