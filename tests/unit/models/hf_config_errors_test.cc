// What the importer refuses, and how it says so.
#include <string>

#include <gtest/gtest.h>

#include "models/import/hf_config.h"
#include "tests/unit/models/hf_snippets.h"

namespace switchyard {
namespace {

std::string ErrorsOf(const std::string& text) {
  const auto imported = ImportHfConfig(text, "config.json");
  return imported.ok() ? "" : ToString(imported.errors());
}
std::string ErrorsOf(const nlohmann::json& config) { return ErrorsOf(config.dump(1)); }

void ExpectMention(const std::string& errors, const std::string& words) {
  EXPECT_NE(errors.find(words), std::string::npos) << "no \"" << words << "\" in:\n" << errors;
}

TEST(HfConfigErrorsTest, EveryMissingKeyIsNamedAtOnce) {
  auto config = MixtralConfig();
  config.erase("hidden_size");
  config.erase("num_key_value_heads");
  config.erase("num_experts_per_tok");
  const std::string errors = ErrorsOf(config);
  ExpectMention(errors,
                "config.json: error: hidden_size: missing; a whole number from 1 to 1048576 is "
                "needed (also read: d_model, dim); published files leave out keys equal to a "
                "default of their model class, which is not filled in here\n");
  ExpectMention(errors, "num_key_value_heads: missing");
  ExpectMention(errors, "num_experts_per_tok: missing");
}

// Keys whose class default differs from published checkpoints: absent, they are errors.
TEST(HfConfigErrorsTest, ClassDefaultsAreNotGuessed) {
  for (const char* key : {"n_group", "topk_group", "first_k_dense_replace", "n_shared_experts",
                          "q_lora_rank", "kv_lora_rank", "v_head_dim", "moe_intermediate_size",
                          "intermediate_size", "n_routed_experts", "vocab_size"}) {
    auto config = DeepSeekConfig();
    config.erase(key);
    ExpectMention(ErrorsOf(config), std::string(key) + ": missing");
  }
  auto qwen = Qwen2Config();
  qwen.erase("shared_expert_intermediate_size");
  ExpectMention(ErrorsOf(qwen), "shared_expert_intermediate_size: missing");
  auto llama = Llama4Config();
  llama["text_config"].erase("head_dim");
  llama["text_config"].erase("interleave_moe_layer_step");
  ExpectMention(ErrorsOf(llama), "head_dim: missing");
  ExpectMention(ErrorsOf(llama), "interleave_moe_layer_step: missing");
  auto native = DeepSeekNativeConfig();
  native.erase("n_dense_layers");
  ExpectMention(ErrorsOf(native), "n_dense_layers");
}

TEST(HfConfigErrorsTest, AmbiguousWidth) {
  auto config = MixtralConfig();
  config["model_type"] = "brand_new";
  config["scoring_func"] = "softmax";
  const std::string errors = ErrorsOf(config);
  ExpectMention(errors, "intermediate_size: ambiguous");
  ExpectMention(errors, "state moe_intermediate_size");
}

TEST(HfConfigErrorsTest, UnknownFamiliesMustStateTheScore) {
  auto config = DeepSeekConfig();
  config["model_type"] = "brand_new";
  config.erase("scoring_func");
  ExpectMention(ErrorsOf(config), "scoring_func: missing; softmax, sigmoid or sqrtsoftplus");
}

TEST(HfConfigErrorsTest, ContradictingAliases) {
  auto config = MixtralConfig();
  config["experts_per_token"] = 4;
  ExpectMention(ErrorsOf(config),
                "experts_per_token: found 4, but 'num_experts_per_tok', another name of the same "
                "quantity, is 2; keep one of them");
  config["experts_per_token"] = 2;
  EXPECT_EQ(ErrorsOf(config), "");
}

TEST(HfConfigErrorsTest, ValuesOfTheWrongKindOrRangeNameTheirPlace) {
  const std::string text = R"({"model_type": "mixtral",
  "hidden_size": "512", "num_hidden_layers": 0, "vocab_size": 1e3, "num_attention_heads": -8,
  "num_key_value_heads": true, "intermediate_size": 4294967297, "num_local_experts": [8],
  "num_experts_per_tok": {}})";
  const std::string errors = ErrorsOf(text);
  ExpectMention(errors,
                "config.json:2:3: error: hidden_size: found \"512\"; a whole number from 1 to "
                "1048576 is needed\n");
  ExpectMention(errors, "config.json:2:25: error: num_hidden_layers: found 0;");
  ExpectMention(errors, "vocab_size: found 1000");
  ExpectMention(errors, "num_attention_heads: found -8;");
  ExpectMention(errors, "config.json:3:3: error: num_key_value_heads: found true;");
  ExpectMention(errors, "intermediate_size: found 4294967297;");
  ExpectMention(errors, "num_local_experts: found a list of 1;");
  ExpectMention(errors, "num_experts_per_tok: found an object;");
}

