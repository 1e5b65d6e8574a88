#include "kernels/gpu/inputs.h"

#include <array>
#include <limits>

#include "kernels/core/philox.h"

namespace switchyard::kernels::gpu {
namespace {

enum class Stream : std::uint32_t { kLogits, kBias, kTokens, kTable, kPopularity };

Words4 Draw(const Case& c, Stream stream, std::size_t index) {
  return Philox({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                 static_cast<std::uint32_t>(stream), 0},
                c.seed);
}

// About normal: four uniform draws, mean 0, variance 1 / 3. Sums of multiples of 2^-24: exact.
float Bell(const Words4& w) {
  return (UnitFloat(w.x) - 0.5F) + (UnitFloat(w.y) - 0.5F) + (UnitFloat(w.z) - 0.5F) +
         (UnitFloat(w.w) - 0.5F);
}

float OddValue(std::uint32_t word) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  constexpr float kSubnormal = 1e-41F;
  constexpr std::array<float, 12> kValues = {kNan,  -kNan,  kInfinity,  -kInfinity,
                                             0.0F,  -0.0F,  kSubnormal, -kSubnormal,
                                             3e38F, -3e38F, 1e-45F,     -1.17549435e-38F};
  return kValues[word % kValues.size()];
}

// Some rows are one odd value throughout, the others have one in eight.
float OddLogit(const Words4& w, std::size_t row) {
  constexpr std::size_t kUniformRowEvery = 5;
  constexpr std::uint32_t kOddOneIn = 8;
  if (row % kUniformRowEvery == 0) {
    return OddValue(static_cast<std::uint32_t>(row / kUniformRowEvery));
  }
  return w.x % kOddOneIn == 0 ? OddValue(w.y) : Bell(w);
}

float TiedLogit(const Words4& w) {
  constexpr std::uint32_t kValues = 9;
  return (static_cast<float>(w.x % kValues) - 4.0F) * 0.25F;  // -1 to 1
}

std::vector<float> Popularity(const Case& c) {
  constexpr float kMost = 6.0F;
  std::vector<float> popularity(c.route.experts);
  for (std::size_t e = 0; e < popularity.size(); ++e) {
    const float u = UnitFloat(Draw(c, Stream::kPopularity, e).x);
    popularity[e] = kMost * (u * u) * (u * u);  // few are popular, most are not
  }
  return popularity;
}

std::vector<float> FloatLogits(const Case& c) {
  constexpr float kSpread = 2.0F;
  const std::vector<float> popularity = Popularity(c);
  const std::size_t experts = c.route.experts;
  std::vector<float> logits(c.tokens * experts);
  for (std::size_t i = 0; i < logits.size(); ++i) {
    const Words4 w = Draw(c, Stream::kLogits, i);
    switch (c.input) {
      case InputKind::kNormal:
        logits[i] = kSpread * Bell(w);
        break;
      case InputKind::kTies:
        logits[i] = TiedLogit(w);
        break;
      case InputKind::kOdd:
        logits[i] = OddLogit(w, i / experts);
        break;
      case InputKind::kSkewed:
        logits[i] = kSpread * Bell(w) + popularity[i % experts];
        break;
    }
  }
  return logits;
}

// What is special in 16 bits: NaN, infinity, zero, the least subnormal, of either sign.
std::uint16_t OddBits(const Words4& w, bool bf16) {
  constexpr std::uint32_t kOddOneIn = 8;
  const std::uint32_t infinity = bf16 ? 0x7F80U : 0x7C00U;
  const std::array<std::uint32_t, 4> magnitudes = {infinity + 1, infinity, 0, 1};
  const std::uint32_t special = magnitudes[w.y % magnitudes.size()] | (w.z & 1U) << 15U;
  return static_cast<std::uint16_t>(w.x % kOddOneIn == 0 ? special : w.w);
}

// Any bits for kOdd, special ones often; else a sign, five exponents from 1/8 on, and a random
// mantissa. 1 has the exponent 127 in bf16 (7 bits of mantissa) and 15 in fp16 (10 bits).
std::vector<std::uint16_t> HalfLogits(const Case& c) {
  constexpr std::uint32_t kExponents = 5;
  const bool bf16 = c.type == LogitType::kBf16;
  const std::uint32_t mantissa_bits = bf16 ? 7 : 10;
  const std::uint32_t least = bf16 ? 124 : 12;
  std::vector<std::uint16_t> bits(std::size_t{c.tokens} * c.route.experts);
  for (std::size_t i = 0; i < bits.size(); ++i) {
    const Words4 w = Draw(c, Stream::kLogits, i);
    const std::uint32_t exponent = least + w.y % kExponents;
    const std::uint32_t mantissa = w.z & ((1U << mantissa_bits) - 1U);
    const std::uint32_t ordinary = (w.x & 1U) << 15U | exponent << mantissa_bits | mantissa;
    bits[i] = c.input == InputKind::kOdd ? OddBits(w, bf16) : static_cast<std::uint16_t>(ordinary);
  }
  return bits;
}

std::vector<float> Bias(const Case& c) {
  constexpr float kSpread = 0.125F;  // as large as the differences between sigmoid scores
  if (c.route.select != SelectOn::kScorePlusBias) return {};
  std::vector<float> bias(c.route.experts);
  for (std::size_t e = 0; e < bias.size(); ++e) bias[e] = kSpread * Bell(Draw(c, Stream::kBias, e));
  return bias;
}

constexpr std::uint32_t kVocabulary = 1000;

std::vector<std::int32_t> TokenIds(const Case& c) {
  constexpr std::uint32_t kOutside = 20;  // ids below 0 and past the table
  std::vector<std::int32_t> ids(c.tokens);
  for (std::size_t t = 0; t < ids.size(); ++t) {
    const std::uint32_t draw = Draw(c, Stream::kTokens, t).x % (kVocabulary + 2 * kOutside);
    ids[t] = static_cast<std::int32_t>(draw) - static_cast<std::int32_t>(kOutside);
  }
  return ids;
}

// K different experts a token: a stride over them from a random one.
std::vector<std::uint16_t> HashTable(const Case& c) {
  std::vector<std::uint16_t> table;
  for (std::size_t v = 0; v < kVocabulary; ++v) {
    const std::uint32_t first = Draw(c, Stream::kTable, v).x % c.route.experts;
    for (std::uint32_t k = 0; k < c.route.top_k; ++k) {
      table.push_back(static_cast<std::uint16_t>((first + k) % c.route.experts));
    }
  }
  return table;
}

// Consecutive blocks, as expert parallelism places experts and racks place ranks.
std::vector<std::uint16_t> InBlocks(std::uint32_t things, std::uint32_t places) {
  std::vector<std::uint16_t> place(things);
  for (std::uint32_t i = 0; i < things; ++i) {
    place[i] = static_cast<std::uint16_t>(std::uint64_t{i} * places / things);
  }
  return place;
}

}  // namespace

Inputs MakeInputs(const Case& c) {
  Inputs in;
  in.expert_to_rank = InBlocks(c.route.experts, c.ranks);
  in.rank_to_node = InBlocks(c.ranks, c.nodes);
  if (c.operation == Operation::kHash) {
    in.token_id = TokenIds(c);
    in.table = HashTable(c);
    return in;
  }
  if (c.type == LogitType::kFloat) {
    in.logits = FloatLogits(c);
  } else {
    in.logits16 = HalfLogits(c);
  }
  in.bias = Bias(c);
  return in;
}

}  // namespace switchyard::kernels::gpu
