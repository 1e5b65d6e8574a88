#include "sim/base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <set>
#include <vector>

namespace switchyard {
namespace {

// The authors' reference code (prng.di.unimi.it/xoshiro256plusplus.c), in their notation.
struct ReferenceXoshiro {
  std::array<std::uint64_t, 4> s;

  static std::uint64_t Rotl(std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); }
  std::uint64_t Next() {
    const std::uint64_t result = Rotl(s[0] + s[3], 23) + s[0];
    const std::uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = Rotl(s[3], 45);
    return result;
  }
};

TEST(Rng, Mix64IsSplitmix64) {
  // The first outputs for the seed 1234567, as published with the algorithm
  // (rosettacode.org/wiki/Pseudo-random_numbers/Splitmix64); its state grows by this constant.
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15ULL;
  constexpr std::array<std::uint64_t, 5> kPublished = {
      6457827717110365317ULL, 3203168211198807973ULL, 9817491932198370423ULL,
      4593380528125082431ULL, 16408922859458223821ULL};
  for (std::size_t i = 0; i < kPublished.size(); ++i) {
    EXPECT_EQ(Mix64(1234567 + i * kGolden), kPublished[i]) << "output " << i;
  }
}

TEST(Rng, NextIsXoshiro256PlusPlus) {
  // First the reference itself: from the state 1, 2, 3, 4 the first result is
  // rotl(1 + 4, 23) + 1 = 5 * 2^23 + 1; the others are those that the Rust crate rand_xoshiro
  // tests.
  ReferenceXoshiro published{{1, 2, 3, 4}};
  for (const std::uint64_t expected :
       {41943041ULL, 58720359ULL, 3588806011781223ULL, 3591011842654386ULL}) {
    EXPECT_EQ(published.Next(), expected);
  }
  // Then Rng against the reference, from the state that the seeding rule gives.
  constexpr std::uint64_t kSeed = 42;
  constexpr std::uint64_t kStream = Stream("router");
  constexpr std::uint64_t kSubstream = 7;
  ReferenceXoshiro reference{};
  std::uint64_t x = Mix64(Mix64(Mix64(kSeed) ^ kStream) ^ kSubstream);
  for (std::uint64_t& s : reference.s) s = x = Mix64(x);
  Rng rng(kSeed, kStream, kSubstream);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(rng.Next(), reference.Next()) << "number " << i;
}

TEST(Rng, StreamIsFnv1a) {
  // Test vectors of the FNV authors (isthe.com/chongo/tech/comp/fnv).
  EXPECT_EQ(Stream(""), 0xcbf29ce484222325ULL);
  EXPECT_EQ(Stream("a"), 0xaf63dc4c8601ec8cULL);
  EXPECT_EQ(Stream("foobar"), 0x85944171f73967e8ULL);
}

TEST(Rng, EverySeedStreamAndSubstreamStartsElsewhere) {
  std::set<std::uint64_t> firsts;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    for (std::uint64_t stream = 0; stream < 20; ++stream) {
      for (std::uint64_t sub = 0; sub < 20; ++sub) firsts.insert(Rng(seed, stream, sub).Next());
    }
  }
  EXPECT_EQ(firsts.size(), 20U * 20U * 20U);
}

TEST(Rng, BelowIsUniform) {
  constexpr std::size_t kCells = 64;
  constexpr int kDraws = 640000;
  std::array<int, kCells> counts{};
  Rng rng(1, Stream("chi-square"));
  for (int i = 0; i < kDraws; ++i) ++counts.at(rng.Below(kCells));
  constexpr double kExpected = static_cast<double>(kDraws) / kCells;
  double chi_square = 0.0;
  for (const int count : counts) {
    chi_square += (count - kExpected) * (count - kExpected) / kExpected;
  }
  // 63 degrees of freedom: mean 63, deviation sqrt(2 * 63) = 11.2; four of them either side, since
  // numbers that are too even are as wrong as uneven ones.
  EXPECT_NEAR(chi_square, 63.0, 4 * 11.2);
}

TEST(Rng, BelowOneIsZeroAndBelowStaysBelow) {
  Rng rng(3);
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(rng.Below(1), 0U);
    EXPECT_LT(rng.Below(3), 3U);
  }
}

