#include "models/summary.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/unit/models/read_card.h"

namespace switchyard {
namespace {

TEST(SummaryTest, JsonHasTheFieldsInOrder) {
  const auto json = nlohmann::ordered_json::parse(SummaryJson(Summarize(ReadCard("deepseek_v3"))));
  std::vector<std::string> keys;
  for (const auto& [key, value] : json.items()) keys.push_back(key);
  EXPECT_EQ(keys,
            (std::vector<std::string>{
                "name", "hidden_size", "num_layers", "num_moe_layers", "num_experts", "top_k",
                "moe_intermediate_size", "shared_intermediate_size", "num_groups", "topk_groups",
                "score_function", "params_total", "params_active", "kv_bytes_per_token"}));
  EXPECT_EQ(json["num_moe_layers"], 58);
  EXPECT_EQ(json["score_function"], "sigmoid");
  EXPECT_EQ(json["kv_bytes_per_token"].dump(), "70272") << "a whole number, not 70272.0";
  EXPECT_TRUE(json["params_total"].is_number_integer());
}

TEST(SummaryTest, DenseModelsHaveNoExpertFields) {
  ModelSpec model = ReadCard("mixtral_8x7b");
  model.moe.reset();
  const auto json = nlohmann::json::parse(SummaryJson(Summarize(model)));
  EXPECT_FALSE(json.contains("num_experts"));
  EXPECT_FALSE(json.contains("score_function"));
  EXPECT_EQ(json["num_moe_layers"], 0);
}

TEST(SummaryTest, NotesAreListed) {
  const ModelSummary summary = Summarize(ReadCard("mixtral_8x7b"), {"first", "second"});
  EXPECT_EQ(nlohmann::json::parse(SummaryJson(summary))["notes"].size(), 2U);
  EXPECT_NE(SummaryText(summary).find("note: second\n"), std::string::npos);
}

TEST(SummaryTest, BytesThatAreNotUtf8DoNotBreakTheJson) {
  ModelSpec model = ReadCard("mixtral_8x7b");
  model.name = "bad \xff name";
  EXPECT_TRUE(nlohmann::json::accept(SummaryJson(Summarize(model))));
}

TEST(SummaryTest, TextNamesTheGroups) {
  const std::string text = SummaryText(Summarize(ReadCard("deepseek_v3")));
  EXPECT_NE(text.find("expert groups              8, 4 per token\n"), std::string::npos) << text;
  EXPECT_NE(text.find("parameters                 671.03 B\n"), std::string::npos) << text;
}

}  // namespace
}  // namespace switchyard
