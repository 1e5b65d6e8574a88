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
  EXPECT_NEAR(TotalFlops(work.core).value, 1235e-6 * 557e12, 0.01 * 688e9);
  // 2 FLOPs x 4096 queries x 2048 keys on average x 128 heads x (192 + 128) elements.
  EXPECT_EQ(TotalFlops(work.core).value, 2.0 * 4096 * 2048 * 128 * 320);
  ASSERT_EQ(work.core.size(), 1);
  EXPECT_EQ(work.core[0].unit, ComputeUnit::kAttention);
  EXPECT_EQ(work.core[0].dtype, Dtype::kBf16) << "the core multiplies activations, not FP8 weights";
}

TEST_F(WorkTest, DeepSeekPrefillProjectionsAreTheFourProductsOfItsTrace) {
  const AttentionWork work = WorkOfAttention(deepseek_, {4096, 4096, false}, 1);
  // q_a + kv_a 7168 x 2112, q_b 1536 x 24576, kv_b 512 x 32768, o 16384 x 7168.
  const double weights = 7168.0 * 2112 + 1536.0 * 24576 + 512.0 * 32768 + 16384.0 * 7168;
  EXPECT_EQ(weights, AttentionParameters(deepseek_));
  EXPECT_EQ(TotalFlops(work.projections).value, 2 * 4096 * weights);
  for (const ComputeWork& kernel : work.projections) {
    if (kernel.flops.value <= 0) continue;
    EXPECT_EQ(kernel.dtype, Dtype::kFp8);
  }
  EXPECT_EQ(TotalKernels(work.projections), 7)
      << "norm, 4 products, latent norms, rotary and cache";
}

TEST_F(WorkTest, DeepSeekDecodeReadsTheLatentOnce) {
  // 128 sequences of 4096 tokens: each key is 576 elements of BF16, shared by all heads.
  const AttentionWork with = WorkOfAttention(deepseek_, {128, 4096, true}, 1);
  const AttentionWork without = WorkOfAttention(deepseek_, {128, 0, true}, 1);
  EXPECT_EQ(TotalBytes(with.core).value - TotalBytes(without.core).value,
            128.0 * 4096 * 576 * 2);  // 604 MB
  // Scores over 576 elements, values over 512, for 128 heads: 146 GFLOP.
  EXPECT_EQ(TotalFlops(with.core).value, 2.0 * 128 * 4096 * 128 * (576 + 512));
  EXPECT_EQ(TotalKernels(with.core), 2) << "split over the cache, then merge";
  EXPECT_EQ(TotalKernels(with.projections), 8) << "kv_b becomes two absorbed products";
}

TEST_F(WorkTest, DeepSeekDecodeAgreesWithFlashMla) {
  // FlashMLA's README, H800: 3000 GB/s when memory-bound, 660 TFLOPS when compute-bound. At 128
  // heads and one query the kernel is near the knee of these two: 604 MB take 201 us, 146 GFLOP
  // 221 us.
  const AttentionWork work = WorkOfAttention(deepseek_, {128, 4096, true}, 1);
  EXPECT_NEAR(TotalFlops(work.core).value / 660e12, 221e-6, 1e-6);
  // Queries and results (71 MB for 128 rows of 128 heads) come on top of the latent's 604 MB.
  EXPECT_NEAR(TotalBytes(work.core).value / 3000e9, 201e-6 + 12e-6, 2e-6);
}

TEST_F(WorkTest, AbsorptionMultipliesTheSameWeightsAsExpansion) {
  const Flops decode = TotalFlops(WorkOfAttention(deepseek_, {1, 4096, true}, 1).projections);
  const Flops prefill = TotalFlops(WorkOfAttention(deepseek_, {1, 4096, false}, 1).projections);
  EXPECT_EQ(decode, prefill) << "kv_b is applied to queries and results instead of the latent";
}