TEST(Rng, UniformNeverReachesItsEnds) {
  // What the formula makes of the smallest and the largest 52 bits.
  constexpr double kSmallest = 0.5 * 0x1.0p-52;
  constexpr double kLargest = (static_cast<double>((1ULL << 52) - 1) + 0.5) * 0x1.0p-52;
  static_assert(kSmallest > 0.0);
  static_assert(kLargest < 1.0);
  Rng rng(4);
  for (int i = 0; i < 100000; ++i) {
    const double u = rng.Uniform();
    ASSERT_GE(u, kSmallest);
    ASSERT_LE(u, kLargest);
  }
}

struct Moments {
  double mean;
  double variance;
};

template <class Draw>
Moments MomentsOf(int n, Draw draw) {
  double sum = 0.0;
  double sum_of_squares = 0.0;
  for (int i = 0; i < n; ++i) {
    const double x = draw();
    sum += x;
    sum_of_squares += x * x;
  }
  const double mean = sum / n;
  return {mean, sum_of_squares / n - mean * mean};
}

constexpr int kSamples = 400000;

// The mean of n samples has the deviation sqrt(variance / n); each bound below is five of them. The
// variance of n samples has the deviation variance * sqrt((kurtosis - 1) / n).
TEST(Rng, UniformHasItsMoments) {
  Rng rng(5);
  const Moments m = MomentsOf(kSamples, [&rng] { return rng.Uniform(); });
  const double variance = 1.0 / 12.0;
  EXPECT_NEAR(m.mean, 0.5, 5 * std::sqrt(variance / kSamples));
  EXPECT_NEAR(m.variance, variance, 5 * variance * std::sqrt((1.8 - 1) / kSamples));
}

TEST(Rng, NormalHasItsMoments) {
  Rng rng(6);
  const Moments m = MomentsOf(kSamples, [&rng] { return rng.Normal(); });
  EXPECT_NEAR(m.mean, 0.0, 5 * std::sqrt(1.0 / kSamples));
  EXPECT_NEAR(m.variance, 1.0, 5 * std::sqrt((3.0 - 1) / kSamples));
}

TEST(Rng, NormalPairsAreIndependent) {
  // Box-Muller makes numbers in pairs: their correlation must vanish.
  Rng rng(7);
  double sum = 0.0;
  for (int i = 0; i < kSamples; ++i) {
    const double first = rng.Normal();
    sum += first * rng.Normal();
  }
  EXPECT_NEAR(sum / kSamples, 0.0, 5 * std::sqrt(1.0 / kSamples));
}

TEST(Rng, GumbelHasItsMoments) {
  // Mean: the Euler-Mascheroni constant; variance pi^2 / 6; kurtosis 3 + 12 / 5.
  constexpr double kEulerGamma = 0.57721566490153286;
  const double variance = std::acos(-1.0) * std::acos(-1.0) / 6.0;
  Rng rng(8);
  const Moments m = MomentsOf(kSamples, [&rng] { return rng.Gumbel(); });
  EXPECT_NEAR(m.mean, kEulerGamma, 5 * std::sqrt(variance / kSamples));
  EXPECT_NEAR(m.variance, variance, 5 * variance * std::sqrt((5.4 - 1) / kSamples));
}

TEST(Rng, GumbelMaxSamplesTheSoftmax) {
  const std::array<double, 4> logits = {0.0, 1.0, 2.0, -1.0};
  double total = 0.0;
  for (const double logit : logits) total += std::exp(logit);
  std::array<int, 4> wins{};
  Rng rng(9);
  for (int i = 0; i < kSamples; ++i) {
    std::array<double, 4> keys{};
    for (std::size_t k = 0; k < keys.size(); ++k) keys[k] = logits[k] + rng.Gumbel();
    ++wins.at(static_cast<std::size_t>(std::max_element(keys.begin(), keys.end()) - keys.begin()));
  }
  for (std::size_t k = 0; k < wins.size(); ++k) {
    const double p = std::exp(logits[k]) / total;
    EXPECT_NEAR(static_cast<double>(wins[k]) / kSamples, p, 5 * std::sqrt(p * (1 - p) / kSamples))
        << "logit " << k;
  }
}

}  // namespace
}  // namespace switchyard
