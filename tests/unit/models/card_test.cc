#include "models/card.h"

#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "models/import/hf_config.h"
#include "sim/base/file.h"
#include "tests/unit/models/read_card.h"

namespace switchyard {
namespace {

TEST(CardTest, WritesEveryField) {
  const ModelSpec model = ReadCard("deepseek_v3");
  const std::string text = ModelCardYaml(model, "where it is from\nsecond line");
  EXPECT_EQ(text.substr(0, text.find("model:")),
            "# where it is from\n# second line\nschema_version: 1\n");
  FlatCard written = Flatten(text);
  EXPECT_EQ(written, Flatten(CardText("deepseek_v3")));
  EXPECT_EQ(written["model.dense_layers"], "0,1,2,");
  EXPECT_EQ(written["model.dtypes.expert_weights"], "fp8");
}

TEST(CardTest, LeavesOutWhatTheModelHasNot) {
  ModelSpec model = ReadCard("deepseek_v2_lite");
  EXPECT_FALSE(Flatten(ModelCardYaml(model, "")).contains("model.attention.latent.q_lora_rank"));
  model.moe.reset();
  EXPECT_EQ(ModelCardYaml(model, "").find("moe:"), std::string::npos);
}

TEST(CardTest, NamesSurviveYaml) {
  ModelSpec model = ReadCard("mixtral_8x7b");
  for (const std::string name :
       {"Mixtral-8x7B", "a: b", "# no comment", "\"quoted\\\"", "two\nlines", "tab\there", "8x7",
        "true", "null", "", " spaced "}) {
    model.name = name;
    EXPECT_EQ(Flatten(ModelCardYaml(model, "source"))["model.name"], name);
  }
}

TEST(CardTest, ASourceCannotAddFields) {
  const std::string text =
      ModelCardYaml(ReadCard("mixtral_8x7b"), "config.json\nmodel: {name: other}\r\nx: 1");
  EXPECT_EQ(Flatten(text), Flatten(CardText("mixtral_8x7b")));
}

struct CardFile {
  const char* card;
  const char* config;
};

class CardOfConfig : public testing::TestWithParam<CardFile> {};

// Each card is what the importer makes of the published config.json, its name aside.
TEST_P(CardOfConfig, EqualsTheImport) {
  const std::string path = std::string(SWITCHYARD_SOURCE_DIR) +
                           "/../shared/data/formats/hf_config/" + GetParam().config + ".json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no file " << GetParam().config << ".json";
  constexpr std::size_t kMaxBytes = 1 << 20;
  const auto imported = ImportHfConfig(ReadFile(path, kMaxBytes).value(), path);
  ASSERT_TRUE(imported.ok()) << ToString(imported.errors());
  FlatCard expected = Flatten(ModelCardYaml(imported.value().spec, ""));
  expected["model.name"] = ReadCard(GetParam().card).name;
  EXPECT_EQ(Flatten(CardText(GetParam().card)), expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cards, CardOfConfig,
    testing::Values(CardFile{"mixtral_8x7b", "mistralai--Mixtral-8x7B-v0.1"},
                    CardFile{"deepseek_v2_lite", "deepseek-ai--DeepSeek-V2-Lite"},
                    CardFile{"deepseek_v3", "deepseek-ai--DeepSeek-V3"},
                    CardFile{"qwen3_30b_a3b", "Qwen--Qwen3-30B-A3B"},
                    CardFile{"qwen3_235b_a22b", "Qwen--Qwen3-235B-A22B"},
                    CardFile{"olmoe_1b_7b", "transcribed/allenai--OLMoE-1B-7B"},
                    CardFile{"gpt_oss_20b", "openai--gpt-oss-20b"},
                    CardFile{"llama4_scout", "meta-llama--Llama-4-Scout-17B-16E-Instruct"},
                    CardFile{"kimi_k2", "moonshotai--Kimi-K2-Instruct"}),
    [](const auto& param) { return std::string(param.param.card); });

}  // namespace
}  // namespace switchyard
