#include "models/cost/memory.h"

#include <gtest/gtest.h>

#include "tests/unit/models/read_card.h"

namespace switchyard {
namespace {

constexpr double kGb = 1e9;

TEST(MemoryTest, OneDeviceHoldsAllParameters) {
  const ModelSpec model = ReadCard("mixtral_8x7b");
  const MemoryBytes bytes = MemoryFootprint(model, {}, {{1, 1, true}, {}});
  EXPECT_EQ(bytes.Weights().value, 2 * CountParameters(model).Total());  // BF16: 93.4 GB
  EXPECT_NEAR(bytes.Weights().value / kGb, 93.4, 0.1);
}

TEST(MemoryTest, DeepSeekV3OnOneDeviceOf256) {
  // DeepSeek-V3 decode at EP256 (one routed expert a device, arXiv 2412.19437, section 3.4.2):
  // 58 layers x 44.04 M in FP8 = 2.55 GB of routed experts. Attention 61 x 187.1 M = 11.4 GB,
  // dense FFNs 3 x 396.4 M = 1.2 GB and shared experts 2.55 GB are copied; embeddings stay in BF16:
  // 2 x 129280 x 7168 x 2 B = 3.7 GB.
  const ModelSpec model = ReadCard("deepseek_v3");
  const MemoryBytes bytes = MemoryFootprint(model, {1, 256, {}}, {{128, 4096, true}, {}});
  EXPECT_NEAR(bytes.routed_experts.value / kGb, 58 * 44.04e-3, 0.01);
  EXPECT_NEAR(bytes.attention.value / kGb, 61 * 187.1e-3, 0.02);
  EXPECT_NEAR(bytes.dense_ffn.value / kGb, 3 * 396.4e-3, 0.01);
  EXPECT_NEAR(bytes.shared_experts.value / kGb, 58 * 44.04e-3, 0.01);
  EXPECT_NEAR(bytes.embedding.value / kGb, 3.71, 0.01);
  // 128 sequences of 4096 tokens at 70,272 B.
  EXPECT_EQ(bytes.kv_cache.value, 128.0 * 4096 * 70272);
  EXPECT_LT(bytes.Total().value, 80 * kGb) << "it ran on H800, 80 GB";
}

TEST(MemoryTest, PartsAddUp) {
  const ModelSpec model = ReadCard("deepseek_v2_lite");
  const MemoryBytes b = MemoryFootprint(model, {2, 8, {}}, {{64, 1000, true}, {}});
  EXPECT_DOUBLE_EQ(b.Total().value,
                   (b.embedding + b.attention + b.dense_ffn + b.shared_experts + b.routed_experts +
                    b.router + b.norms + b.kv_cache + b.activations)
                       .value);
  EXPECT_GT(b.activations.value, 0);
}

TEST(MemoryTest, TensorRanksSplitHeadsNotDownProjections) {
  const ModelSpec model = ReadCard("deepseek_v3");
  const StepLoad load{{8, 128, true}, {}};
  const double down = 61.0 * 7168 * (1536 + 512 + 64);
  const double whole = MemoryFootprint(model, {1, 8, {}}, load).attention.value;
  const double split = MemoryFootprint(model, {8, 8, {}}, load).attention.value;
  EXPECT_DOUBLE_EQ(split, down + (whole - down) / 8);
  EXPECT_EQ(MemoryFootprint(model, {8, 8, {}}, load).kv_cache,
            MemoryFootprint(model, {1, 8, {}}, load).kv_cache)
      << "every rank caches the whole latent";
}

TEST(MemoryTest, GroupedCacheIsSplitUpToItsHeads) {
  const ModelSpec model = ReadCard("mixtral_8x7b");
  const auto cache = [&](std::uint32_t tensor) {
    return MemoryFootprint(model, {tensor, 8, {}}, {{16, 1000, true}, {}}).kv_cache.value;
  };
  EXPECT_EQ(cache(1), 16.0 * 1000 * 131072);
  EXPECT_EQ(cache(8), cache(1) / 8);
  EXPECT_EQ(cache(16), cache(8));
}

TEST(MemoryTest, ExpertsThatDoNotDivideFillTheFullestDevice) {
  const ModelSpec model = ReadCard("deepseek_v2_lite");  // 64 experts
  const StepLoad load{{1, 1, true}, {}};
  const double one = MemoryFootprint(model, {1, 64, {}}, load).routed_experts.value;
  EXPECT_EQ(MemoryFootprint(model, {1, 10, {}}, load).routed_experts.value, 7 * one);
  EXPECT_EQ(MemoryFootprint(model, {1, 64, 3}, load).routed_experts.value, 3 * one)
      << "redundant experts";
}

TEST(MemoryTest, PrefillCachesTheTokensOfTheStep) {
  const ModelSpec model = ReadCard("mixtral_8x7b");
  EXPECT_EQ(MemoryFootprint(model, {}, {{8192, 4096, false}, {}}).kv_cache.value, 8192.0 * 131072);
}

TEST(MemoryTest, ActivationsByHand) {
  // Mixtral, 100 prefill tokens of one prompt: residual and normed rows 2 x 4096; the experts'
  // block is the hungriest: 200 rows x (4096 in + 3 x 14336 + 4096 out).
  const ModelSpec model = ReadCard("mixtral_8x7b");
  const double expected = 2 * (100 * 2 * 4096.0 + 200 * (4096.0 + 3 * 14336 + 4096));
  EXPECT_EQ(MemoryFootprint(model, {}, {{100, 100, false}, {}}).activations.value, expected);
  // A hot device that gets all 800 rows of 4 devices' tokens needs more.
  const double hot = 2 * (100 * 2 * 4096.0 + 800 * (4096.0 + 3 * 14336 + 4096));
  EXPECT_EQ(MemoryFootprint(model, {}, {{100, 100, false}, 800.0}).activations.value, hot);
}

TEST(MemoryTest, NeverShrinksWithTheLoad) {
  const ModelSpec model = ReadCard("deepseek_v3");
  Bytes last;
  for (double tokens = 1; tokens < 1e5; tokens *= 2) {
    const Bytes total = MemoryFootprint(model, {4, 32, {}}, {{tokens, 2048, true}, {}}).Total();
    EXPECT_GT(total, last);
    last = total;
  }
}

}  // namespace
}  // namespace switchyard
