#include "sim/base/rational.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "sim/base/check.h"

namespace switchyard {
namespace {

TEST(Rational, ParsesFractionsDecimalsAndWholeNumbersInLowestTerms) {
  EXPECT_EQ(Rational::Parse("5/4"), (Rational{5, 4}));
  EXPECT_EQ(Rational::Parse("1.25"), (Rational{5, 4}));
  EXPECT_EQ(Rational::Parse("10/8"), (Rational{5, 4}));
  EXPECT_EQ(Rational::Parse("1.1"), (Rational{11, 10}));
  EXPECT_EQ(Rational::Parse("2"), (Rational{2, 1}));
  EXPECT_EQ(Rational::Parse("2.000"), (Rational{2, 1}));
  EXPECT_EQ(Rational::Parse("0"), (Rational{0, 1}));
  EXPECT_EQ(Rational::Parse("0.000000001"), (Rational{1, 1000000000}));
}

TEST(Rational, RejectsWhatIsNotANonNegativeFraction) {
  for (const char* text :
       {"",      " ",   "-1",   "+1",    "1.", ".5", "1/0", "0/0", "1/",  "/2", "1/2/3",
        "1.2/3", "1e3", "0x10", "1.1.1", "1 ", " 1", "nan", "inf", "1,1", "１"}) {
    EXPECT_EQ(Rational::Parse(text), std::nullopt) << "'" << text << "'";
  }
}

TEST(Rational, RejectsWhatDoesNotFit) {
  EXPECT_EQ(Rational::Parse("4294967295/1"), (Rational{4294967295U, 1}));
  EXPECT_EQ(Rational::Parse("4294967296"), std::nullopt) << "2^32, and ten digits";
  EXPECT_EQ(Rational::Parse("4294967296/1"), std::nullopt);
  EXPECT_EQ(Rational::Parse("8589934592/4294967296"), (Rational{2, 1})) << "fits once reduced";
  EXPECT_EQ(Rational::Parse("99999999999999999999/1"), std::nullopt) << "beyond 64 bits";
  EXPECT_EQ(Rational::Parse("1.0000000001"), std::nullopt) << "ten decimals";
  EXPECT_EQ(Rational::Parse("999999999.999999999"), std::nullopt);
}

TEST(Rational, PrintsWhatParseReads) {
  for (const char* text : {"5/4", "2", "11/10", "0"}) {
    EXPECT_EQ(Rational::Parse(text)->ToString(), text);
  }
  EXPECT_DOUBLE_EQ((Rational{5, 4}).ToDouble(), 1.25);
}

// A capacity is ceil(factor * tokens * top_k / experts). In binary floating point the product often
// lies just above the whole number that it is meant to be, and the capacity comes out one too
// large.
TEST(CeilMulDiv, IsExactWhereDoublesAreNot) {
  const Rational factor = Rational::Parse("1.1").value();
  int doubles_wrong = 0;
  for (std::uint64_t tokens = 1; tokens <= 1000; ++tokens) {
    const std::uint64_t exact = (11 * tokens + 9) / 10;  // ceil(11 t / 10) in whole numbers
    EXPECT_EQ(CeilMulDiv(factor, tokens, 1), exact) << "1.1 * " << tokens;
    const auto in_double = static_cast<std::uint64_t>(std::ceil(1.1 * static_cast<double>(tokens)));
    if (in_double != exact) ++doubles_wrong;
  }
  EXPECT_GT(doubles_wrong, 0) << "else the exact arithmetic would be pointless";
  EXPECT_EQ(CeilMulDiv(factor, 10, 1), 11U);
  EXPECT_EQ(CeilMulDiv(factor, 50, 1), 55U) << "the double 1.1 * 50 is 55.00000000000001";
}

TEST(CeilMulDiv, RoundsUpOnlyWhatIsLeft) {
  EXPECT_EQ(CeilMulDiv({5, 4}, 8, 2), 5U);  // 1.25 * 8 / 2 = 5
  EXPECT_EQ(CeilMulDiv({5, 4}, 9, 2), 6U);  // 5.625
  EXPECT_EQ(CeilMulDiv({0, 1}, 9, 2), 0U);
  EXPECT_EQ(CeilMulDiv({1, 3}, 0, 7), 0U);
}

TEST(CeilMulDiv, HoldsProductsBeyond64Bits) {
  constexpr std::uint64_t kLarge = (std::uint64_t{1} << 63) - 1;
  constexpr std::uint32_t kMax = std::numeric_limits<std::uint32_t>::max();
  // (2^32 - 1) / 1 * (2^63 - 1) / (2^63 - 1): the product has 95 bits.
  EXPECT_EQ(CeilMulDiv({kMax, 1}, kLarge, kLarge), kMax);
  EXPECT_EQ(CeilMulDiv({1, kMax}, kLarge, 1), kLarge / kMax + 1);
  EXPECT_THROW((void)CeilMulDiv({1, 2}, 3, 0), InternalError);
}

}  // namespace
}  // namespace switchyard
