#include "sim/routing/routers/noise.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace switchyard {
namespace {

// Random bits taken 32 at a time.
class HalfWords {
 public:
  explicit HalfWords(Rng& rng) : rng_(rng) {}
  [[nodiscard]] std::uint32_t Next() {
    full_ = !full_;
    if (full_) word_ = rng_.Next();
    return static_cast<std::uint32_t>(full_ ? word_ >> 32 : word_);
  }

 private:
  Rng& rng_;
  std::uint64_t word_ = 0;
  bool full_ = false;
};

// 128 layers of equal area V under exp(-x^2 / 2), the lowest with the tail beyond R.
constexpr std::size_t kLayers = 128;
constexpr double kR = 3.442619855899;
constexpr double kV = 9.91256303526217e-3;

double Density(double x) { return std::exp(-0.5 * x * x); }

struct Ziggurat {
  std::array<double, kLayers + 1> x{};  // right edges, descending to 0
  std::array<float, kLayers> edge{};    // x as float
  std::array<float, kLayers> inside{};  // x[i + 1] / x[i]: below it a point is surely accepted

  Ziggurat() {
    x[0] = kV / Density(kR);
    x[1] = kR;
    for (std::size_t i = 2; i < kLayers; ++i) {
      x[i] = std::sqrt(-2.0 * std::log(kV / x[i - 1] + Density(x[i - 1])));
    }
    x[kLayers] = 0.0;
    for (std::size_t i = 0; i < kLayers; ++i) {
      edge[i] = static_cast<float>(x[i]);
      inside[i] = static_cast<float>(x[i + 1] / x[i]);
    }
  }
};
const Ziggurat kZiggurat;

// Beyond R (Marsaglia, Technometrics 1964).
double Tail(Rng& rng) {
  for (;;) {
    const double x = -std::log(rng.Uniform()) / kR;
    const double y = -std::log(rng.Uniform());
    if (2.0 * y >= x * x) return kR + x;
  }
}

// What the fast path leaves over, about 1 in 80: layer i, u in (-1, 1). False: draw again.
bool Rare(Rng& rng, std::size_t i, double u, float& out) {
  if (i == 0) {
    const double tail = Tail(rng);
    out = static_cast<float>(u < 0.0 ? -tail : tail);
    return true;
  }
  const double x = u * kZiggurat.x[i];
  const double low = Density(kZiggurat.x[i]);
  const double high = Density(kZiggurat.x[i + 1]);
  out = static_cast<float>(x);
  return low + rng.Uniform() * (high - low) < Density(x);
}

// -ln U for U uniform. U = 1 - v with v a multiple of 2^-32; where v is small a float cannot hold
// 1 - v, and the series of -ln(1 - v) is used (its fourth term is below 2^-34).
float Exponential(std::uint32_t bits) {
  constexpr float kSmall = 0x1.0p-8F;
  const float v = (static_cast<float>(bits) + 0.5F) * 0x1.0p-32F;
  if (v < kSmall) return v * (1.0F + v * (0.5F + v * (1.0F / 3)));
  constexpr float kLargest = 0x1.fffffep-1F;  // rounding must not make it ln 0
  return -std::log(1.0F - std::min(v, kLargest));
}

}  // namespace

void FillNormals(Rng& rng, std::span<float> out) {
  HalfWords words(rng);
  for (float& value : out) {
    for (;;) {
      const std::uint32_t bits = words.Next();
      const std::size_t i = bits % kLayers;
      // The upper 25 bits as a sign and 24 bits of magnitude, at the middle of their steps.
      const auto high = static_cast<std::int32_t>(bits) >> 7;
      const float u = (static_cast<float>(high) + 0.5F) * 0x1.0p-24F;
      if (std::abs(u) < kZiggurat.inside[i]) {
        value = u * kZiggurat.edge[i];
        break;
      }
      if (Rare(rng, i, double{u}, value)) break;
    }
  }
}

void AddGumbel(Rng& rng, std::span<float> logits) {
  HalfWords words(rng);
  for (float& logit : logits) logit -= std::log(Exponential(words.Next()));
}

}  // namespace switchyard
