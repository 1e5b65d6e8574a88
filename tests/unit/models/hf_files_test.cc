// Published config.json files, where the folder of example inputs is present, against the figures
// their publishers state.
#include <filesystem>
#include <ostream>
#include <string>

#include <gtest/gtest.h>

#include "models/import/hf_config.h"
#include "sim/base/file.h"

namespace switchyard {
namespace {

constexpr auto kSoftmax = ScoreFunction::kSoftmax;
constexpr auto kSigmoid = ScoreFunction::kSigmoid;
constexpr auto kSqrtSoftplus = ScoreFunction::kSqrtSoftplus;

struct Expected {
  const char* file;
  std::uint32_t hidden, layers, moe_layers, heads;
  std::uint32_t kv_heads, head_dim;  // of latent attention: kv_lora_rank, q_lora_rank (0: none)
  std::uint32_t dense_width, experts, top_k, width, shared, groups, topk_groups;
  ScoreFunction score;
};

std::ostream& operator<<(std::ostream& out, const Expected& row) { return out << row.file; }

const Expected kExpected[] = {
    {"mistralai--Mixtral-8x7B-v0.1", 4096, 32, 32, 32, 8, 128, 0, 8, 2, 14336, 0, 1, 1, kSoftmax},
    {"mistralai--Mixtral-8x22B-v0.1", 6144, 56, 56, 48, 8, 128, 0, 8, 2, 16384, 0, 1, 1, kSoftmax},
    {"transcribed/deepseek-ai--DeepSeek-V2", 5120, 60, 59, 128, 512, 1536, 12288, 160, 6, 1536,
     3072, 8, 3, kSoftmax},
    {"deepseek-native-config_236B", 5120, 60, 59, 128, 512, 1536, 12288, 160, 6, 1536, 3072, 8, 3,
     kSoftmax},
    {"deepseek-ai--DeepSeek-V2-Lite", 2048, 27, 26, 16, 512, 0, 10944, 64, 6, 1408, 2816, 1, 1,
     kSoftmax},
    {"deepseek-ai--DeepSeek-V3", 7168, 61, 58, 128, 512, 1536, 18432, 256, 8, 2048, 2048, 8, 4,
     kSigmoid},
    {"deepseek-ai--DeepSeek-R1", 7168, 61, 58, 128, 512, 1536, 18432, 256, 8, 2048, 2048, 8, 4,
     kSigmoid},
    {"deepseek-ai--DeepSeek-V3.2", 7168, 61, 58, 128, 512, 1536, 18432, 256, 8, 2048, 2048, 8, 4,
     kSigmoid},
    {"deepseek-native-config_671B", 7168, 61, 58, 128, 512, 1536, 18432, 256, 8, 2048, 2048, 8, 4,
     kSigmoid},
    {"deepseek-ai--DeepSeek-V4-Flash", 4096, 43, 43, 64, 1, 512, 0, 256, 6, 2048, 2048, 1, 1,
     kSqrtSoftplus},
    {"transcribed/Qwen--Qwen2-57B-A14B", 3584, 28, 28, 28, 4, 128, 18944, 64, 8, 2560, 20480, 1, 1,
     kSoftmax},
    {"Qwen--Qwen3-30B-A3B", 2048, 48, 48, 32, 4, 128, 6144, 128, 8, 768, 0, 1, 1, kSoftmax},
    {"Qwen--Qwen3-235B-A22B", 4096, 94, 94, 64, 4, 128, 12288, 128, 8, 1536, 0, 1, 1, kSoftmax},
    {"Qwen--Qwen3-Coder-480B-A35B-Instruct", 6144, 62, 62, 96, 8, 128, 8192, 160, 8, 2560, 0, 1, 1,
     kSoftmax},
    {"Qwen--Qwen3-Next-80B-A3B", 2048, 48, 48, 16, 2, 256, 5120, 512, 10, 512, 512, 1, 1, kSoftmax},
    {"Qwen--Qwen3.5-35B-A3B", 2048, 40, 40, 16, 2, 256, 0, 256, 8, 512, 512, 1, 1, kSoftmax},
    {"transcribed/allenai--OLMoE-1B-7B", 2048, 16, 16, 16, 16, 128, 0, 64, 8, 1024, 0, 1, 1,
     kSoftmax},
    {"openai--gpt-oss-20b", 2880, 24, 24, 64, 8, 64, 0, 32, 4, 2880, 0, 1, 1, kSoftmax},
    {"meta-llama--Llama-4-Scout-17B-16E-Instruct", 5120, 48, 48, 40, 8, 128, 16384, 16, 1, 8192,
     8192, 1, 1, kSigmoid},
    {"meta-llama--Llama-4-Maverick-17B-128E-Instruct", 5120, 48, 24, 40, 8, 128, 16384, 128, 1,
     8192, 8192, 1, 1, kSigmoid},
    {"transcribed/zai-org--GLM-4.5-Air", 4096, 46, 45, 96, 8, 128, 10944, 128, 8, 1408, 1408, 1, 1,
     kSigmoid},
    {"moonshotai--Kimi-K2-Instruct", 7168, 61, 60, 64, 512, 1536, 18432, 384, 8, 2048, 2048, 1, 1,
     kSigmoid},
    {"moonshotai--Kimi-K2.5", 7168, 61, 60, 64, 512, 1536, 18432, 384, 8, 2048, 2048, 1, 1,
     kSigmoid},
    {"transcribed/microsoft--Phi-3.5-MoE-instruct", 4096, 32, 32, 32, 8, 128, 0, 16, 2, 6400, 0, 1,
     1, kSoftmax},
    {"microsoft--Phi-mini-MoE-instruct", 4096, 32, 32, 32, 8, 128, 0, 16, 2, 960, 0, 1, 1,
     kSoftmax},
    {"transcribed/google--switch-base-8", 768, 12, 3, 12, 12, 64, 2048, 8, 1, 2048, 0, 1, 1,
     kSoftmax},
};

std::filesystem::path Folder() {
  return std::filesystem::path(SWITCHYARD_SOURCE_DIR) / "../shared/data/formats/hf_config";
}

Result<ImportedModel> Import(const std::string& name) {
  constexpr std::size_t kMaxBytes = 1 << 20;
  const std::filesystem::path path = Folder() / (name + ".json");
  return ImportHfConfig(ReadFile(path, kMaxBytes).value(), path.filename().string());
}

class HfFile : public testing::TestWithParam<Expected> {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(Folder())) GTEST_SKIP() << "no folder of example configs";
  }
};

