// What must hold for any logits, whatever the specification.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>

#include "kernels/core/ordered_key.h"
#include "kernels/routing.h"
#include "tests/unit/kernels/route_cases.h"

namespace switchyard::kernels {
namespace {

constexpr std::uint64_t kCases = 400;

struct Batch {
  std::uint32_t tokens = 0;
  std::vector<float> logits;
  std::vector<float> bias;
};
struct Routed {
  std::vector<std::uint16_t> expert;
  std::vector<std::uint32_t> weight;  // bits: NaN equals itself
  bool operator==(const Routed&) const = default;
};

Batch RandomBatch(Draws& draws, const RouteSpec& spec, std::uint32_t tokens) {
  Batch batch{tokens, {}, {}};
  for (std::uint32_t t = 0; t < tokens; ++t) {
    const std::vector<float> row = RandomRow(draws, spec.experts);
    batch.logits.insert(batch.logits.end(), row.begin(), row.end());
  }
  const std::uint32_t biases = spec.select == SelectOn::kScorePlusBias ? spec.experts : 0;
  for (std::uint32_t e = 0; e < biases; ++e) batch.bias.push_back(draws.Normal());
  return batch;
}

Routed Route(const RouteSpec& spec, const Batch& batch) {
  std::vector<float> weight(std::size_t{batch.tokens} * spec.top_k);
  Routed out{std::vector<std::uint16_t>(weight.size()), {}};
  const Status status =
      RouteTopK(spec, HostMatrix<const float>{batch.logits.data(), batch.tokens, spec.experts},
                {batch.bias.data(), batch.bias.size()},
                {{out.expert.data(), batch.tokens, spec.top_k},
                 {weight.data(), batch.tokens, spec.top_k},
                 nullptr});
  EXPECT_TRUE(status.ok()) << status.what;
  for (const float w : weight) out.weight.push_back(BitsOf(w));
  return out;
}

// The same with 16-bit logits in place of the batch's.
template <class Logit>
Routed RouteNarrow(const RouteSpec& spec, const Batch& batch, const std::vector<Logit>& logits) {
  std::vector<float> weight(std::size_t{batch.tokens} * spec.top_k);
  Routed out{std::vector<std::uint16_t>(weight.size()), {}};
  const Status status = RouteTopK(
      spec, HostMatrix<const Logit>{logits.data(), batch.tokens, spec.experts},
      {batch.bias.data(), batch.bias.size()},
      {{out.expert.data(), batch.tokens, spec.top_k}, {weight.data(), batch.tokens, spec.top_k}});
  EXPECT_TRUE(status.ok()) << status.what;
  for (const float w : weight) out.weight.push_back(BitsOf(w));
  return out;
}

// IEEE 754 binary16: 1 sign, 5 exponent (bias 15) and 10 fraction bits. Every value is a float.
float ValueOfHalf(std::uint16_t bits) {
  const auto exponent = static_cast<int>(bits >> 10U & 31U);
  const auto fraction = static_cast<float>(bits & 1023U);
  float value =
      std::ldexp(exponent == 0 ? fraction : 1024.0F + fraction, std::max(exponent, 1) - 25);
  if (exponent == 31) {
    value = fraction == 0 ? std::numeric_limits<float>::infinity()
                          : std::numeric_limits<float>::quiet_NaN();
  }
  return (bits & 0x8000U) != 0 ? -value : value;
}

// One row of a batch's routes.
Routed RowOf(const Routed& all, std::uint32_t token, std::uint32_t top_k) {
  const std::size_t first = std::size_t{token} * top_k;
  Routed row;
  row.expert.assign(&all.expert[first], &all.expert[first] + top_k);
  row.weight.assign(&all.weight[first], &all.weight[first] + top_k);
  return row;
}

template <class F>
void ForRandomBatches(std::uint32_t tokens, F check) {
  for (std::uint64_t i = 0; i < kCases; ++i) {
    Draws draws(i, 7);
    const RouteSpec spec = RandomSpec(draws, RandomExperts(i));
    const Batch batch = RandomBatch(draws, spec, tokens);
    check(draws, spec, batch);
    if (testing::Test::HasFailure()) FAIL() << "batch " << i;
  }
}

TEST(RouteProperties, ExpertsOfATokenAreDistinct) {
  ForRandomBatches(3, [](Draws&, const RouteSpec& spec, const Batch& batch) {
    const Routed routed = Route(spec, batch);
    for (std::uint32_t t = 0; t < batch.tokens; ++t) {
      const Routed row = RowOf(routed, t, spec.top_k);
      const std::set<std::uint16_t> distinct(row.expert.begin(), row.expert.end());
      EXPECT_EQ(distinct.size(), spec.top_k);
      EXPECT_LT(*distinct.rbegin(), spec.experts);
    }
  });
}

TEST(RouteProperties, PermutingTokensPermutesRoutes) {
  ForRandomBatches(5, [](Draws& draws, const RouteSpec& spec, const Batch& batch) {
    const std::uint32_t turn = 1 + draws.Below(4);
    Batch turned = batch;
    std::rotate(turned.logits.begin(), turned.logits.begin() + turn * spec.experts,
                turned.logits.end());
    const Routed a = Route(spec, batch);
    const Routed b = Route(spec, turned);
    for (std::uint32_t t = 0; t < batch.tokens; ++t) {
      EXPECT_EQ(RowOf(b, t, spec.top_k), RowOf(a, (t + turn) % batch.tokens, spec.top_k));
    }
  });
}

TEST(RouteProperties, NanStaysInItsToken) {
  ForRandomBatches(4, [](Draws& draws, const RouteSpec& spec, const Batch& batch) {
    const std::uint32_t token = draws.Below(batch.tokens);
    Batch spoilt = batch;
    spoilt.logits[token * spec.experts + draws.Below(spec.experts)] =
        std::numeric_limits<float>::quiet_NaN();
    const Routed a = Route(spec, batch);
    const Routed b = Route(spec, spoilt);
    for (std::uint32_t t = 0; t < batch.tokens; ++t) {
      EXPECT_TRUE(t == token || RowOf(a, t, spec.top_k) == RowOf(b, t, spec.top_k));
    }
  });
}

TEST(RouteProperties, KeepingAllGroupsIsNoLimit) {
  ForRandomBatches(3, [](Draws&, RouteSpec spec, const Batch& batch) {
    spec.topk_groups = spec.groups;
    RouteSpec free = spec;
    free.groups = free.topk_groups = 1;
    free.group_score = GroupScore::kNone;
    EXPECT_EQ(Route(spec, batch), Route(free, batch));
  });
}

// Multiples of 1/8 below 16 plus 64: the sum is exact, so the order of the logits is the same.
TEST(RouteProperties, AConstantDoesNotChangeWhatSoftmaxSelects) {
  ForRandomBatches(2, [](Draws& draws, RouteSpec spec, Batch batch) {
    spec.score = ScoreFunction::kSoftmax;
    spec.select = SelectOn::kLogit;
    spec.nan = NanRule::kLastAndFlag;
    spec.masked = MaskedGroups::kExcluded;  // a key of 0 is an absolute one
    if (spec.group_score != GroupScore::kNone) spec.group_score = GroupScore::kMax;
    batch.bias.clear();
    for (float& z : batch.logits) z = static_cast<float>(draws.Below(256)) / 8.0F - 16.0F;
    Batch shifted = batch;
    for (float& z : shifted.logits) z += 64.0F;
    EXPECT_EQ(Route(spec, batch).expert, Route(spec, shifted).expert);
  });
}

// The row's other keys stay as they are, or, in a softmax, fall.
TEST(RouteProperties, RaisingALogitNeverRemovesItsExpert) {
  ForRandomBatches(1, [](Draws& draws, RouteSpec spec, Batch batch) {
    spec.masked = MaskedGroups::kExcluded;
    for (float& z : batch.logits) z = draws.Normal();
    const Routed before = Route(spec, batch);
    const std::uint16_t expert = before.expert[draws.Below(spec.top_k)];
    batch.logits[expert] += 0.5F;
    const Routed after = Route(spec, batch);
    EXPECT_EQ(std::count(after.expert.begin(), after.expert.end(), expert), 1);
  });
}

// 16-bit logits are the floats that they stand for.
TEST(RouteProperties, Bfloat16LogitsAreExact) {
  ForRandomBatches(3, [](Draws& draws, const RouteSpec& spec, Batch batch) {
    std::vector<Bf16> narrow;
    for (float& z : batch.logits) {
      narrow.push_back({static_cast<std::uint16_t>(BitsOf(z) >> 16U)});
      z = FloatOf(BitsOf(z) & 0xFFFF0000U);
    }
    EXPECT_EQ(RouteNarrow(spec, batch, narrow), Route(spec, batch));
    static_cast<void>(draws);
  });
}

// Any bits, subnormals and NaN among them.
TEST(RouteProperties, HalfPrecisionLogitsAreExact) {
  ForRandomBatches(4, [](Draws& draws, const RouteSpec& spec, Batch batch) {
    std::vector<Fp16> narrow;
    for (float& z : batch.logits) {
      narrow.push_back({static_cast<std::uint16_t>(draws.Word())});
      z = ValueOfHalf(narrow.back().bits);
    }
    EXPECT_EQ(RouteNarrow(spec, batch, narrow), Route(spec, batch));
  });
}

TEST(RouteProperties, WeightsAreWrittenOnlyWhereTheyAreWanted) {
  ForRandomBatches(5, [](Draws& draws, const RouteSpec& spec, const Batch& batch) {
    std::vector<std::uint16_t> expert(std::size_t{batch.tokens} * spec.top_k);
    const Status status = RouteTopK(
        spec, HostMatrix<const float>{batch.logits.data(), batch.tokens, spec.experts},
        {batch.bias.data(), batch.bias.size()}, {{expert.data(), batch.tokens, spec.top_k}, {}});
    EXPECT_TRUE(status.ok()) << status.what;
    EXPECT_EQ(expert, Route(spec, batch).expert);
    static_cast<void>(draws);
  });
}

// Sizes of a batch that break kernels.
TEST(RouteProperties, AnyNumberOfTokens) {
  RouteSpec spec;
  spec.experts = 7;
  spec.top_k = 2;
  for (const std::uint32_t tokens : {0U, 1U, 31U, 32U, 33U, 4095U, 65537U}) {
    Batch batch{tokens, std::vector<float>(std::size_t{tokens} * 7), {}};
    for (std::size_t i = 0; i < batch.logits.size(); ++i) {
      batch.logits[i] = static_cast<float>(i * 31 % 101);
    }
    const Routed routed = Route(spec, batch);
    ASSERT_EQ(routed.expert.size(), std::size_t{tokens} * 2);
    for (std::uint32_t t = 0; t < tokens; ++t) {
      const auto row = batch.logits.begin() + t * 7;
      ASSERT_EQ(routed.expert[t * 2], std::max_element(row, row + 7) - row) << t;
    }
  }
}

}  // namespace
}  // namespace switchyard::kernels
