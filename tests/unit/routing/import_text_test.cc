// Choices as text, line by line: llama.cpp, moe-balance, Megatron-LM, SGLang's recorder; and the
// JSON reader below them.
#include <gtest/gtest.h>

#include "sim/routing/trace/import/json_text.h"
#include "tests/unit/routing/import_helpers.h"

namespace switchyard::testing {
namespace {

ImportOptions TopK(std::uint32_t top_k) {
  ImportOptions options;
  options.top_k = top_k;
  return options;
}

// Layers 1 and 2. A prompt of two tokens, whose last layer llama.cpp computes for the last token
// alone; then one token more.
const char* const kLlama =
    "1,4\n1,0\n1,2\n1,3\n"  // layer 1: token 0 chooses 4 0, token 1 chooses 2 3
    "2,5\n2,1\n"            // layer 2: token 1 alone
    "1,3\n1,4\n2,0\n2,2\n";

TEST(LlamaMoeTrace, BatchesAreFoundFromTheOrderOfLayers) {
  EXPECT_EQ(FormatOf(kLlama), "llama_moe_trace");
  const auto trace = ImportText(kLlama, TopK(2));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(trace.value().layer_ids, (std::vector<std::uint32_t>{1, 2}));
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{4, 0, 2, 3, 3, 4}));
  EXPECT_EQ(Choices(trace.value(), 1), (std::vector<int>{-1, -1, 5, 1, 0, 2}))
      << "the first token of the prompt has no choice in the last layer";
  ASSERT_EQ(trace.value().steps.size(), 2U);
  EXPECT_EQ(trace.value().steps[0].phase, TracePhase::kPrefill);
  EXPECT_EQ(trace.value().steps[1].phase, TracePhase::kDecode);
  ASSERT_EQ(trace.value().runs.size(), 2U);
  EXPECT_EQ(trace.value().runs[1].sequence, 0U);
  EXPECT_EQ(trace.value().runs[1].position, 2U);
  EXPECT_TRUE(Warned(trace.value(), "layer 2 lacks 1 tokens, the first of 1 steps"));
}

TEST(LlamaMoeTrace, AHeaderNamesColumnsAndBeginsASequence) {
  const std::string header = "phase,token,layer,rank,expert\n";
  const std::string lines =
      "prefill,0,1,0,4\nprefill,0,1,1,0\nprefill,1,1,0,2\nprefill,1,1,1,3\n"
      "decode,2,1,0,3\ndecode,2,1,1,4\n";
  EXPECT_EQ(FormatOf(header + lines), "llama_moe_trace");
  const auto trace = ImportText(header + lines + header + lines);
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(trace.value().top_k, 2U);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{4, 0, 2, 3, 3, 4, 4, 0, 2, 3, 3, 4}));
  EXPECT_EQ(trace.value().runs.back().sequence, 1U);
}

TEST(LlamaMoeTrace, WarnsOfTheIdsOfTheEarlyVersions) {
  // Eight experts, top-2, a batch of four tokens that share nobody: the ranking of one token in
  // four pieces. Four such batches are no chance: (8! / 2^4) / (8 * 7 / 2)^4 is below 1 in 200
  // each.
  std::string csv = "layer,expert\n";
  for (int batch = 0; batch < 4; ++batch) {
    for (int e = 0; e < 8; ++e) csv += "0," + std::to_string((e * 3 + batch) % 8) + "\n";
    csv += "1,0\n";
    csv += "1,7\n";
  }
  const auto trace = ImportText(csv, TopK(2));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_TRUE(Warned(trace.value(), "wrong ids for all but a batch's first token"));
  const auto good = ImportText(kLlama, TopK(2));
  EXPECT_FALSE(Warned(good.value(), "wrong ids"));
}

TEST(LlamaMoeTrace, SaysEverythingThatIsWrong) {
  EXPECT_EQ(Messages(ImportText("0,1\n0,2\n")),
            "x: error: does not say how many experts a token chooses: give --top-k");
  EXPECT_EQ(Messages(ImportText("layer,expert\n0,1\n0,x\n0\n-1,2\n0,70000\n1,3\n1,4\n2,5\n2,5\n",
                                TopK(2), "m.csv")),
            "m.csv:3:3: error: expected an expert from 0 to 65533, found 'x'\n"
            "m.csv:4:1: error: 1 fields; expected 2\n"
            "m.csv:5:1: error: expected a layer or token from 0 to 1048576, found '-1'\n"
            "m.csv:6:3: error: expected an expert from 0 to 65533, found '70000'\n"
            "m.csv:2:1: error: 1 lines of layer 0 from here on are no whole number of tokens with "
            "2 choices\n"
            "m.csv:9:1: error: layer 2, token 0: a token chooses expert 5 twice");
  EXPECT_EQ(Messages(ImportText("token,layer,expert\n0,1,4\n0,1,5\n1,1,4\n2,1,5\n")),
            "x:5:1: error: the token before has 1 choices; those before it have 2\n"
            "x:2:1: error: 3 lines of layer 1 from here on are no whole number of tokens with 2 "
            "choices");
}