TEST_F(WorkTest, AbsorbedProductsStayIn16BitsWhateverTheWeights) {
  // Per head, 128 x 512 into the latent and 512 x 128 out of it, for 64 rows: weights, rows in and
  // rows out, 2 bytes each, 128 heads. 33.6 + 21.0 MB: 54.5 MB a product.
  const double flops = 2.0 * 64 * 128 * 128 * 512;
  const double bytes = 128 * 2.0 * (128 * 512 + 64 * 128 + 64 * 512);
  for (const Dtype weights : {Dtype::kFp8, Dtype::kInt4, Dtype::kBf16}) {
    ModelSpec model = deepseek_;
    model.dtypes.attention_weights = weights;
    const KernelList kernels = WorkOfAttention(model, {64, 4096, true}, 1).projections;
    ASSERT_EQ(kernels.size(), 8);
    for (const std::size_t absorbed : {5u, 6u}) {
      EXPECT_EQ(kernels[absorbed].dtype, Dtype::kBf16) << ToString(weights);
      EXPECT_EQ(kernels[absorbed].flops.value, flops);
      EXPECT_EQ(kernels[absorbed].bytes.value, bytes);
      EXPECT_EQ(kernels[absorbed].kernels, 1) << "all heads in one batched product";
    }
    EXPECT_EQ(kernels[7].dtype, weights) << "the output projection is quantised";
  }
}

TEST_F(WorkTest, ExpansionInPrefillIsQuantised) {
  const KernelList kernels = WorkOfAttention(deepseek_, {64, 4096, false}, 1).projections;
  ASSERT_EQ(kernels.size(), 7);
  EXPECT_EQ(kernels[5].flops.value, 2.0 * 64 * 512 * 32768);
  EXPECT_EQ(kernels[5].dtype, Dtype::kFp8);
}

TEST_F(WorkTest, TensorRanksShareHeadsButEachReadsTheWholeLatent) {
  const TokenBatch batch{128, 4096, true};
  const AttentionWork whole = WorkOfAttention(deepseek_, batch, 1);
  const AttentionWork eighth = WorkOfAttention(deepseek_, batch, 8);
  EXPECT_EQ(TotalFlops(eighth.core).value, TotalFlops(whole.core).value / 8);
  EXPECT_GE(TotalBytes(eighth.core).value, 128.0 * 4096 * 576 * 2);
}

TEST_F(WorkTest, GroupedDecodeReadsKeysAndValuesOfItsHeads) {
  const auto cache_bytes = [&](std::uint32_t tensor) {
    return TotalBytes(WorkOfAttention(mixtral_, {16, 1000, true}, tensor).core).value -
           TotalBytes(WorkOfAttention(mixtral_, {16, 0, true}, tensor).core).value;
  };
  EXPECT_EQ(cache_bytes(1), 16.0 * 1000 * 2 * 8 * 128 * 2);
  EXPECT_EQ(cache_bytes(8), cache_bytes(1) / 8);
  EXPECT_EQ(cache_bytes(32), cache_bytes(8)) << "8 key/value heads on 32 ranks: copies";
}

TEST_F(WorkTest, GroupedPrefillByHand) {
  const AttentionWork work = WorkOfAttention(mixtral_, {2000, 1000, false}, 1);
  // Two prompts of 1000: 500 keys on average, scores and values of 32 heads of 128.
  EXPECT_EQ(TotalFlops(work.core).value, 2.0 * 2 * 2000 * 500 * 32 * 128);
  EXPECT_EQ(TotalFlops(work.projections).value, 2.0 * 2000 * AttentionParameters(mixtral_));
  EXPECT_EQ(TotalKernels(work.projections), 4) << "norm, qkv, rotary and cache, o";
}

TEST_F(WorkTest, SmallBatchesAreDominatedByWeights) {
  // One row: the projections read their weights and little else, one byte each in FP8 and a second
  // one for the 512 x 32768 that decode absorbs in BF16.
  const double weights = AttentionParameters(deepseek_) + 512.0 * 32768;
  const double bytes = TotalBytes(WorkOfAttention(deepseek_, {1, 1, true}, 1).projections).value;
  EXPECT_GT(bytes, weights);
  EXPECT_LT(bytes, 1.02 * weights);
}

