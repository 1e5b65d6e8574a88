// The float functions of core/det_math.h against long double, over dense sweeps of their range.
#include "kernels/core/det_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "tests/unit/kernels/route_cases.h"

namespace switchyard::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// How many floats' distances lie between `got` and the exact value. Below the normal range the
// distance is the least float, 2^-149.
double Ulps(float got, long double exact) {
  int exponent = 0;
  std::frexp(static_cast<double>(exact), &exponent);
  const int least = std::numeric_limits<float>::min_exponent;
  const int at = exponent < least ? least : exponent;
  return static_cast<double>(std::fabs(got - exact) /
                             std::ldexp(1.0L, at - std::numeric_limits<float>::digits));
}

template <class F, class Exact>
double WorstUlps(float from, float to, float step, F f, Exact exact) {
  double worst = 0;
  for (float x = from; x < to; x += step) {
    const double ulps = Ulps(f(x), exact(static_cast<long double>(x)));
    worst = ulps > worst ? ulps : worst;
  }
  return worst;
}

long double ExactSigmoid(long double x) { return 1.0L / (1.0L + std::exp(-x)); }
long double ExactSoftplus(long double x) { return std::log1p(std::exp(x)); }

// Below 1 ulp is what the polynomial was made for (0.866, N. Juffa).
TEST(DetMath, ExpIsWithinOneUlp) {
  const auto exact = [](long double x) { return std::exp(x); };
  EXPECT_LT(WorstUlps(-87.0F, 88.7F, 0.00037F, det::Exp, exact), 1.0);
  EXPECT_LT(WorstUlps(-0.4F, 0.4F, 1.3e-6F, det::Exp, exact), 1.0);
  EXPECT_LT(WorstUlps(-103.9F, -87.0F, 0.0001F, det::Exp, exact), 1.0);  // subnormal results
}

TEST(DetMath, ExpAtTheEnds) {
  EXPECT_EQ(det::Exp(0.0F), 1.0F);
  EXPECT_EQ(det::Exp(-0.0F), 1.0F);
  EXPECT_EQ(det::Exp(-kInfinity), 0.0F);
  EXPECT_EQ(det::Exp(kInfinity), kInfinity);
  EXPECT_EQ(det::Exp(88.8F), kInfinity);    // ln(FLT_MAX) = 88.72
  EXPECT_EQ(det::Exp(-104.0F), 0.0F);       // ln(2^-150) = -103.97
  EXPECT_EQ(det::Exp(-103.5F), 0x1p-149F);  // nearer to the least float than to 0
  EXPECT_TRUE(std::isnan(det::Exp(std::numeric_limits<float>::quiet_NaN())));
}

// Errors add up: 1 of the exponential, 1/2 each of the sum and the quotient, of values near 1.
TEST(DetMath, SigmoidIsWithinTwoAndAHalfUlps) {
  EXPECT_LT(WorstUlps(-87.0F, 20.0F, 0.0003F, det::Sigmoid, ExactSigmoid), 2.5);
  EXPECT_EQ(det::Sigmoid(0.0F), 0.5F);
  EXPECT_EQ(det::Sigmoid(-kInfinity), 0.0F);
  EXPECT_EQ(det::Sigmoid(kInfinity), 1.0F);
}

// Selection on scores must not turn two logits round.
TEST(DetMath, ExpAndSigmoidAreMonotone) {
  float exp_before = 0.0F;
  float sigmoid_before = 0.0F;
  for (float x = -20.0F; x < 20.0F; x += 2e-5F) {
    ASSERT_GE(det::Exp(x), exp_before) << x;
    ASSERT_GE(det::Sigmoid(x), sigmoid_before) << x;
    exp_before = det::Exp(x);
    sigmoid_before = det::Sigmoid(x);
  }
}

TEST(DetMath, SoftplusIsWithinThreeUlps) {
  EXPECT_LT(WorstUlps(-87.0F, 30.0F, 0.0003F, det::Softplus, ExactSoftplus), 3.0);
  EXPECT_EQ(det::Softplus(-kInfinity), 0.0F);
  EXPECT_EQ(det::Softplus(kInfinity), kInfinity);
}

// What the host's std::fma promises, and a GPU's: rounded once. In double a product of floats is
// exact; the sum is rounded to odd (Boldo and Melquiond, IEEE Trans. Computers 57, 2008), so that
// rounding it again to float is as if there had been one rounding.
float FmaInDouble(float a, float b, float c) {
  const double product = static_cast<double>(a) * b;
  const double sum = product + c;
  const double b_part = sum - product;
  const double error = (product - (sum - b_part)) + (c - b_part);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &sum, sizeof bits);
  if (error != 0.0 && (bits & 1U) == 0) bits += (error > 0.0) == (sum > 0.0) ? 1 : -1ULL;
  double odd = 0;
  std::memcpy(&odd, &bits, sizeof odd);
  return static_cast<float>(odd);
}

TEST(DetMath, FmaIsRoundedOnce) {
  Draws draws(1);
  for (int i = 0; i < 300000; ++i) {
    const float a = draws.Normal();
    const float b = draws.Normal();
    const float c = draws.OneIn(2) ? draws.Normal() : -a * b;  // much cancels
    ASSERT_EQ(BitsOf(det::Fma(a, b, c)), BitsOf(FmaInDouble(a, b, c))) << a << " " << b << " " << c;
  }
}

}  // namespace
}  // namespace switchyard::kernels