TEST(MoeBalance, BatchesOfARequestFollowOneAnother) {
  // As in its documentation, with weights; layers after one another, batches within.
  const std::string json =
      R"({"layer": 0, "batch_id": 12, "request_id": 5, "origin_rows": [0, 1], )"
      R"("topk_experts": [[3, 7], [7, 3]], "topk_weights": [[0.5, 0.25], [1, 0]]})"
      "\n"
      R"({"layer": 0, "batch_id": 13, "request_id": 5, "origin_rows": [0], )"
      R"("topk_experts": [[1, 2]], "topk_weights": [[0.75, 0.125]]})"
      "\n"
      R"({"layer": 1, "batch_id": 12, "request_id": 5, "origin_rows": [0, 1], )"
      R"("topk_experts": [[2, 5], [6, 4]], "topk_weights": [[0.5, 0.5], [0.5, 0.5]]})"
      "\n";
  EXPECT_EQ(FormatOf(json), "moe_balance");
  const auto trace = ImportText(json);
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{3, 7, 7, 3, 1, 2}));
  EXPECT_EQ(Choices(trace.value(), 1), (std::vector<int>{2, 5, 6, 4, -1, -1}));
  EXPECT_EQ(trace.value().weight_format, WeightFormat::kF32);
  EXPECT_EQ(trace.value().Weight(0, 5), 0.125F);
  ASSERT_EQ(trace.value().runs.size(), 2U);
  EXPECT_EQ(trace.value().runs[1].sequence, 0U);
  EXPECT_EQ(trace.value().runs[1].position, 2U);
  EXPECT_TRUE(Warned(trace.value(), "origin_rows"));
  EXPECT_TRUE(Warned(trace.value(), "layer 1 lacks 1 tokens, the last of 1 steps"));
}

TEST(MoeBalance, SaysEverythingThatIsWrong) {
  EXPECT_EQ(
      Messages(ImportText("{\"layer\": 0, \"batch_id\": 1, \"topk_experts\": [[1, 1]]}\n"
                          "{\"layer\": -1, \"topk_experts\": [[1, 2]]}\n"
                          "{\"layer\": 0, \"batch_id\": 1}\n"
                          "{\"layer\": 0, \"batch_id\": 1, \"topk_experts\": [1, 2]}\n"
                          "{\"layer\": 0, \"batch_id\": 1, \"origin_rows\": [1], \"topk_experts\": "
                          "[[1, 2], [3, 4]], \"topk_weights\": [[1, 2]]}\n"
                          "{\"layer\": 2000000, \"batch_id\": 1, \"topk_experts\": [[1]]}\n"
                          "[1]\n",
                          {}, "b")),
      "b:1:45: error: topk_experts, token 0: a token chooses expert 1 twice\n"
      "b:2:11: error: layer: expected a whole number from 0 on, found -1\n"
      "b:2:1: error: batch_id: is missing\n"
      "b:3:1: error: topk_experts: is missing\n"
      "b:4:1: error: topk_experts is not a list of lists, one for each token\n"
      "b:5:44: error: origin_rows: expected a list of 2 whole numbers, one for each token, found a "
      "list of 1\n"
      "b:5:99: error: topk_weights: does not have the shape of topk_experts\n"
      "b:6:1: error: layer 2000000; at most 1048576 are read\n"
      "b:7:1: error: expected an object, found a list of 1");
}