TEST_P(HfFile, HasItsPublishedFigures) {
  const Expected& row = GetParam();
  const auto imported = Import(row.file);
  ASSERT_TRUE(imported.ok()) << ToString(imported.errors());
  const ModelSpec& model = imported.value().spec;
  EXPECT_EQ(model.hidden_size, row.hidden);
  EXPECT_EQ(model.num_layers, row.layers);
  EXPECT_EQ(model.NumMoeLayers(), row.moe_layers);
  EXPECT_EQ(model.dense_intermediate_size, row.dense_width);
  ASSERT_TRUE(model.moe.has_value());
  EXPECT_EQ(model.moe->num_experts, row.experts);
  EXPECT_EQ(model.moe->top_k, row.top_k);
  EXPECT_EQ(model.moe->intermediate_size, row.width);
  EXPECT_EQ(model.moe->shared_intermediate_size, row.shared);
  EXPECT_EQ(model.moe->num_groups, row.groups);
  EXPECT_EQ(model.moe->topk_groups, row.topk_groups);
  EXPECT_EQ(model.moe->score, row.score);
  if (const auto* latent = std::get_if<LatentAttention>(&model.attention)) {
    EXPECT_EQ(latent->heads, row.heads);
    EXPECT_EQ(latent->kv_lora_rank, row.kv_heads);
    EXPECT_EQ(latent->q_lora_rank.value_or(0), row.head_dim);
    EXPECT_EQ(latent->qk_nope_head_dim, 128U);
    EXPECT_EQ(latent->qk_rope_head_dim, 64U);
    EXPECT_EQ(latent->v_head_dim, 128U);
    return;
  }
  const auto& grouped = std::get<GroupedAttention>(model.attention);
  EXPECT_EQ(grouped.heads, row.heads);
  EXPECT_EQ(grouped.kv_heads, row.kv_heads);
  EXPECT_EQ(grouped.head_dim, row.head_dim);
}