TEST_F(WorkTest, NoTokensNoWork) {
  const AttentionWork attention = WorkOfAttention(deepseek_, {0, 4096, true}, 1);
  EXPECT_TRUE(attention.projections.empty() && attention.core.empty());
  for (const KernelList& kernels :
       {WorkOfRouter(deepseek_, 0), WorkOfFfn(deepseek_, 0, 18432),
        WorkOfSharedExperts(deepseek_, 0), WorkOfLmHead(deepseek_, 0, 1),
        WorkOfSharedExperts(mixtral_, 10) /* has none */, WorkOfFfn(mixtral_, 10, 0)}) {
    EXPECT_TRUE(kernels.empty());
  }
}

TEST_F(WorkTest, RouterByHand) {
  const KernelList kernels = WorkOfRouter(deepseek_, 100);
  ASSERT_EQ(kernels.size(), 3) << "norm, product, top-k";
  EXPECT_EQ(TotalKernels(kernels), 3);
  EXPECT_EQ(kernels[0].bytes.value, 4.0 * 100 * 7168 * 2) << "4 passes over the rows";
  EXPECT_EQ(kernels[1].flops.value, 2.0 * 100 * 7168 * 256);
  EXPECT_EQ(kernels[1].dtype, Dtype::kBf16) << "routers are not quantised";
  EXPECT_EQ(kernels[1].bytes.value, 7168.0 * 256 * 2 + 100 * 7168.0 * 2 + 100 * 256.0 * 4)
      << "BF16 weights and rows, FP32 logits";
  EXPECT_EQ(kernels[2].bytes.value, 100 * (256.0 * 4 + 8 * 8)) << "logits in, 8 choices out";
  EXPECT_EQ(TotalFlops(kernels), kernels[1].flops) << "norm and top-k only move bytes";
}

TEST_F(WorkTest, DenseFfnIsSharedExpertsAndANorm) {
  ModelSpec model = deepseek_;
  model.moe->shared_intermediate_size = 18432;
  const KernelList dense = WorkOfFfn(model, 64, 18432);
  const KernelList shared = WorkOfSharedExperts(model, 64);
  EXPECT_EQ(TotalFlops(dense), TotalFlops(shared));
  EXPECT_EQ(TotalFlops(dense).value, 2.0 * 64 * 3 * 7168 * 18432);
  EXPECT_EQ(TotalBytes(dense).value - TotalBytes(shared).value, 4.0 * 64 * 7168 * 2);
  EXPECT_EQ(TotalKernels(dense), TotalKernels(shared) + 1);
}

TEST_F(WorkTest, PlainFfnHasTwoMatrices) {
  ModelSpec plain = mixtral_;
  plain.ffn_matrices = 2;
  EXPECT_EQ(TotalFlops(WorkOfFfn(plain, 8, 14336)).value, 2.0 * 8 * 2 * 4096 * 14336);
}

TEST_F(WorkTest, ExpertsReadWeightsOfThoseWithTokensOnly) {
  const std::vector<std::uint32_t> none(8, 0);
  EXPECT_TRUE(WorkOfExperts(deepseek_, none, 64).empty());

  const double expert = ExpertParameters(deepseek_);  // FP8: one byte each
  const std::vector<std::uint32_t> one = {0, 1, 0, 0};
  const std::vector<std::uint32_t> two = {0, 1, 1, 0};
  const double one_bytes = TotalBytes(WorkOfExperts(deepseek_, one, 64)).value;
  const double two_bytes = TotalBytes(WorkOfExperts(deepseek_, two, 64)).value;
  EXPECT_GT(one_bytes, expert);
  EXPECT_NEAR(two_bytes - one_bytes, expert, 0.01 * expert);
}

TEST_F(WorkTest, ExpertsPadEachGroupToTiles) {
  const auto flops = [&](std::vector<std::uint32_t> rows) {
    return TotalFlops(WorkOfExperts(deepseek_, rows, 64)).value / (2 * ExpertParameters(deepseek_));
  };
  EXPECT_EQ(flops({1, 64, 65}), 64 + 64 + 128);
  EXPECT_EQ(flops({0, 130}), 192);
  EXPECT_EQ(flops({4294967295U}), 4294967296.0) << "no overflow in the rounding";
}

