#include "sim/scenario/quantity.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>

#include "scenarios/schema/rules.pb.h"
#include "sim/base/rng.h"

namespace switchyard {
namespace {

double Parsed(const char* text, pb::Unit unit) {
  const Result<double> value = ParseQuantity(text, unit);
  if (value.ok()) return value.value();
  ADD_FAILURE() << text << ": " << value.errors()[0].message;
  return -1.0;
}

std::string Error(const char* text, pb::Unit unit) {
  const Result<double> value = ParseQuantity(text, unit);
  return value.ok() ? "parsed as " + PrintNumber(value.value()) : value.errors()[0].message;
}

TEST(Quantity, PrefixesAreDecimalOrBinary) {
  EXPECT_EQ(Parsed("450 GB/s", pb::BYTES_PER_SECOND), 450e9);
  EXPECT_EQ(Parsed("80 GiB", pb::BYTES), 80.0 * 1024 * 1024 * 1024);
  EXPECT_EQ(Parsed("80GB", pb::BYTES), 80e9);  // the space is optional
  EXPECT_EQ(Parsed("989.5 TFLOP/s", pb::FLOPS_PER_SECOND), 989.5e12);
  EXPECT_EQ(Parsed("1.2 kW", pb::WATTS), 1200.0);
  EXPECT_EQ(Parsed("0 s", pb::SECONDS), 0.0);
  EXPECT_EQ(Parsed("1.3 pJ/bit", pb::JOULES_PER_BIT), 1.3e-12);
  EXPECT_EQ(Parsed("0.02 nJ/bit", pb::JOULES_PER_BIT), 20e-12);
  EXPECT_EQ(PrintQuantity(1.3e-12, pb::JOULES_PER_BIT), "1.3 pJ/bit");
  EXPECT_EQ(PrintQuantity(0.0, pb::JOULES_PER_BIT), "0 J/bit");
}

TEST(Quantity, BitsAreAnEighth) {
  EXPECT_EQ(Parsed("400 Gb/s", pb::BYTES_PER_SECOND), 400e9 / 8);
  EXPECT_EQ(Parsed("8 b/s", pb::BYTES_PER_SECOND), 1.0);
}

// 3.9 and 1e6 are rounded to doubles before 3.9 / 1e6 is; the literal is rounded once.
TEST(Quantity, IsRoundedOnce) {
  EXPECT_EQ(Parsed("3.9 us", pb::SECONDS), 3.9e-6);
  EXPECT_EQ(Parsed("0.9 us", pb::SECONDS), 0.0000009);
  EXPECT_EQ(Parsed("0.1e3 ns", pb::SECONDS), 1e-7);
}

TEST(Quantity, SaysWhatIsWrong) {
  EXPECT_EQ(Error("0", pb::WATTS), "'0' needs a unit; allowed: W, kW");
  EXPECT_EQ(Error("1.3 pj/bit", pb::JOULES_PER_BIT),
            "unknown unit 'pj/bit'; did you mean 'pJ/bit'? (case matters)");
  EXPECT_EQ(Error("5 gb/s", pb::BYTES_PER_SECOND),
            "unknown unit 'gb/s'; did you mean 'GB/s' or 'Gb/s'? (case matters)");
  EXPECT_EQ(Error("5 min", pb::SECONDS), "unknown unit 'min'; allowed: ns, us, ms, s");
  EXPECT_EQ(Error("fast", pb::SECONDS),
            "expected a number with a unit (ns, us, ms, s), got 'fast'");
  EXPECT_EQ(Error("0.5 B", pb::BYTES), "'0.5 B' is not a whole number of bytes below 2^53");
  EXPECT_EQ(Error("1e999 B", pb::BYTES), "'1e999 B' is out of range");
  EXPECT_EQ(Error("1e99999999999 s", pb::SECONDS), "'1e99999999999 s' is out of range");
  EXPECT_EQ(Error("1e-20 s", pb::SECONDS), "'1e-20 s' is not a plausible quantity");
  for (const char* text : {"", "+5 W", ".5 W", "5. W", "nan W", "inf W", "0x5 W", "5 W ", " 5 W",
                           "5 5 W", "5e W", "--5 W", "5W/s"}) {
    EXPECT_FALSE(ParseQuantity(text, pb::WATTS).ok()) << "'" << text << "'";
  }
}

TEST(Quantity, PrintsTheReadableUnit) {
  EXPECT_EQ(PrintQuantity(450e9, pb::BYTES_PER_SECOND), "450 GB/s");
  EXPECT_EQ(PrintQuantity(3.35e12, pb::BYTES_PER_SECOND), "3.35 TB/s");
  EXPECT_EQ(PrintQuantity(80.0 * (1 << 30), pb::BYTES), "80 GiB");
  EXPECT_EQ(PrintQuantity(80e9, pb::BYTES), "80 GB");
  EXPECT_EQ(PrintQuantity(16, pb::BYTES), "16 B");
  EXPECT_EQ(PrintQuantity(3.9e-6, pb::SECONDS), "3.9 us");
  EXPECT_EQ(PrintQuantity(1e-12, pb::SECONDS), "0.001 ns");
  EXPECT_EQ(PrintQuantity(0, pb::SECONDS), "0 s");
  EXPECT_EQ(PrintQuantity(700, pb::WATTS), "700 W");
  EXPECT_EQ(PrintQuantity(989.5e12, pb::FLOPS_PER_SECOND), "989.5 TFLOP/s");
}

// 10,000 doubles a unit, spread over 30 decades: what is printed reads back as the same bits.
TEST(Quantity, PrintedValuesReadBackBitForBit) {
  Rng rng(1, Stream("quantity_test"));
  for (const pb::Unit unit :
       {pb::BYTES, pb::BYTES_PER_SECOND, pb::SECONDS, pb::FLOPS_PER_SECOND, pb::WATTS}) {
    for (int i = 0; i < 10'000; ++i) {
      double value = std::pow(10.0, -14.0 + 30.0 * rng.Uniform());
      if (unit == pb::BYTES) value = std::floor(std::min(value, 9e15));
      const std::string text = PrintQuantity(value, unit);
      const Result<double> back = ParseQuantity(text, unit);
      ASSERT_TRUE(back.ok()) << text << ": " << back.errors()[0].message;
      ASSERT_EQ(std::bit_cast<std::uint64_t>(back.value()), std::bit_cast<std::uint64_t>(value))
          << text;
      ASSERT_EQ(PrintQuantity(back.value(), unit), text);
    }
  }
}

TEST(Number, ReadsBackBitForBit) {
  Rng rng(2, Stream("quantity_test"));
  for (int i = 0; i < 10'000; ++i) {
    const double value = std::pow(10.0, -300.0 + 600.0 * rng.Uniform());
    const Result<double> back = ParseNumber(PrintNumber(value));
    ASSERT_TRUE(back.ok()) << PrintNumber(value);
    ASSERT_EQ(back.value(), value);
  }
}

TEST(Number, IsStrict) {
  for (const char* text :
       {"", "1 ", " 1", "+1", ".5", "1.", "1e", "0x1", "nan", "inf", "1_000", "1,5", "1e400"}) {
    EXPECT_FALSE(ParseNumber(text).ok()) << "'" << text << "'";
  }
  EXPECT_EQ(ParseNumber("-1.5e-3").value(), -0.0015);
}

}  // namespace
}  // namespace switchyard