TEST(HfConfigErrorsTest, FiguresThatContradictEachOther) {
  const auto with = [](nlohmann::json config, const char* key, const nlohmann::json& value) {
    config[key] = value;
    return ErrorsOf(config);
  };
  ExpectMention(with(MixtralConfig(), "num_experts_per_tok", 9), "found 9; at most the 8 experts");
  ExpectMention(with(MixtralConfig(), "num_key_value_heads", 3),
                "found 3; a divisor of the 8 attention heads is needed");
  ExpectMention(with(MixtralConfig(), "hidden_size", 510), "not a multiple of 8 heads");
  ExpectMention(with(DeepSeekConfig(), "n_group", 5), "found 5; a divisor of the 16 experts");
  ExpectMention(with(DeepSeekConfig(), "topk_group", 5), "found 5; at most the 4 groups");
  ExpectMention(with(DeepSeekConfig(), "first_k_dense_replace", 6), "none of its layers is an MoE");
  ExpectMention(with(DeepSeekConfig(), "first_k_dense_replace", 7), "from 0 to 6 is needed");
  ExpectMention(with(DeepSeekConfig(), "moe_layer_freq", {0, 1}), "found a list of 2; one 0 or 1");
  ExpectMention(with(DeepSeekConfig(), "moe_layer_freq", {0, 1, 2, 1, 1, 1}), "entry 2 is 2;");
  ExpectMention(with(Qwen2Config(), "mlp_only_layers", {6}), "entry 0 is 6;");
}

TEST(HfConfigErrorsTest, NamesOutsideTheirLists) {
  auto config = DeepSeekConfig();
  config["scoring_func"] = "sigmoidal";
  config["torch_dtype"] = "bfloat17";
  config["quantization_config"] = {{"quant_method", "magic"}};
  const std::string errors = ErrorsOf(config);
  ExpectMention(errors, "scoring_func: found \"sigmoidal\"; did you mean 'sigmoid'?");
  ExpectMention(errors, "torch_dtype: found \"bfloat17\"; did you mean 'bfloat16'?");
  ExpectMention(errors, "quant_method \"magic\" with these settings is not known; allowed: fp8,");
}

TEST(HfConfigErrorsTest, OtherArchitecturesAreRefusedWithAReason) {
  auto config = DeepSeekConfig();
  config["model_type"] = "nemotron_h";
  config["hybrid_override_pattern"] = "M-M*";
  ExpectMention(ErrorsOf(config), "hybrid_override_pattern: layers of different kinds");
}

TEST(HfConfigErrorsTest, PythonIsNotJson) {
  ExpectMention(ErrorsOf(std::string("{\"model_type\": \"mixtral\",\n\"use_cache\": True}")),
                "config.json:2:14: error:");
  ExpectMention(ErrorsOf(std::string("{\"use_cache\": True}")), "'True' is Python, not JSON");
}

TEST(HfConfigErrorsTest, NotAConfigurationAtAll) {
  ExpectMention(ErrorsOf(std::string("[1, 2]")),
                "config.json: error: found a list of 2; a configuration is one JSON object\n");
  for (const std::string text :
       {"{}", "null", "{\"text_config\": 3}", "{\"text_config\": {}}", "{\"model_type\": 3}",
        "{\"dim\": 1, \"n_layers\": 1}", "{\"model_type\": \"switch_transformers\"}"}) {
    EXPECT_NE(ErrorsOf(text), "") << text;
  }
}

// One value after the other of every key is replaced by something of another kind: an error or an
// import, never an exception.
TEST(HfConfigErrorsTest, AnyValueInAnyKeyIsSurvived) {
  const nlohmann::json values[] = {nullptr,
                                   true,
                                   0,
                                   -1,
                                   1.5,
                                   9007199254740993,
                                   "text",
                                   "",
                                   nlohmann::json::array(),
                                   {1, 2, 3},
                                   {-1},
                                   {"x"},
                                   nlohmann::json::object(),
                                   {{"bits", 4}}};
  for (auto config : {MixtralConfig(), DeepSeekConfig(), Llama4Config()["text_config"],
                      Qwen2Config(), DeepSeekNativeConfig()}) {
    for (auto& entry : config.items()) {
      const nlohmann::json kept = entry.value();
      for (const auto& value : values) {
        config[entry.key()] = value;
        EXPECT_NO_THROW((void)ImportHfConfig(config.dump(), "config.json"));
      }
      config[entry.key()] = kept;
    }
  }
}

}  // namespace
}  // namespace switchyard
