// Keys sort as the rule says, and come back; Philox gives the published answers.
#include "kernels/core/ordered_key.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

#include "kernels/core/philox.h"
#include "kernels/core/score.h"

namespace switchyard::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(OrderedKey, SortsAsFloatsWithNanLast) {
  const std::array<float, 9> ascending = {-kInfinity, -3e38F, -1.0F, -1e-45F,  0.0F,
                                          1e-45F,     1.0F,   3e38F, kInfinity};
  EXPECT_LT(kExcludedKey, OrderedKey(kNan));
  EXPECT_LT(OrderedKey(kNan), OrderedKey(ascending.front()));
  for (std::size_t i = 1; i < ascending.size(); ++i) {
    EXPECT_LT(OrderedKey(ascending[i - 1]), OrderedKey(ascending[i])) << ascending[i];
  }
}

TEST(OrderedKey, ZerosAreEqualAndNansAreOne) {
  EXPECT_EQ(OrderedKey(-0.0F), OrderedKey(0.0F));
  EXPECT_EQ(OrderedKey(-kNan), kNanKey);
  EXPECT_EQ(OrderedKey(FloatOf(0x7F800001U)), kNanKey);  // signalling
  EXPECT_EQ(OrderedKey(FloatOf(0xFFFFFFFFU)), kNanKey);
}

// Each 65521st word, a prime: all exponents, both signs. The key of every number is above NaN's and
// gives the number back.
TEST(OrderedKey, ComesBack) {
  for (std::uint64_t word = 0; word <= 0xFFFFFFFFU; word += 65521) {
    const float x = FloatOf(static_cast<std::uint32_t>(word));
    if (std::isnan(x)) continue;
    ASSERT_GT(OrderedKey(x), kNanKey);
    ASSERT_EQ(FloatOfKey(OrderedKey(x)), x) << word;
    ASSERT_EQ(IsFiniteKey(OrderedKey(x)), std::isfinite(x)) << word;
  }
  EXPECT_TRUE(std::isnan(FloatOfKey(kNanKey)));
  EXPECT_TRUE(std::isnan(FloatOfKey(kExcludedKey)));
}

// TransformerEngine's tie order is a permutation that ExpertOfTieRank inverts, and it is additive
// in the bits of an expert: core/route_winners.h adds the rank of a lane and of a slot.
TEST(TieRank, InvertsAndAdds) {
  const TieRule naive = TieRule::kTransformerEngineNaive;
  for (std::uint32_t e = 0; e < kMaxExperts; ++e) {
    ASSERT_EQ(ExpertOfTieRank(naive, TieRank(naive, e)), e);
    constexpr std::uint32_t kLaneBits = 0x7CU;  // 4 lane
    ASSERT_EQ(TieRank(naive, e & kLaneBits) + TieRank(naive, e & ~kLaneBits), TieRank(naive, e));
  }
}

// Of 256 experts with equal keys in pairs, how often does not the lower one win? Counted from a
// replay of TransformerEngine's loop: 15,552 of the 32,640 pairs.
TEST(TieRank, OftenIsNotTheLowerExpert) {
  constexpr std::uint32_t kExperts = 256;
  const TieRule naive = TieRule::kTransformerEngineNaive;
  int pairs = 0;
  int higher_wins = 0;
  for (std::uint32_t a = 0; a < kExperts; ++a) {
    for (std::uint32_t b = a + 1; b < kExperts; ++b) {
      ++pairs;
      higher_wins += TieRank(naive, b) < TieRank(naive, a) ? 1 : 0;
    }
  }
  EXPECT_EQ(pairs, 32640);
  EXPECT_EQ(higher_wins, 15552);
  EXPECT_LT(TieRank(naive, 16), TieRank(naive, 8));
  EXPECT_LT(TieRank(naive, 2), TieRank(naive, 1));
  EXPECT_LT(TieRank(naive, 36), TieRank(naive, 5));
}

// Random123's known answers (kat_vectors, philox4x32 10).
TEST(Philox, KnownAnswers) {
  const Words4 zeros = Philox({0, 0, 0, 0}, 0);
  EXPECT_EQ(zeros.x, 0x6627E8D5U);
  EXPECT_EQ(zeros.y, 0xE169C58DU);
  EXPECT_EQ(zeros.z, 0xBC57AC4CU);
  EXPECT_EQ(zeros.w, 0x9B00DBD8U);
  constexpr std::uint32_t kOnes = 0xFFFFFFFFU;
  const Words4 ones = Philox({kOnes, kOnes, kOnes, kOnes}, ~std::uint64_t{0});
  EXPECT_EQ(ones.x, 0x408F276DU);
  EXPECT_EQ(ones.y, 0x41C83B0EU);
  EXPECT_EQ(ones.z, 0xA20BC7C6U);
  EXPECT_EQ(ones.w, 0x6D5451FDU);
}

// Every half-precision number: ldexp of its fields.
TEST(Logit, HalfPrecisionIsExact) {
  for (std::uint32_t bits = 0; bits <= 0xFFFFU; ++bits) {
    const int exponent = static_cast<int>(bits >> 10U & 31U);
    const auto fraction = static_cast<float>(bits & 1023U);
    const float sign = (bits & 0x8000U) != 0 ? -1.0F : 1.0F;
    const float got = LogitOf(Fp16{static_cast<std::uint16_t>(bits)});
    if (exponent == 31) {
      EXPECT_EQ(std::isnan(got), fraction > 0.0F);
      EXPECT_TRUE(std::isnan(got) || got == sign * kInfinity);
    } else {
      const float magnitude =
          exponent == 0 ? std::ldexp(fraction, -24) : std::ldexp(1024.0F + fraction, exponent - 25);
      ASSERT_EQ(got, sign * magnitude) << bits;
    }
  }
}

TEST(Logit, Bf16IsTheUpperHalfOfAFloat) {
  EXPECT_EQ(LogitOf(Bf16{0x3F80}), 1.0F);
  EXPECT_EQ(LogitOf(Bf16{0xC049}), -3.140625F);
  EXPECT_EQ(BitsOf(LogitOf(Bf16{0x8000})), 0U);  // -0 is read as +0
  EXPECT_TRUE(std::isnan(LogitOf(Bf16{0x7FC0})));
}

}  // namespace
}  // namespace switchyard::kernels