INSTANTIATE_TEST_SUITE_P(Published, HfFile, testing::ValuesIn(kExpected));

TEST(HfFiles, EveryFileOfTheFolderImports) {
  if (!std::filesystem::exists(Folder())) GTEST_SKIP() << "no folder of example configs";
  std::size_t files = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(Folder())) {
    if (entry.path().extension() != ".json") continue;
    constexpr std::size_t kMaxBytes = 1 << 20;
    const auto imported =
        ImportHfConfig(ReadFile(entry.path(), kMaxBytes).value(), entry.path().string());
    EXPECT_TRUE(imported.ok()) << ToString(imported.errors());
    ++files;
  }
  EXPECT_EQ(files, std::size(kExpected)) << "a file without a row in the table above, or a row "
                                            "without a file";
}

TEST(HfFiles, DtypesFollowTheQuantization) {
  if (!std::filesystem::exists(Folder())) GTEST_SKIP() << "no folder of example configs";
  struct {
    const char* file;
    Dtype attention;
    Dtype expert;
  } const rows[] = {
      {"deepseek-ai--DeepSeek-V3", Dtype::kFp8, Dtype::kFp8},
      {"deepseek-native-config_671B", Dtype::kFp8, Dtype::kFp8},
      {"deepseek-ai--DeepSeek-V4-Flash", Dtype::kFp8, Dtype::kFp4},
      {"openai--gpt-oss-20b", Dtype::kBf16, Dtype::kFp4},
      {"moonshotai--Kimi-K2.5", Dtype::kBf16, Dtype::kInt4},
      {"mistralai--Mixtral-8x7B-v0.1", Dtype::kBf16, Dtype::kBf16},
  };
  for (const auto& row : rows) {
    const ModelDtypes dtypes = Import(row.file).value().spec.dtypes;
    EXPECT_EQ(dtypes.attention_weights, row.attention) << row.file;
    EXPECT_EQ(dtypes.expert_weights, row.expert) << row.file;
    EXPECT_EQ(dtypes.activations, Dtype::kBf16) << row.file;
    EXPECT_EQ(dtypes.kv_cache, Dtype::kBf16) << row.file;
  }
}

TEST(HfFiles, WhereTheDenseLayersAre) {
  if (!std::filesystem::exists(Folder())) GTEST_SKIP() << "no folder of example configs";
  EXPECT_EQ(Import("deepseek-ai--DeepSeek-V3").value().spec.dense_layers,
            (std::vector<std::uint32_t>{0, 1, 2}));
  // Every second layer is MoE, from layer 1.
  const auto maverick = Import("meta-llama--Llama-4-Maverick-17B-128E-Instruct").value();
  EXPECT_EQ(maverick.spec.dense_layers.front(), 0U);
  EXPECT_TRUE(maverick.spec.IsMoeLayer(1));
  // Of 12 layers, 1, 5 and 9.
  const auto switch_base = Import("transcribed/google--switch-base-8").value();
  EXPECT_TRUE(switch_base.spec.IsMoeLayer(1));
  EXPECT_TRUE(switch_base.spec.IsMoeLayer(9));
  EXPECT_EQ(switch_base.spec.ffn_matrices, 2U);
}

}  // namespace
}  // namespace switchyard
