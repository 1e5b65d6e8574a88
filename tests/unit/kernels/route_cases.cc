#include "tests/unit/kernels/route_cases.h"

#include <algorithm>
#include <array>
#include <limits>

namespace switchyard::kernels {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

template <class T, std::size_t N>
T OneOf(Draws& draws, const std::array<T, N>& values) {
  return values[draws.Below(N)];
}

std::uint32_t RandomTopK(Draws& draws, std::uint32_t experts) {
  const std::array<std::uint32_t, 9> sizes = {1, 2, 4, 6, 8, 16, 22, 32, kMaxTopK};
  return std::min({OneOf(draws, sizes), experts, kMaxTopK});
}

void RandomGroups(Draws& draws, RouteSpec& spec) {
  const std::array<std::uint32_t, 7> sizes = {1, 2, 4, 8, 16, 64, spec.experts};
  const std::uint32_t groups = OneOf(draws, sizes);
  if (spec.experts % groups != 0) return;
  const std::uint32_t members = spec.experts / groups;
  const std::uint32_t least = (spec.top_k + members - 1) / members;
  spec.groups = static_cast<std::uint16_t>(groups);
  spec.topk_groups = static_cast<std::uint16_t>(least + draws.Below(groups - least + 1));
  spec.group_score = draws.OneIn(3) ? GroupScore::kMax : GroupScore::kSumTopN;
  const std::array<std::uint32_t, 5> top_n = {1, 2, 2, 3, 5};
  spec.group_top_n = static_cast<std::uint16_t>(std::min(OneOf(draws, top_n), members));
  if (draws.OneIn(4)) spec.masked = MaskedGroups::kZeroKey;
}

float Ordinary(Draws& draws, std::uint32_t kind) {
  constexpr float kSaturating = 30.0F;
  constexpr float kSubnormal = 1e-41F;
  switch (kind) {
    case 0:  // few different values: many ties
      return static_cast<float>(draws.Below(5)) - 2.0F;
    case 1:  // scores that saturate
      return draws.Normal() * kSaturating;
    case 2:  // subnormal, of both signs
      return (draws.Unit() - 0.5F) * kSubnormal;
    case 3:  // nothing but zeros, of both signs
      return draws.OneIn(2) ? 0.0F : -0.0F;
    default:
      return draws.Normal();
  }
}

float Odd(Draws& draws) {
  const std::array<float, 8> values = {kNan, -kNan, kInfinity, -kInfinity,
                                       0.0F, -0.0F, 3e38F,     -3e38F};
  return OneOf(draws, values);
}

}  // namespace

std::uint32_t Draws::Word() {
  const std::uint32_t at = drawn_ % 4;
  if (at == 0) {
    constexpr std::uint64_t kSeed = 20240613;
    words_ = Philox({drawn_ / 4, stream_, low_, high_}, kSeed);
  }
  ++drawn_;
  const std::array<std::uint32_t, 4> words = {words_.x, words_.y, words_.z, words_.w};
  return words[at];
}

float Draws::Normal() {
  constexpr int kDraws = 4;
  constexpr float kSqrt3 = 1.7320508F;  // four uniform draws have variance 4 / 12
  float sum = 0.0F;                     // in this order: operands of one sum may be drawn in any
  for (int i = 0; i < kDraws; ++i) sum += Unit() - 0.5F;
  return sum * kSqrt3;
}

RouteSpec RandomSpec(Draws& draws, std::uint32_t experts) {
  RouteSpec spec;
  spec.experts = static_cast<std::uint16_t>(experts);
  spec.top_k = static_cast<std::uint16_t>(RandomTopK(draws, experts));
  spec.score = static_cast<ScoreFunction>(draws.Below(4));
  spec.select = static_cast<SelectOn>(draws.Below(3));
  spec.weight = draws.OneIn(2) ? WeightFrom::kScore : static_cast<WeightFrom>(draws.Below(4));
  spec.renormalise = static_cast<Renormalise>(draws.Below(5));
  spec.renormalise_eps = draws.OneIn(2) ? 1e-20F : 1e-2F;
  spec.route_scale = draws.OneIn(2) ? 1.0F : 2.5F;
  spec.nan = draws.OneIn(2) ? NanRule::kLastAndFlag : static_cast<NanRule>(draws.Below(3));
  if (spec.select == SelectOn::kLogit && spec.nan == NanRule::kAsZeroScore) {
    spec.nan = NanRule::kLastAndFlag;
  }
  constexpr std::uint32_t kNaiveBelow = 16;
  if (draws.OneIn(3)) {
    RandomGroups(draws, spec);
  } else if (spec.top_k < kNaiveBelow && draws.OneIn(4)) {
    spec.tie = TieRule::kTransformerEngineNaive;
  }
  return spec;
}

std::vector<float> RandomRow(Draws& draws, std::uint32_t experts) {
  const std::uint32_t kind = draws.Below(8);
  const std::uint32_t odd_one_in = draws.OneIn(3) ? 1 + draws.Below(40) : 0;
  const float everywhere = draws.OneIn(40) ? Odd(draws) : 1.0F;
  std::vector<float> row(experts);
  for (float& z : row) {
    z = odd_one_in > 0 && draws.OneIn(odd_one_in) ? Odd(draws) : Ordinary(draws, kind);
  }
  if (everywhere != 1.0F) std::fill(row.begin(), row.end(), everywhere);
  return row;
}

RouteCase MakeRouteCase(std::uint64_t index, std::uint32_t experts) {
  Draws draws(index);
  RouteCase c;
  c.spec = RandomSpec(draws, experts);
  c.logits = RandomRow(draws, experts);
  if (c.spec.select == SelectOn::kScorePlusBias) {
    const bool odd = draws.OneIn(20);
    const float scale = draws.OneIn(4) ? 2.0F : 0.05F;
    for (std::uint32_t e = 0; e < experts; ++e) {
      c.bias.push_back(odd && draws.OneIn(10) ? Odd(draws) : draws.Normal() * scale);
    }
  }
  return c;
}

std::uint32_t RandomExperts(std::uint64_t index) {
  constexpr std::uint32_t kStream = 1;
  Draws draws(index, kStream);
  const std::array<std::uint32_t, 8> small = {1, 2, 7, 8, 31, 32, 33, 64};
  const std::array<std::uint32_t, 4> middle = {96, 128, 160, 192};
  const std::array<std::uint32_t, 6> large = {256, 384, 512, 896, 1000, 1024};
  const std::uint32_t draw = draws.Below(1000);
  constexpr std::uint32_t kMostExperts = kMaxExperts;
  if (draw < 2) return draw == 0 ? kMostExperts : 1030 + draws.Below(2000);
  if (draw < 40) return OneOf(draws, large);
  if (draw < 140) return OneOf(draws, middle);
  return OneOf(draws, small);
}

}  // namespace switchyard::kernels
