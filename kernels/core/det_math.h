// Float functions with the same bits on every machine: made only of IEEE 754 operations in single
// precision, each rounded to nearest, subnormals kept. No library's exp or log: those differ.
//
//   float p = det::Div(det::Exp(det::Sub(z, max)), sum);
//
// On a GPU the operations are the rounded intrinsics, so that nothing is contracted or flushed; on
// the host they are the plain operators (compile with -ffp-contract=off) and std::fma, which the C
// standard asks to be exact whether or not the processor has such an instruction.
//
// Error against the exact value, over all of what float can hold (tests/unit/kernels/
// det_math_test.cc): Exp below 1 ulp, Sigmoid 2.5, Softplus 3. Exp and Sigmoid are monotone there.
#pragma once

#include <cmath>
#include <cstdint>

#include "kernels/core/ordered_key.h"

// The whole row loop has to be one function for the compiler to make vectors of it.
#define SWITCHYARD_KERNEL_INLINE SWITCHYARD_HOST_DEVICE __attribute__((always_inline)) inline

namespace switchyard::kernels::det {

#if defined(__CUDA_ARCH__)
SWITCHYARD_KERNEL_INLINE float Add(float a, float b) { return __fadd_rn(a, b); }
SWITCHYARD_KERNEL_INLINE float Sub(float a, float b) { return __fsub_rn(a, b); }
SWITCHYARD_KERNEL_INLINE float Mul(float a, float b) { return __fmul_rn(a, b); }
SWITCHYARD_KERNEL_INLINE float Div(float a, float b) { return __fdiv_rn(a, b); }
SWITCHYARD_KERNEL_INLINE float Fma(float a, float b, float c) { return __fmaf_rn(a, b, c); }
SWITCHYARD_KERNEL_INLINE float Sqrt(float a) { return __fsqrt_rn(a); }
#else
SWITCHYARD_KERNEL_INLINE float Add(float a, float b) { return a + b; }
SWITCHYARD_KERNEL_INLINE float Sub(float a, float b) { return a - b; }
SWITCHYARD_KERNEL_INLINE float Mul(float a, float b) { return a * b; }
SWITCHYARD_KERNEL_INLINE float Div(float a, float b) { return a / b; }
SWITCHYARD_KERNEL_INLINE float Fma(float a, float b, float c) { return __builtin_fmaf(a, b, c); }
SWITCHYARD_KERNEL_INLINE float Sqrt(float a) { return __builtin_sqrtf(a); }
#endif

inline constexpr std::uint32_t kMagnitude = 0x7FFFFFFFU;
inline constexpr std::uint32_t kInfinityBits = 0x7F800000U;

SWITCHYARD_KERNEL_INLINE bool IsNan(float x) { return (BitsOf(x) & kMagnitude) > kInfinityBits; }
SWITCHYARD_KERNEL_INLINE bool IsInfinite(float x) {
  return (BitsOf(x) & kMagnitude) == kInfinityBits;
}
SWITCHYARD_KERNEL_INLINE float Abs(float x) { return FloatOf(BitsOf(x) & kMagnitude); }
// The one NaN that is ever written: machines disagree about the bits of theirs.
SWITCHYARD_KERNEL_INLINE float Nan() { return FloatOf(0x7FC00000U); }
SWITCHYARD_KERNEL_INLINE float CanonicalNan(float x) { return IsNan(x) ? Nan() : x; }

// e^x. x = n ln 2 + f with |f| <= ln(2) / 2 in two steps (Cody and Waite), a polynomial of degree 6
// in f, then 2^n in two factors, so that results below the normal range are rounded once.
// Coefficients: N. Juffa's expf (NVIDIA developer forums; 0.866 ulp).
SWITCHYARD_KERNEL_INLINE float Exp(float x) {
  constexpr float kZeroBelow = -104.0F;     // e^-104 < 2^-150, half the least float
  constexpr float kInfiniteAbove = 104.0F;  // e^89 is already
  constexpr float kRound = 12582912.0F;     // 1.5 2^23: adding it rounds to an integer
  constexpr float kMinusLn2High = -6.93145752e-1F;
  constexpr float kMinusLn2Low = -1.42860677e-6F;
  x = x < kZeroBelow ? kZeroBelow : x;
  x = x > kInfiniteAbove ? kInfiniteAbove : x;
  const float shifted = Fma(1.44269504F, x, kRound);
  const float n = Sub(shifted, kRound);
  const std::uint32_t n_bits = BitsOf(shifted) - BitsOf(kRound);  // n in two's complement
  const float f = Fma(n, kMinusLn2Low, Fma(n, kMinusLn2High, x));
  float r = 1.37805939e-3F;
  r = Fma(r, f, 8.37312452e-3F);
  r = Fma(r, f, 4.16695364e-2F);
  r = Fma(r, f, 1.66664720e-1F);
  r = Fma(r, f, 4.99999851e-1F);
  r = Fma(r, f, 1.0F);
  r = Fma(r, f, 1.0F);
  // n > 0: 2^127 and 2^(n - 127); else 2^-123, still a normal result, and 2^(n + 123).
  const std::uint32_t low = n > 0.0F ? 0U : 0x83000000U;
  r = Mul(r, FloatOf(0x7F000000U + low));
  return Mul(r, FloatOf((n_bits << 23U) - low));
}

// Sigmoid and Softplus are both a quotient of e^-|x|: never an overflow, and small values keep
// their precision.
struct Quotient {
  float numerator;
  float denominator;
};

// 1 / (1 + e^-x) = e^x / (1 + e^x).
SWITCHYARD_KERNEL_INLINE Quotient SigmoidQuotient(float x, float exp_of_minus_abs) {
  return {x >= 0.0F ? 1.0F : exp_of_minus_abs, Add(1.0F, exp_of_minus_abs)};
}
SWITCHYARD_KERNEL_INLINE float Sigmoid(float x) {
  const Quotient q = SigmoidQuotient(x, Exp(-Abs(x)));
  return Div(q.numerator, q.denominator);
}

// ln(1 + e^x) = max(x, 0) + ln(1 + t), t = e^-|x|, and ln(1 + t) = 2 atanh(u), u = t / (2 + t): the
// series u + u^3/3 + …, its tail replaced by the polynomial through the Chebyshev nodes of u^2 in
// [0, 1/9] (error 1e-9).
SWITCHYARD_KERNEL_INLINE Quotient SoftplusQuotient(float exp_of_minus_abs) {
  return {exp_of_minus_abs, Add(2.0F, exp_of_minus_abs)};
}
SWITCHYARD_KERNEL_INLINE float SoftplusFrom(float x, float u) {
  const float s = Mul(u, u);
  float q = 0.116121642F;
  q = Fma(q, s, 0.108532883F);
  q = Fma(q, s, 0.142961785F);
  q = Fma(q, s, 0.199998528F);
  q = Fma(q, s, 0.333333343F);
  const float twice = Add(u, u);
  return Add(x > 0.0F ? x : 0.0F, Fma(twice, Mul(s, q), twice));
}
SWITCHYARD_KERNEL_INLINE float Softplus(float x) {
  const Quotient q = SoftplusQuotient(Exp(-Abs(x)));
  return SoftplusFrom(x, Div(q.numerator, q.denominator));
}

}  // namespace switchyard::kernels::det
