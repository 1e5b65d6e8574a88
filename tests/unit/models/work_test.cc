#include "models/cost/work.h"

#include <vector>

#include <gtest/gtest.h>

#include "sim/base/check.h"
#include "tests/unit/models/read_card.h"

namespace switchyard {
namespace {

class WorkTest : public testing::Test {
 protected:
  const ModelSpec deepseek_ = ReadCard("deepseek_v3");
  const ModelSpec mixtral_ = ReadCard("mixtral_8x7b");
};

TEST_F(WorkTest, DeepSeekPrefillCoreHasTheFlopsOfItsPublishedTrace) {
  // Flash-attention forward of 4096 tokens, 128 heads of 192/128, causal: 1235 us at 557 TFLOPS in
  // deepseek-ai/profile-data train.json, = 688 GFLOP.
  const AttentionWork work = WorkOfAttention(deepseek_, {4096, 4096, false}, 1);
  EXPECT_NEAR(work.core.flops.value, 1235e-6 * 557e12, 0.01 * 688e9);
  // 2 FLOPs x 4096 queries x 2048 keys on average x 128 heads x (192 + 128) elements.
  EXPECT_EQ(work.core.flops.value, 2.0 * 4096 * 2048 * 128 * 320);
  EXPECT_EQ(work.core.unit, ComputeUnit::kAttention);
  EXPECT_EQ(work.core.dtype, Dtype::kBf16) << "the core multiplies activations, not FP8 weights";
}

TEST_F(WorkTest, DeepSeekPrefillProjectionsAreTheFourProductsOfItsTrace) {
  const AttentionWork work = WorkOfAttention(deepseek_, {4096, 4096, false}, 1);
  // q_a + kv_a 7168 x 2112, q_b 1536 x 24576, kv_b 512 x 32768, o 16384 x 7168.
  const double weights = 7168.0 * 2112 + 1536.0 * 24576 + 512.0 * 32768 + 16384.0 * 7168;
  EXPECT_EQ(weights, AttentionParameters(deepseek_));
  EXPECT_EQ(work.projections.flops.value, 2 * 4096 * weights);
  EXPECT_EQ(work.projections.dtype, Dtype::kFp8);
  EXPECT_EQ(work.projections.kernels, 7) << "norm, 4 products, latent norms, rotary and cache";
}

TEST_F(WorkTest, DeepSeekDecodeReadsTheLatentOnce) {
  // 128 sequences of 4096 tokens: each key is 576 elements of BF16, shared by all heads.
  const AttentionWork with = WorkOfAttention(deepseek_, {128, 4096, true}, 1);
  const AttentionWork without = WorkOfAttention(deepseek_, {128, 0, true}, 1);
  EXPECT_EQ(with.core.bytes.value - without.core.bytes.value, 128.0 * 4096 * 576 * 2);  // 604 MB
  // Scores over 576 elements, values over 512, for 128 heads: 146 GFLOP.
  EXPECT_EQ(with.core.flops.value, 2.0 * 128 * 4096 * 128 * (576 + 512));
  EXPECT_EQ(with.core.kernels, 2) << "split over the cache, then merge";
}

TEST_F(WorkTest, DeepSeekDecodeAgreesWithFlashMla) {
  // FlashMLA's README, H800: 3000 GB/s when memory-bound, 660 TFLOPS when compute-bound. At 128
  // heads and one query the kernel is near the knee of these two: 604 MB take 201 us, 146 GFLOP
  // 221 us.
  const AttentionWork work = WorkOfAttention(deepseek_, {128, 4096, true}, 1);
  EXPECT_NEAR(work.core.flops.value / 660e12, 221e-6, 1e-6);
  // Queries and results (71 MB for 128 rows of 128 heads) come on top of the latent's 604 MB.
  EXPECT_NEAR(work.core.bytes.value / 3000e9, 201e-6 + 12e-6, 2e-6);
}

TEST_F(WorkTest, AbsorptionReadsTheSameWeightsAsExpansion) {
  const double decode = WorkOfAttention(deepseek_, {1, 4096, true}, 1).projections.flops.value;
  const double prefill = WorkOfAttention(deepseek_, {1, 4096, false}, 1).projections.flops.value;
  EXPECT_EQ(decode, prefill) << "kv_b is applied to queries and results instead of the latent";
}

TEST_F(WorkTest, TensorRanksShareHeadsButEachReadsTheWholeLatent) {
  const TokenBatch batch{128, 4096, true};
  const AttentionWork whole = WorkOfAttention(deepseek_, batch, 1);
  const AttentionWork eighth = WorkOfAttention(deepseek_, batch, 8);
  EXPECT_EQ(eighth.core.flops.value, whole.core.flops.value / 8);
  EXPECT_GE(eighth.core.bytes.value, 128.0 * 4096 * 576 * 2);
}

TEST_F(WorkTest, GroupedDecodeReadsKeysAndValuesOfItsHeads) {
  const auto cache_bytes = [&](std::uint32_t tensor) {
    return WorkOfAttention(mixtral_, {16, 1000, true}, tensor).core.bytes.value -
           WorkOfAttention(mixtral_, {16, 0, true}, tensor).core.bytes.value;
  };
  EXPECT_EQ(cache_bytes(1), 16.0 * 1000 * 2 * 8 * 128 * 2);
  EXPECT_EQ(cache_bytes(8), cache_bytes(1) / 8);
  EXPECT_EQ(cache_bytes(32), cache_bytes(8)) << "8 key/value heads on 32 ranks: copies";
}

TEST_F(WorkTest, GroupedPrefillByHand) {
  const AttentionWork work = WorkOfAttention(mixtral_, {2000, 1000, false}, 1);
  // Two prompts of 1000: 500 keys on average, scores and values of 32 heads of 128.
  EXPECT_EQ(work.core.flops.value, 2.0 * 2 * 2000 * 500 * 32 * 128);
  EXPECT_EQ(work.projections.flops.value, 2.0 * 2000 * AttentionParameters(mixtral_));
  EXPECT_EQ(work.projections.kernels, 4) << "norm, qkv, rotary and cache, o";
}

TEST_F(WorkTest, SmallBatchesAreDominatedByWeights) {
  // One row: the projections read AttentionParameters of FP8 and little else.
  const double bytes = WorkOfAttention(deepseek_, {1, 1, true}, 1).projections.bytes.value;
  EXPECT_GT(bytes, AttentionParameters(deepseek_));
  EXPECT_LT(bytes, 1.02 * AttentionParameters(deepseek_));
}

TEST_F(WorkTest, NoTokensNoWork) {
  const AttentionWork attention = WorkOfAttention(deepseek_, {0, 4096, true}, 1);
  EXPECT_EQ(attention.projections.kernels + attention.core.kernels, 0);
  for (const ComputeWork& work :
       {WorkOfRouter(deepseek_, 0), WorkOfFfn(deepseek_, 0, 18432),
        WorkOfSharedExperts(deepseek_, 0), WorkOfLmHead(deepseek_, 0, 1),
        WorkOfSharedExperts(mixtral_, 10) /* has none */, WorkOfFfn(mixtral_, 10, 0)}) {
    EXPECT_EQ(work.kernels, 0);
    EXPECT_EQ(work.bytes.value, 0);
    EXPECT_EQ(work.flops.value, 0);
  }
}

TEST_F(WorkTest, RouterByHand) {
  const ComputeWork work = WorkOfRouter(deepseek_, 100);
  EXPECT_EQ(work.flops.value, 2.0 * 100 * 7168 * 256);
  EXPECT_EQ(work.kernels, 3) << "norm, product, top-k";
  EXPECT_EQ(work.dtype, Dtype::kBf16) << "routers are not quantised";
  // Norm: 4 passes over the rows; product: BF16 weights and rows, FP32 logits; top-k: logits in,
  // 8 choices of 8 bytes out.
  EXPECT_EQ(work.bytes.value, 4.0 * 100 * 7168 * 2 + 7168.0 * 256 * 2 + 100 * 7168.0 * 2 +
                                  100 * 256.0 * 4 + 100 * (256.0 * 4 + 8 * 8));
}

TEST_F(WorkTest, DenseFfnIsSharedExpertsAndANorm) {
  ModelSpec model = deepseek_;
  model.moe->shared_intermediate_size = 18432;
  const ComputeWork dense = WorkOfFfn(model, 64, 18432);
  const ComputeWork shared = WorkOfSharedExperts(model, 64);
  EXPECT_EQ(dense.flops, shared.flops);
  EXPECT_EQ(dense.flops.value, 2.0 * 64 * 3 * 7168 * 18432);
  EXPECT_EQ(dense.bytes.value - shared.bytes.value, 4.0 * 64 * 7168 * 2);
  EXPECT_EQ(dense.kernels, shared.kernels + 1);
}

TEST_F(WorkTest, PlainFfnHasTwoMatrices) {
  ModelSpec plain = mixtral_;
  plain.ffn_matrices = 2;
  EXPECT_EQ(WorkOfFfn(plain, 8, 14336).flops.value, 2.0 * 8 * 2 * 4096 * 14336);
}

TEST_F(WorkTest, ExpertsReadWeightsOfThoseWithTokensOnly) {
  const std::vector<std::uint32_t> none(8, 0);
  const ComputeWork nothing = WorkOfExperts(deepseek_, none, 64);
  EXPECT_EQ(nothing.bytes.value, 0);
  EXPECT_EQ(nothing.kernels, 0);

  const double expert = ExpertParameters(deepseek_);  // FP8: one byte each
  const std::vector<std::uint32_t> one = {0, 1, 0, 0};
  const std::vector<std::uint32_t> two = {0, 1, 1, 0};
  const double one_bytes = WorkOfExperts(deepseek_, one, 64).bytes.value;
  const double two_bytes = WorkOfExperts(deepseek_, two, 64).bytes.value;
  EXPECT_GT(one_bytes, expert);
  EXPECT_NEAR(two_bytes - one_bytes, expert, 0.01 * expert);
}

TEST_F(WorkTest, ExpertsPadEachGroupToTiles) {
  const auto flops = [&](std::vector<std::uint32_t> rows) {
    return WorkOfExperts(deepseek_, rows, 64).flops.value / (2 * ExpertParameters(deepseek_));
  };
  EXPECT_EQ(flops({1, 64, 65}), 64 + 64 + 128);
  EXPECT_EQ(flops({0, 130}), 192);
  EXPECT_EQ(flops({4294967295U}), 4294967296.0) << "no overflow in the rounding";
}

TEST_F(WorkTest, ExpertsOfThePublishedTrainingTrace) {
  // deepseek-ai/profile-data train.json: 4 local experts, 32768 rows, grouped products
  // 32768 x 4096 x 7168 (1792 us at 1074 TFLOPS) and 32768 x 7168 x 2048 (1005 us at 957).
  const std::vector<std::uint32_t> rows(4, 8192);
  const ComputeWork work = WorkOfExperts(deepseek_, rows, 128);
  EXPECT_NEAR(work.flops.value, 1792e-6 * 1074e12 + 1005e-6 * 957e12, 0.01 * work.flops.value);
  EXPECT_EQ(work.kernels, 5) << "permute, 2 products, activation, unpermute";
  EXPECT_EQ(work.dtype, Dtype::kFp8);
}

TEST_F(WorkTest, LmHeadIsSplitOverRanksAndStaysInBf16) {
  const ComputeWork whole = WorkOfLmHead(deepseek_, 32, 1);
  const ComputeWork quarter = WorkOfLmHead(deepseek_, 32, 4);
  EXPECT_EQ(whole.flops.value, 2.0 * 32 * 7168 * 129280);
  EXPECT_EQ(quarter.flops.value, whole.flops.value / 4);
  EXPECT_EQ(whole.dtype, Dtype::kBf16);
}

TEST_F(WorkTest, GrowsWithTokensContextAndWidth) {
  for (const ModelSpec* model : {&deepseek_, &mixtral_}) {
    for (const bool decode : {false, true}) {
      ComputeWork last;
      for (double tokens = 1; tokens < 1e5; tokens *= 3) {
        const ComputeWork core = WorkOfAttention(*model, {tokens, 512, decode}, 1).core;
        EXPECT_GT(core.flops, last.flops);
        EXPECT_GT(core.bytes, last.bytes);
        EXPECT_GE(WorkOfAttention(*model, {tokens, 1024, decode}, 1).core.flops, core.flops);
        EXPECT_GE(WorkOfAttention(*model, {tokens, 1024, decode}, 1).core.bytes, core.bytes);
        last = core;
      }
    }
    EXPECT_GT(WorkOfFfn(*model, 8, 2048).bytes, WorkOfFfn(*model, 8, 1024).bytes);
  }
}

TEST_F(WorkTest, ImpossibleArgumentsAreOurBug) {
  const std::vector<std::uint32_t> rows = {1};
  EXPECT_THROW((void)WorkOfExperts(deepseek_, rows, 0), InternalError);
  EXPECT_THROW((void)WorkOfAttention(deepseek_, {1, 1, true}, 0), InternalError);
}

}  // namespace
}  // namespace switchyard
