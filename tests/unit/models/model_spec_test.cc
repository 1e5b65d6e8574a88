#include "models/model_spec.h"

#include <gtest/gtest.h>

#include "tests/unit/models/read_card.h"

namespace switchyard {
namespace {

constexpr double kBillion = 1e9;

struct Published {
  const char* card;
  double total;   // billions, as published
  double active;  // billions, as published
  bool active_has_input_embedding;
};

class PublishedTotals : public testing::TestWithParam<Published> {};

// Sources in the cards. A published total is rounded to its last digit, and some publishers leave
// the input embedding out of the parameters per token (a token reads one of its rows).
TEST_P(PublishedTotals, AreReached) {
  const Published& published = GetParam();
  const ModelSpec model = ReadCard(published.card);
  const double embedding = static_cast<double>(model.hidden_size) * model.vocab_size;
  const double active =
      CountActiveParameters(model) - (published.active_has_input_embedding ? 0 : embedding);
  EXPECT_NEAR(CountParameters(model).Total() / kBillion, published.total, 0.005 * published.total);
  EXPECT_NEAR(active / kBillion, published.active, 0.03 * published.active);
}

INSTANTIATE_TEST_SUITE_P(Cards, PublishedTotals,
                         testing::Values(Published{"mixtral_8x7b", 46.7, 12.9, true},
                                         Published{"deepseek_v2_lite", 15.7, 2.4, false},
                                         Published{"deepseek_v3", 671, 37, true},
                                         Published{"qwen3_30b_a3b", 30.5, 3.3, true},
                                         Published{"qwen3_235b_a22b", 235, 22, true},
                                         Published{"olmoe_1b_7b", 6.92, 1.3, true},
                                         Published{"gpt_oss_20b", 20.9, 3.6, false},
                                         Published{"llama4_scout", 107.8, 17, true},
                                         Published{"kimi_k2", 1026, 32, false}),
                         [](const auto& param) { return std::string(param.param.card); });

TEST(ParameterCountTest, MixtralByHand) {
  const ParameterCount count = CountParameters(ReadCard("mixtral_8x7b"));
  EXPECT_EQ(count.embedding, 2.0 * 32000 * 4096);
  // q and o: 4096 x 4096; k and v: 4096 x (8 heads of 128).
  EXPECT_EQ(count.attention, 32.0 * (2 * 4096.0 * 4096 + 2 * 4096.0 * 1024));
  EXPECT_EQ(count.routed_experts, 32.0 * 8 * 3 * 4096 * 14336);
  EXPECT_EQ(count.router, 32.0 * 4096 * 8);
  EXPECT_EQ(count.norms, 65.0 * 4096);
  EXPECT_EQ(count.dense_ffn, 0);
  EXPECT_EQ(count.shared_experts, 0);
}

TEST(ParameterCountTest, DeepSeekV3LatentAttentionByHand) {
  const ModelSpec model = ReadCard("deepseek_v3");
  // The five matrices of a layer: q_a 7168x1536, q_b 1536x(128*192), kv_a 7168x(512+64),
  // kv_b 512x(128*256), o (128*128)x7168: 187.1 M.
  EXPECT_EQ(AttentionParameters(model),
            7168.0 * 1536 + 1536.0 * 24576 + 7168.0 * 576 + 512.0 * 32768 + 16384.0 * 7168);
  EXPECT_EQ(ExpertParameters(model), 3.0 * 7168 * 2048);  // 44.04 M
  EXPECT_EQ(CountParameters(model).dense_ffn, 3.0 * 3 * 7168 * 18432);
}

TEST(ParameterCountTest, TiedEmbeddingsCountOnce) {
  ModelSpec model = ReadCard("olmoe_1b_7b");
  const double untied = CountParameters(model).Total();
  model.tied_embeddings = true;
  EXPECT_EQ(untied - CountParameters(model).Total(), 2048.0 * 50304);
}

TEST(ParameterCountTest, OfADenseModelAllAreActive) {
  ModelSpec model = ReadCard("mixtral_8x7b");
  model.moe.reset();
  model.dense_intermediate_size = 14336;
  for (std::uint32_t layer = 0; layer < model.num_layers; ++layer) {
    model.dense_layers.push_back(layer);
  }
  EXPECT_EQ(model.NumMoeLayers(), 0U);
  EXPECT_FALSE(model.IsMoeLayer(0));
  EXPECT_EQ(ExpertParameters(model), 0);
  EXPECT_EQ(CountActiveParameters(model), CountParameters(model).Total());
  // Llama-like 7 B: 32 x (41.9 M + 176.2 M) + 262 M.
  EXPECT_NEAR(CountParameters(model).Total() / kBillion, 7.24, 0.01);
}

TEST(KvCacheTest, ByHand) {
  // (512 + 64) elements of BF16 in 61 layers.
  EXPECT_EQ(KvBytesPerToken(ReadCard("deepseek_v3")).value, 576.0 * 2 * 61);
  EXPECT_EQ(576 * 2 * 61, 70272);
  // Keys and values of 8 heads of 128 in 32 layers.
  EXPECT_EQ(KvBytesPerToken(ReadCard("mixtral_8x7b")).value, 2.0 * 8 * 128 * 2 * 32);
  EXPECT_EQ(2 * 8 * 128 * 2 * 32, 131072);
}

TEST(KvCacheTest, HalvesInFp8) {
  ModelSpec model = ReadCard("deepseek_v3");
  const double bf16 = KvBytesPerToken(model).value;
  model.dtypes.kv_cache = Dtype::kFp8;
  EXPECT_EQ(KvBytesPerToken(model).value, bf16 / 2);
}

TEST(ModelSpecTest, TellsMoeFromDenseLayers) {
  const ModelSpec model = ReadCard("deepseek_v3");
  EXPECT_FALSE(model.IsMoeLayer(2));
  EXPECT_TRUE(model.IsMoeLayer(3));
  EXPECT_TRUE(model.IsMoeLayer(60));
  EXPECT_FALSE(model.IsMoeLayer(61)) << "there are 61 layers";
  EXPECT_EQ(model.NumMoeLayers(), 58U);
}

TEST(DtypeTest, NamesAndSizes) {
  EXPECT_EQ(BytesPerElement(Dtype::kFp32), 4);
  EXPECT_EQ(BytesPerElement(Dtype::kFp16), 2);
  EXPECT_EQ(BytesPerElement(Dtype::kInt8), 1);
  EXPECT_EQ(BytesPerElement(Dtype::kInt4), 0.5);
  EXPECT_EQ(ToString(Dtype::kFp8), "fp8");
  EXPECT_EQ(ToString(ScoreFunction::kSqrtSoftplus), "sqrtsoftplus");
}

}  // namespace
}  // namespace switchyard