TEST(Megatron, StepsMicrobatchesAndPredictionLayers) {
  const auto record = [](const std::string& start, const std::string& ids) {
    return "{" + start + ", \"stage\": \"pre_dispatch\", \"rank\": 0, \"top_indices\": " + ids +
           "}\n";
  };
  const std::string json =
      record(R"("step": 0, "block": "decoder", "layer": 3, "num_tokens": 1, "topk": 2)",
             "[[12, 45]]") +
      record(R"("step": 0, "block": "mtp", "mtp_idx": 0, "layer": 0)", "[[1, 0]]") +
      // The second microbatch of the step.
      record(R"("step": 0, "block": "decoder", "layer": 3, "logit_shape": [1, 64])", "[[7, 9]]") +
      record(R"("step": 0, "block": "mtp", "mtp_idx": 0, "layer": 0)", "[[5, 3]]") +
      record(R"("step": 1, "block": "decoder", "layer": 3)", "[[2, 1]]") +
      record(R"("step": 1, "block": "mtp", "mtp_idx": 0, "layer": 0)", "[]");
  EXPECT_EQ(FormatOf(json), "megatron_router_trace");
  const auto trace = ImportText(json);
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(trace.value().layer_ids, (std::vector<std::uint32_t>{3, 4}));
  EXPECT_EQ(trace.value().num_experts, 64U);
  EXPECT_FALSE(trace.value().experts_inferred);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{12, 45, 7, 9, 2, 1}));
  EXPECT_EQ(Choices(trace.value(), 1), (std::vector<int>{1, 0, 5, 3, -1, -1}));
  EXPECT_EQ(trace.value().steps.size(), 2U);
  EXPECT_TRUE(Warned(trace.value(), "multi-token prediction"));
  EXPECT_TRUE(Warned(trace.value(), "may interleave its sequences"));
  EXPECT_FALSE(Warned(trace.value(), "returned a mask"));
}

TEST(Megatron, ChoicesInOrderOfNumbersAreSaidNotToBeRanked) {
  std::string rows;
  for (int t = 0; t < 16; ++t) rows += (t == 0 ? "" : ", ") + std::string("[3, 8]");
  const auto trace = ImportText("{\"step\": 0, \"layer\": 0, \"top_indices\": [" + rows + "]}");
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_TRUE(Warned(trace.value(), "returned a mask"));
}

TEST(Megatron, SaysEverythingThatIsWrong) {
  EXPECT_EQ(
      Messages(ImportText(
          "{\"step\": 0, \"layer\": 0, \"top_indices\": [[1, 2]], \"topk\": 3}\n"
          "{\"step\": 0, \"layer\": 0, \"block\": \"encoder\", \"top_indices\": [[1, 2]]}\n"
          "{\"step\": 0, \"layer\": 0, \"block\": \"mtp\", \"top_indices\": [[1, 2]]}\n"
          "{\"layer\": 0.5, \"top_indices\": [[1, 2]]}\n"
          "{\"step\": 0, \"layer\": 9000000, \"top_indices\": [1, 2]}\n"
          "{\"step\": 0, \"layer\": 0, \"top_indices\": [[1, 2]], \"logit_shape\": 3}\n"
          "{\"step\": 0, \"layer\": 0}\n"
          "{\"step\": 0, \"lay",
          {}, "r")),
      "r:1:40: error: top_indices: has 1 tokens with 2 choices; num_tokens is 1, topk 3\n"
      "r:2:34: error: block: expected \"decoder\" or \"mtp\", found text \"encoder\"\n"
      "r:3:1: error: mtp_idx: is missing\n"
      "r:4:1: error: step: is missing\n"
      "r:4:11: error: layer: expected a whole number from 0 on, found 0.5\n"
      "r:5:1: error: layer: 9000000; at most 1048576 is read\n"
      "r:6:65: error: logit_shape: expected [num_tokens, num_experts], found 3\n"
      "r:7:1: error: top_indices: is missing\n"
      "r:8:17: error: syntax error while parsing object key - invalid string: missing closing "
      "quote; last read: '\"lay'; expected string literal");
}

// Layer 0 is dense; of layer 1 the places 0 to 3 hold the experts 3 2 1 0.
const char* const kRecorder = R"({"records": [
  {"forward_pass_id": 0, "rank": 0, "gatherer_key": "primary", "input_ids": [1, 2, 3],
   "positions": [0, 1, 5], "extend_seq_lens": [2, 1], "forward_mode": 1,
   "topk_ids_of_layer": [[[-1, -1, -1], [-1, -1, -1], [-1, -1, -1]],
                         [[0, 3, -1], [1, 2, -1], [3, 0, -1]]]},
  {"forward_pass_id": 1, "input_ids": [4, 5], "positions": [7, 9], "extend_seq_lens": null,
   "forward_mode": 2,
   "topk_ids_of_layer": [[[-1, -1, -1], [-1, -1, -1]], [[2, 3, -1], [1, 0, -1]]]}],
 "last_physical_to_logical_map": [[0, 1, 2, 3], [3, 2, 1, 0]]})";

