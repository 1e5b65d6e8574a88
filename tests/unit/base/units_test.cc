#include "sim/base/units.h"

#include <gtest/gtest.h>

#include <type_traits>

namespace switchyard {
namespace {

// Dimensions are checked by the compiler; what must not compile is in tests/compile_fail.
static_assert(std::is_same_v<decltype(1_GB / 1_GBps), Seconds>);
static_assert(std::is_same_v<decltype(1_GBps * 1_s), Bytes>);
static_assert(std::is_same_v<decltype(Flops{} / 1_s), FlopsPerSecond>);
static_assert(std::is_same_v<decltype(1_W * 1_s), Joules>);
static_assert(std::is_same_v<decltype(1_s / 1_s), double>, "a ratio has no unit");
static_assert(sizeof(Seconds) == sizeof(double));

TEST(Units, DecimalPrefixesArePowersOfTenAndBinaryOnesOfTwo) {
  EXPECT_EQ((1_KB).value, 1e3);
  EXPECT_EQ((1_MB).value, 1e6);
  EXPECT_EQ((1_GB).value, 1e9);
  EXPECT_EQ((1_KiB).value, 1024.0);
  EXPECT_EQ((1_MiB).value, 1024.0 * 1024.0);
  EXPECT_EQ((1_GiB).value, 1024.0 * 1024.0 * 1024.0);
  EXPECT_EQ((450_GBps).value, 450e9);
  EXPECT_EQ((989_TFLOPs).value, 989e12);
  EXPECT_DOUBLE_EQ((3.9_us).value, 3.9e-6);
  EXPECT_DOUBLE_EQ((2_ms).value, 2e-3);
}

TEST(Units, BytesOverBandwidthIsTime) {
  EXPECT_EQ(100_GB / 50_GBps, 2_s);  // 100e9 B / 50e9 B/s
  EXPECT_EQ(50_GBps * 2_s, 100_GB);
  EXPECT_EQ((100_GB / 2_s).value, (50_GBps).value);
}

TEST(Units, KeepTheArithmeticOfNumbers) {
  Seconds total = 1_s;
  total += 500_ms;
  total -= 250_ms;
  EXPECT_EQ(total, 1.25_s);
  EXPECT_EQ(2.0 * 3_s, 6_s);
  EXPECT_EQ(3_s * 2.0, 6_s);
  EXPECT_EQ(6_s / 2.0, 3_s);
  EXPECT_EQ(-(3_s) + 3_s, 0_s);
  EXPECT_LT(999_MB, 1_GB);
  EXPECT_GT(1_GiB, 1_GB);
  EXPECT_EQ(Bytes{}.value, 0.0);
}

TEST(Units, SumsOfWholeBytesAreExact) {
  // 2^52 B is 4 PiB, and one byte more is still told apart.
  const Bytes large{0x1.0p52};
  EXPECT_EQ((large + 1_B) - large, 1_B);
}

}  // namespace
}  // namespace switchyard