TEST_F(WorkTest, ExpertsOfThePublishedTrainingTrace) {
  // deepseek-ai/profile-data train.json: 4 local experts, 32768 rows, grouped products
  // 32768 x 4096 x 7168 (1792 us at 1074 TFLOPS) and 32768 x 7168 x 2048 (1005 us at 957).
  const std::vector<std::uint32_t> rows(4, 8192);
  const KernelList kernels = WorkOfExperts(deepseek_, rows, 128);
  ASSERT_EQ(kernels.size(), 5) << "permute, up and gate, activation, down, unpermute";
  EXPECT_EQ(TotalKernels(kernels), 5);
  const double up = 1792e-6 * 1074e12;
  const double down = 1005e-6 * 957e12;
  EXPECT_NEAR(kernels[1].flops.value, up, 0.01 * up);
  EXPECT_NEAR(kernels[3].flops.value, down, 0.01 * down);
  EXPECT_EQ(kernels[1].dtype, Dtype::kFp8);
  EXPECT_EQ(kernels[3].dtype, Dtype::kFp8);
  // Rows of 7168: permuted in FP8, unpermuted in BF16, read and written. Up and gate give 4096
  // elements of BF16, the activation 2048 of FP8.
  EXPECT_EQ(kernels[0].bytes.value, 2.0 * 32768 * 7168);
  EXPECT_EQ(kernels[2].bytes.value, 32768 * (4096 * 2.0 + 2048));
  EXPECT_EQ(kernels[4].bytes.value, 2.0 * 32768 * 7168 * 2);
}

TEST_F(WorkTest, MemoryBoundKernelsAddToTheExpertsProducts) {
  // The rows of the trace above on 1000 TFLOPS of FP8 and 3 TB/s. Products: 2 x 32768 x 3 x 7168 x
  // 2048 FLOPs = 2886 us. Permute 470 MB, activation 336 MB, unpermute 940 MB: 157 + 112 + 313 us,
  // which no product hides.
  const auto cost = MakeRoofline({3000_GBps, {}, 500_TFLOPs, 1000_TFLOPs, {}}, {1, 1, 1, {}});
  const std::vector<std::uint32_t> rows(4, 8192);
  const double time = TotalTime(*cost, WorkOfExperts(deepseek_, rows, 128)).value;
  EXPECT_NEAR(time, 2886e-6 + 157e-6 + 112e-6 + 313e-6, 2e-6);
}

TEST_F(WorkTest, LmHeadIsSplitOverRanksAndStaysInBf16) {
  const KernelList whole = WorkOfLmHead(deepseek_, 32, 1);
  const KernelList quarter = WorkOfLmHead(deepseek_, 32, 4);
  EXPECT_EQ(TotalFlops(whole).value, 2.0 * 32 * 7168 * 129280);
  EXPECT_EQ(TotalFlops(quarter).value, TotalFlops(whole).value / 4);
  ASSERT_EQ(whole.size(), 2) << "norm, product";
  EXPECT_EQ(whole[1].dtype, Dtype::kBf16);
}

TEST_F(WorkTest, GrowsWithTokensContextAndWidth) {
  for (const ModelSpec* model : {&deepseek_, &mixtral_}) {
    for (const bool decode : {false, true}) {
      KernelList last;
      for (double tokens = 1; tokens < 1e5; tokens *= 3) {
        const KernelList core = WorkOfAttention(*model, {tokens, 512, decode}, 1).core;
        const KernelList longer = WorkOfAttention(*model, {tokens, 1024, decode}, 1).core;
        EXPECT_GT(TotalFlops(core), TotalFlops(last));
        EXPECT_GT(TotalBytes(core), TotalBytes(last));
        EXPECT_GE(TotalFlops(longer), TotalFlops(core));
        EXPECT_GE(TotalBytes(longer), TotalBytes(core));
        last = core;
      }
    }
    EXPECT_GT(TotalBytes(WorkOfFfn(*model, 8, 2048)), TotalBytes(WorkOfFfn(*model, 8, 1024)));
  }
}

TEST_F(WorkTest, ImpossibleArgumentsAreOurBug) {
  const std::vector<std::uint32_t> rows = {1};
  EXPECT_THROW((void)WorkOfExperts(deepseek_, rows, 0), InternalError);
  EXPECT_THROW((void)WorkOfAttention(deepseek_, {1, 1, true}, 0), InternalError);
}

}  // namespace
}  // namespace switchyard