void ExpectRecorded(const RouterTrace& trace) {
  EXPECT_EQ(trace.layer_ids, (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(trace.top_k, 2U) << "behind the model's top-k the recorder writes -1";
  EXPECT_EQ(Choices(trace, 0), (std::vector<int>{3, 0, 2, 1, 0, 3, 1, 0, 2, 3}));
  ASSERT_EQ(trace.steps.size(), 2U);
  EXPECT_EQ(trace.steps[0].phase, TracePhase::kPrefill);
  EXPECT_EQ(trace.steps[1].phase, TracePhase::kDecode);
  ASSERT_EQ(trace.runs.size(), 4U);
  EXPECT_EQ(trace.runs[0].tokens, 2U);
  EXPECT_EQ(trace.runs[1].position, 5U);
  EXPECT_EQ(trace.runs[3].position, 9U);
}

TEST(SglangRecorder, PhysicalExpertsBecomeLogicalOnes) {
  EXPECT_EQ(FormatOf(kRecorder), "sglang_recorder");
  const auto trace = ImportText(kRecorder);
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  ExpectRecorded(trace.value());
  EXPECT_EQ(trace.value().num_experts, 4U);
  EXPECT_TRUE(Warned(trace.value(), "keeps no request ids"));
}

TEST(SglangRecorder, SaysEverythingThatIsWrong) {
  EXPECT_EQ(
      Messages(ImportText("{\"records\": [\n"
                          "{\"global_physical_count\": [[1]]},\n"
                          "{\"topk_ids_of_layer\": [[1]]},\n"
                          "{\"topk_ids_of_layer\": [[[4]]]},\n"
                          "{\"topk_ids_of_layer\": [[[1]], [[1]]]},\n"
                          "{\"topk_ids_of_layer\": [[[1]]], \"extend_seq_lens\": [2]},\n"
                          "{\"topk_ids_of_layer\": [[[1]]], \"positions\": 3},\n"
                          "{\"topk_ids_of_layer\": [[[1]]], \"positions\": [-3]}\n"
                          "], \"last_physical_to_logical_map\": [[0, 1]]}",
                          {}, "s")),
      "s:2:1: error: records[0].topk_ids_of_layer: is missing; record with "
      "--expert-distribution-recorder-mode per_token\n"
      "s:3:23: error: records[1].topk_ids_of_layer: has 2 dimensions; expected [layers, tokens, "
      "top_k]\n"
      "s:4:23: error: records[2].topk_ids_of_layer: physical expert 4; allowed: 0 to 1, or -1 for "
      "none\n"
      "s:5:23: error: records[3].topk_ids_of_layer: has 2 layers; last_physical_to_logical_map has "
      "1\n"
      "s:6:1: error: records[4].extend_seq_lens: the lengths do not add up to the 1 tokens of the "
      "pass\n"
      "s:7:45: error: records[5].positions: expected a list of whole numbers, found 3\n"
      "s:8:1: error: records[6].positions: position -3");
  EXPECT_EQ(Messages(ImportText("{\"topk_ids_of_layer\": 1}")),
            "x:1:1: error: records: expected the list of a recorder's dump");
}

std::string JsonErrors(const std::string& text) {
  const ImportFile file{"j", text};
  ImportLog log(file);
  const auto node = ParseJsonText(file, 0, text.size(), log);
  return node ? "accepted" : ToString(log.errors());
}

TEST(JsonText, RefusesWhatWouldTakeTooMuch) {
  EXPECT_EQ(JsonErrors(std::string(33, '[')), "j:1:33: error: nested deeper than 32 levels\n");
  EXPECT_EQ(JsonErrors("{\"a\": 1,\n \"a\": 2}"), "j:2:4: error: member 'a' is given twice\n");
  EXPECT_EQ(JsonErrors("[1, 2,\n  x]"),
            "j:2:3: error: syntax error while parsing value - invalid literal; last read: "
            "'2,<U+000A>  x'\n");
}

TEST(JsonText, NumbersThatStopBeingPackedCountAsValues) {
  // 2^24 numbers lie side by side in 128 MiB; the null would make nodes of them all.
  std::string text = "[1";
  for (std::size_t i = 0; i < std::size_t{1} << 24; ++i) text += ",1";
  EXPECT_NE(JsonErrors(text + ",null]").find("more than 16777216 values"), std::string::npos);
}

TEST(JsonText, KnowsWhereValuesStand) {
  const std::string text = "{\"a\": [1, -2.5, \"t\\\"x\", true, null, {}]}";
  const ImportFile file{"j", text};
  ImportLog log(file);
  const auto node = ParseJsonText(file, 0, text.size(), log);
  ASSERT_TRUE(node);
  const auto& list = std::get<DataList>(FindMember(*node, "a")->data);
  ASSERT_EQ(list.size(), 6U);
  // The numbers were packed before the text joined them: they stand where their list does.
  EXPECT_EQ(list[0].offset, 6U);
  EXPECT_EQ(list[2].offset, text.find("\"t"));
  EXPECT_EQ(list[3].offset, text.find("true"));
  EXPECT_EQ(list[4].offset, text.find("null"));
  EXPECT_EQ(list[5].offset, text.find("{}"));
}

}  // namespace
}  // namespace switchyard::testing
