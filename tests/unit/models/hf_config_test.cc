#include "models/import/hf_config.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/unit/models/hf_snippets.h"

namespace switchyard {
namespace {

using Layers = std::vector<std::uint32_t>;

ImportedModel Import(const nlohmann::json& config) {
  auto imported = ImportHfConfig(config.dump(), "config.json");
  if (imported.ok()) return imported.value();
  ADD_FAILURE() << ToString(imported.errors());
  return {};
}

bool HasNote(const ImportedModel& imported, std::string_view words) {
  for (const std::string& note : imported.notes) {
    if (note.find(words) != std::string::npos) return true;
  }
  return false;
}

TEST(HfConfigTest, MixtralIntermediateSizeIsTheExperts) {
  const ImportedModel imported = Import(MixtralConfig());
  const ModelSpec& model = imported.spec;
  EXPECT_EQ(model.moe->intermediate_size, 896U);
  EXPECT_EQ(model.dense_intermediate_size, 0U);
  EXPECT_EQ(model.NumMoeLayers(), 4U);
  const auto& attention = std::get<GroupedAttention>(model.attention);
  EXPECT_EQ(attention.kv_heads, 2U);
  EXPECT_EQ(attention.head_dim, 512U / 8);
  EXPECT_TRUE(HasNote(imported, "softmax, as the modelling code of mixtral has it"));
}

TEST(HfConfigTest, DeepSeek) {
  const ModelSpec model = Import(DeepSeekConfig()).spec;
  EXPECT_EQ(model.dense_layers, (Layers{0}));
  EXPECT_EQ(model.dense_intermediate_size, 1024U);
  EXPECT_EQ(model.moe->shared_intermediate_size, 2U * 128);
  EXPECT_EQ(model.moe->num_groups, 4U);
  EXPECT_EQ(model.moe->topk_groups, 2U);
  EXPECT_EQ(model.moe->score, ScoreFunction::kSigmoid);
  EXPECT_EQ(model.dtypes.expert_weights, Dtype::kFp8);
  EXPECT_EQ(model.dtypes.activations, Dtype::kBf16);
  EXPECT_EQ(std::get<LatentAttention>(model.attention).q_lora_rank, 96U);
}

TEST(HfConfigTest, NullQueryRankIsAFullProjection) {
  auto config = DeepSeekConfig();
  config["q_lora_rank"] = nullptr;
  EXPECT_FALSE(std::get<LatentAttention>(Import(config).spec.attention).q_lora_rank.has_value());
}

TEST(HfConfigTest, NullIsAsAbsent) {
  auto config = MixtralConfig();
  config["head_dim"] = nullptr;
  config["moe_intermediate_size"] = nullptr;
  config["num_key_value_heads"] = nullptr;  // multi-head attention
  const ModelSpec model = Import(config).spec;
  EXPECT_EQ(std::get<GroupedAttention>(model.attention).head_dim, 64U);
  EXPECT_EQ(std::get<GroupedAttention>(model.attention).kv_heads, 8U);
  EXPECT_EQ(model.moe->intermediate_size, 896U);
}

TEST(HfConfigTest, MoeLayerFrequencyIsAPeriodOrAList) {
  auto config = DeepSeekConfig();
  config["moe_layer_freq"] = 2;  // of layers 1..5 the even ones
  EXPECT_EQ(Import(config).spec.dense_layers, (Layers{0, 1, 3, 5}));
  config["moe_layer_freq"] = {0, 1, 1, 0, 1, 1};
  EXPECT_EQ(Import(config).spec.dense_layers, (Layers{0, 3}));
}

TEST(HfConfigTest, DeepSeekNativeNames) {
  const ImportedModel imported = Import(DeepSeekNativeConfig());
  const ModelSpec& model = imported.spec;
  EXPECT_EQ(model.hidden_size, 512U);
  EXPECT_EQ(model.num_layers, 5U);
  EXPECT_EQ(model.dense_layers, (Layers{0, 1}));
  EXPECT_EQ(model.moe->top_k, 4U);
  EXPECT_EQ(model.moe->topk_groups, 2U);
  EXPECT_EQ(model.dtypes.attention_weights, Dtype::kFp8);
  EXPECT_EQ(model.dtypes.kv_cache, Dtype::kBf16);
  EXPECT_FALSE(std::get<LatentAttention>(model.attention).q_lora_rank.has_value());
  EXPECT_TRUE(HasNote(imported, "score_func is not stated; softmax"));
}

TEST(HfConfigTest, Llama4IsNestedAndHasAnImplicitSharedExpert) {
  const ImportedModel imported = Import(Llama4Config());
  const ModelSpec& model = imported.spec;
  EXPECT_EQ(model.moe->intermediate_size, 256U);
  EXPECT_EQ(model.moe->shared_intermediate_size, 256U);
  EXPECT_EQ(model.dense_intermediate_size, 1024U);
  EXPECT_EQ(model.dense_layers, (Layers{0, 2}));
  EXPECT_EQ(model.moe->score, ScoreFunction::kSigmoid);
  EXPECT_EQ(model.dtypes.activations, Dtype::kFp16) << "torch_dtype of the outer object";
  auto config = Llama4Config();
  config["text_config"]["moe_layers"] = {3};
  EXPECT_EQ(Import(config).spec.dense_layers, (Layers{0, 1, 2}));
}

TEST(HfConfigTest, QwenSparseStepAndMlpOnlyLayers) {
  const ModelSpec model = Import(Qwen2Config()).spec;
  // Step 2: layers 1, 3 and 5; 5 is listed as dense.
  EXPECT_EQ(model.dense_layers, (Layers{0, 2, 4, 5}));
  EXPECT_EQ(model.moe->shared_intermediate_size, 640U);
  EXPECT_TRUE(model.tied_embeddings);
}

TEST(HfConfigTest, UnknownFamiliesImportWhenTheyStateEverything) {
  auto config = DeepSeekConfig();
  config["model_type"] = "brand_new";
  const ImportedModel imported = Import(config);
  EXPECT_EQ(imported.spec.moe->num_experts, 16U);
  EXPECT_TRUE(HasNote(imported, "model_type 'brand_new' is not a known family"));
}

TEST(HfConfigTest, WithoutExpertKeysAnUnknownFamilyIsDense) {
  auto config = MixtralConfig();
  config["model_type"] = "llama";
  config.erase("num_local_experts");
  config.erase("num_experts_per_tok");
  const ImportedModel imported = Import(config);
  EXPECT_FALSE(imported.spec.moe.has_value());
  EXPECT_EQ(imported.spec.dense_layers, (Layers{0, 1, 2, 3}));
  EXPECT_EQ(imported.spec.dense_intermediate_size, 896U);
  EXPECT_TRUE(HasNote(imported, "imported as a dense model"));
}

TEST(HfConfigTest, WhatIsNotStatedIsNoted) {
  auto config = MixtralConfig();
  config.erase("torch_dtype");
  config.erase("tie_word_embeddings");
  config["num_nextn_predict_layers"] = 1;
  const ImportedModel imported = Import(config);
  EXPECT_TRUE(HasNote(imported, "torch_dtype is not stated; bf16"));
  EXPECT_TRUE(HasNote(imported, "tie_word_embeddings is not stated; taken as false"));
  EXPECT_TRUE(HasNote(imported, "multi-token prediction"));
}

TEST(HfConfigTest, QuantizationFormats) {
  const auto dtypes = [](const char* quantization) {
    auto config = MixtralConfig();
    config["quantization_config"] = nlohmann::json::parse(quantization);
    return Import(config).spec.dtypes;
  };
  EXPECT_EQ(dtypes(R"({"quant_method": "gptq", "bits": 4})").attention_weights, Dtype::kInt4);
  EXPECT_EQ(dtypes(R"({"quant_method": "awq", "bits": 8})").expert_weights, Dtype::kInt8);
  EXPECT_EQ(dtypes(R"({"quant_method": "modelopt", "quant_algo": "NVFP4"})").expert_weights,
            Dtype::kFp4);
  const ModelDtypes mixed = dtypes(R"({"quant_method": "compressed-tensors",
      "config_groups": {"g": {"weights": {"num_bits": 8, "type": "float"}}},
      "ignore": ["re:.*self_attn.*"]})");
  EXPECT_EQ(mixed.expert_weights, Dtype::kFp8);
  EXPECT_EQ(mixed.attention_weights, Dtype::kBf16);
}

TEST(HfConfigTest, TheNameIsTheFilesOrItsFolders) {
  const std::string text = MixtralConfig().dump();
  EXPECT_EQ(ImportHfConfig(text, "a/b/Model-X.json").value().spec.name, "Model-X");
  EXPECT_EQ(ImportHfConfig(text, "a/Model-Y/config.json").value().spec.name, "Model-Y");
  EXPECT_EQ(ImportHfConfig(text, "config.json").value().spec.name, "mixtral");
  EXPECT_EQ(ImportHfConfig(text, "bad\x1b[31m.json").value().spec.name, "bad_[31m");
}

TEST(HfConfigTest, WhatImportsHasFiniteFigures) {
  for (const auto& config :
       {MixtralConfig(), DeepSeekConfig(), Llama4Config(), Qwen2Config(), DeepSeekNativeConfig()}) {
    const ModelSpec model = Import(config).spec;
    const double total = CountParameters(model).Total();
    EXPECT_GT(total, CountActiveParameters(model));
    EXPECT_GT(CountActiveParameters(model), 0);
    EXPECT_GT(KvBytesPerToken(model).value, 0);
  }
}

}  // namespace
}  // namespace switchyard
