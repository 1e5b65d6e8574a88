// Choices as arrays: vLLM's npz, and what SGLang and vLLM put into responses.
#include <gtest/gtest.h>

#include <sstream>

#include "sim/routing/trace/import/base64.h"
#include "sim/routing/trace/import/zip_archive.h"
#include "tests/unit/routing/import_helpers.h"

namespace switchyard::testing {
namespace {

// Two tokens, two layers, top-2: token 0 chooses 0 1 in layer 0 and 2 3 in layer 1, token 1
// chooses 3 2 and 1 0.
const std::vector<int> kIds = {0, 1, 2, 3, 3, 2, 1, 0};

void ExpectSmall(const RouterTrace& trace) {
  EXPECT_EQ(trace.top_k, 2U);
  EXPECT_EQ(Choices(trace, 0), (std::vector<int>{0, 1, 3, 2}));
  EXPECT_EQ(Choices(trace, 1), (std::vector<int>{2, 3, 1, 0}));
}

TEST(VllmNpz, OneArrayIsOneSequence) {
  const std::string npz =
      Zip({{"arr_0.npy", Npy16({2, 2, 2}, kIds)}, {"arr_1.npy", Npy16({1, 2, 2}, {1, 0, 0, 2})}});
  EXPECT_EQ(FormatOf(npz), "vllm_npz");
  ImportOptions options;
  options.experts = 8;
  options.first_layer = 3;
  const auto trace = ImportText(npz, options);
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{0, 1, 3, 2, 1, 0}));
  EXPECT_EQ(Choices(trace.value(), 1), (std::vector<int>{2, 3, 1, 0, 0, 2}));
  EXPECT_EQ(trace.value().num_experts, 8U);
  EXPECT_FALSE(trace.value().experts_inferred);
  EXPECT_EQ(trace.value().layer_ids, (std::vector<std::uint32_t>{3, 4}));
  ASSERT_EQ(trace.value().runs.size(), 2U);
  EXPECT_EQ(trace.value().runs[0].tokens, 2U);
  EXPECT_EQ(trace.value().runs[1].sequence, 1U);
  EXPECT_TRUE(trace.value().warnings.empty()) << trace.value().warnings.front();
}

TEST(VllmNpz, PaddingAndTokensNotRecordedHaveNoChoice) {
  // Token 0 is padding in layer 1; token 1 holds the zeros of a buffer that was never written.
  const auto trace =
      ImportText(Zip({{"a.npy", Npy16({2, 2, 2}, {0, 1, -1, -1, 0, 0, 1, 0})}}, false));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{0, 1, -1, -1}));
  EXPECT_EQ(Choices(trace.value(), 1), (std::vector<int>{-1, -1, 1, 0}));
  EXPECT_TRUE(Warned(trace.value(), "1 rows hold expert 0 in every place"));
  EXPECT_TRUE(Warned(trace.value(), "number of experts is taken to be 2"));
  EXPECT_TRUE(trace.value().experts_inferred);
}

TEST(VllmNpz, OneChoiceIsNotRecordedWhenEveryLayerHoldsZero) {
  // Token 0 chooses 0 and 3; token 1 holds 0 in both layers.
  const auto trace = ImportText(Zip({{"a.npy", Npy16({2, 2, 1}, {0, 3, 0, 0})}}));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{0, -1}));
  EXPECT_EQ(Choices(trace.value(), 1), (std::vector<int>{3, -1}));
  EXPECT_TRUE(Warned(trace.value(), "1 tokens of one choice a layer hold expert 0 in every layer"));
  // In a single layer it cannot be told.
  const auto single = ImportText(Zip({{"a.npy", Npy16({2, 1, 1}, {0, 3})}}));
  ASSERT_TRUE(single.ok()) << Messages(single);
  EXPECT_EQ(Choices(single.value(), 0), (std::vector<int>{0, 3}));
}

TEST(VllmNpz, OfManyDenseLayersTheFirstAreNamed) {
  std::vector<int> ids(20, -1);
  ids.back() = 5;
  const auto trace = ImportText(Zip({{"a.npy", Npy16({1, 20, 1}, ids)}}));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_TRUE(Warned(trace.value(), "12, 13, 14, 15 and 3 more"));
}

TEST(VllmNpz, DenseLayersAndOtherArraysAreLeftOut) {
  const auto trace = ImportText(Zip(
      {{"a.npy", Npy16({1, 3, 2}, {0, 0, 4, 1, -1, -1})}, {"prompt.npy", Npy16({3}, {1, 2, 3})}}));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(trace.value().layer_ids, (std::vector<std::uint32_t>{1}));
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{4, 1}));
  EXPECT_TRUE(Warned(trace.value(), "left out (dense layers): 0, 2"));
  EXPECT_TRUE(Warned(trace.value(), "array 'prompt' is not [tokens, layers, top_k]"));
}

TEST(VllmNpz, SaysEverythingThatIsWrong) {
  EXPECT_EQ(Messages(ImportText(Zip({{"a.npy", Npy16({1, 2, 2}, {0, 1, 2, 2})},
                                     {"b.npy", Npy16({1, 1, 2}, {0, 1})},
                                     {"c.npy", "no array"},
                                     {"d.npy", Npy16({1, 2, 2}, {0, -2, 1, 0})}}))),
            "x: error: a[:, 1], token 0: a token chooses expert 2 twice\n"
            "x: error: b: has 1 layers and 2 choices; the arrays before it have 2 and 2\n"
            "x: error: c: is not a .npy file (no \\x93NUMPY)\n"
            "x: error: d[:, 0], token 1: expert -2; allowed: 0 to 65533, or -1 for none");
  ImportOptions options;
  options.experts = 2;
  EXPECT_EQ(Messages(ImportText(Zip({{"a.npy", Npy16({1, 1, 2}, {1, 2})}}), options)),
            "x: error: a[:, 0], token 0: expert 2; allowed: 0 to 1, or -1 for none");
  EXPECT_EQ(Messages(ImportText(Zip({{"a.npy", Npy16({2}, {1, 2})}}))),
            "x: error: holds no array [tokens, layers, top_k]");
  EXPECT_EQ(Messages(ImportText(Zip({{"a.npy", Npy16({0, 2, 2}, {})}}))),
            "x: error: holds no choice of an expert");
  EXPECT_EQ(Messages(ImportText(Zip({{"a.npy", Npy16({1, 2, 2}, {-1, -1, -1, -1})}}))),
            "x: error: holds no choice of an expert");
}

TEST(VllmNpz, ShapesWithoutElementsNeitherHangNorFillTheMemory) {
  // No element, so that a few bytes suffice: 2^40 layers, 2^40 rows of 8 choices, and no choice.
  const std::uint64_t huge = std::uint64_t{1} << 40;
  const std::string allowed =
      "; allowed: up to 2^32 - 1 tokens, 1 to 4096 layers, 1 to 65534 choices";
  for (const auto& shape : {std::vector<std::uint64_t>{2, huge, 0}, {huge, 0, 8}, {0, 1, huge}}) {
    EXPECT_EQ(Messages(ImportText(Zip({{"a.npy", Npy16(shape, {})}}))),
              "x: error: a: has the shape [" + std::to_string(shape[0]) + ", " +
                  std::to_string(shape[1]) + ", " + std::to_string(shape[2]) + "]" + allowed);
    EXPECT_NE(Messages(ImportText("{\"routed_experts\": \"" + Base64(Npy16(shape, {})) + "\"}"))
                  .find(allowed),
              std::string::npos);
  }
  // 8 choices of 2 bytes take 64 bytes while they are read.
  const std::string text = "{\"routed_experts\": \"" + Base64(Npy16({2, 2, 2}, kIds)) + "\"}";
  ImportOptions options;
  options.max_bytes = 63;
  EXPECT_EQ(Messages(ImportText(text, options)),
            "x: error: [0].routed_experts: 8 choices need more memory than allowed for a trace");
  options.max_bytes = 64;
  EXPECT_EQ(Messages(ImportText(text, options)), "accepted");
}

TEST(VllmNpz, AZipBombEndsAtTheLimit) {
  // 4 MiB of zeros are 4 KiB in the archive.
  const std::string npz = Zip({{"a.npy", std::string(std::size_t{4} << 20, '\0')}});
  EXPECT_LT(npz.size(), std::size_t{1} << 14);
  ImportOptions options;
  options.max_bytes = std::size_t{1} << 20;
  EXPECT_EQ(Messages(ImportText(npz, options)), "x/a.npy: error: unpacks to more than is allowed");
  options.max_bytes = 100;  // the array fits, the trace of it does not
  const std::string small = Zip({{"a.npy", Npy16({20, 1, 3}, std::vector<int>(60, -1))}});
  EXPECT_NE(Messages(ImportText(small, options)), "accepted");
}

TEST(VllmNpz, DamagedArchivesAreRefused) {
  const std::string npz = Zip({{"a.npy", Npy16({2, 2, 2}, kIds)}});
  for (std::size_t n = 0; n < npz.size(); ++n) {
    EXPECT_NE(Messages(ImportText(npz.substr(0, n))), "accepted") << n << " bytes";
  }
  std::string changed = npz;
  changed[60] = static_cast<char>(changed[60] ^ 1);
  EXPECT_NE(Messages(ImportText(changed)), "accepted") << "the checksum of the entry";
}

ImportOptions Shape(std::uint32_t layers, std::uint32_t top_k) {
  ImportOptions options;
  options.layers = layers;
  options.top_k = top_k;
  return options;
}

TEST(RoutedExperts, SglangTextTakesItsShapeFromTheOptions) {
  const std::string json = R"({"text": "Hi", "meta_info": {"id": "7", "routed_experts": ")" +
                           Base64(Raw32(kIds)) + "\"}}\n";
  EXPECT_EQ(FormatOf(json), "routed_experts");
  const auto trace = ImportText(json, Shape(2, 2));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  ExpectSmall(trace.value());
  EXPECT_EQ(Messages(ImportText(json, {}, "r.json")),
            "r.json:1:59: error: [0].meta_info.routed_experts: the text does not say its shape: "
            "give --layers and --top-k of the model");
  // 32 bytes: no whole number of tokens of 3 * 2 * 4 bytes.
  EXPECT_EQ(Messages(ImportText(json, Shape(3, 2), "r.json")),
            "r.json:1:59: error: [0].meta_info.routed_experts: 32 bytes are no whole number of "
            "tokens of 3 layers, 2 choices and 4 bytes");
}

TEST(RoutedExperts, LinesAreSequencesWithTheirStart) {
  const std::string text = Base64(Raw32(kIds));
  const std::string json = "{\"choices\": [{\"sgl_ext\": {\"routed_experts\": \"" + text +
                           "\"}}]}\n\n{\"meta_info\": {\"routed_experts_start_len\": 100, "
                           "\"routed_experts\": \"" +
                           text + "\"}}\n";
  const auto trace = ImportText(json, Shape(2, 2));
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  ASSERT_EQ(trace.value().runs.size(), 2U);
  EXPECT_EQ(trace.value().runs[0].position, 0U);
  EXPECT_EQ(trace.value().runs[1].position, 100U);
  EXPECT_EQ(Choices(trace.value(), 1), (std::vector<int>{2, 3, 1, 0, 2, 3, 1, 0}));
}

TEST(RoutedExperts, VllmPromptAndGenerationAreOneSequence) {
  const auto trace = ImportText(R"({"prompt_routed_experts": [[[0, 1], [2, 3]]],
      "choices": [{"routed_experts": [[[3, 2], [1, 0]]], "logprobs": null}]})");
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  ExpectSmall(trace.value());
  ASSERT_EQ(trace.value().runs.size(), 2U);
  EXPECT_EQ(trace.value().runs[1].sequence, trace.value().runs[0].sequence);
  EXPECT_EQ(trace.value().runs[1].position, 1U);
}

TEST(RoutedExperts, SeveralSequencesHaveOnePrompt) {
  const auto trace = ImportText(R"({"prompt_routed_experts": [[[0, 1], [2, 3]]], "choices": [
      {"routed_experts": [[[3, 2], [1, 0]]]}, {"routed_experts": [[[1, 2], [0, 3]]]}]})");
  ASSERT_TRUE(trace.ok()) << Messages(trace);
  EXPECT_EQ(Choices(trace.value(), 0), (std::vector<int>{0, 1, 3, 2, 1, 2}));
  ASSERT_EQ(trace.value().runs.size(), 3U);
  EXPECT_EQ(trace.value().runs[2].sequence, 1U);
  EXPECT_EQ(trace.value().runs[2].position, 1U);
  EXPECT_TRUE(Warned(trace.value(), "several sequences of one prompt"));
}

TEST(RoutedExperts, NpyAndShapedTextNeedNoOptions) {
  const auto npy = ImportText("{\"routed_experts\": \"" + Base64(Npy16({2, 2, 2}, kIds)) + "\"}");
  ASSERT_TRUE(npy.ok()) << Messages(npy);
  ExpectSmall(npy.value());
  const std::string bytes(kIds.begin(), kIds.end());
  const auto shaped = ImportText("{\"routed_experts\": {\"data\": \"" + Base64(bytes) +
                                 "\", \"shape\": [2, 2, 2], \"start\": 5}}");
  ASSERT_TRUE(shaped.ok()) << Messages(shaped);
  ExpectSmall(shaped.value());
  EXPECT_EQ(shaped.value().runs[0].position, 5U);
}

TEST(RoutedExperts, SaysEverythingThatIsWrong) {
  EXPECT_EQ(Messages(ImportText("{\"routed_experts\": \"a\"}\n"
                                "{\"routed_experts\": [[[0, 1]], [[0]]]}\n"
                                "{\"routed_experts\": [1, 2]}\n"
                                "{\"routed_experts\": 7}\n"
                                "{\"routed_experts\": {\"data\": \"AAAA\", \"shape\": [1, 1]}}\n"
                                "{\"routed_experts\": {\"data\": \"AAAA\", \"shape\": [1, 2, 4]}}\n"
                                "{\"routed_experts\": [[[0, null]]]}\n"
                                "{\"routed_experts\": [[[0, 1]]}\n",
                                {}, "r")),
            "r:1:20: error: [0].routed_experts: is not base64\n"
            "r:2:32: error: [1].routed_experts: a list of 1 where those before it have 2\n"
            "r:3:20: error: [2].routed_experts: has 1 dimensions; choices are [tokens, layers, "
            "top_k]\n"
            "r:4:20: error: [3].routed_experts: expected lists of whole numbers, found 7\n"
            "r:5:20: error: [4].routed_experts: expected {\"data\": base64, \"shape\": [tokens, "
            "layers, top_k]}\n"
            "r:6:29: error: [5].routed_experts.data: 3 bytes do not fill the shape [1, 2, 4] with "
            "1, 2 or 4 bytes each\n"
            "r:7:26: error: [6].routed_experts: expected a whole number, found null\n"
            "r:8:29: error: syntax error while parsing array - unexpected '}'; expected ']'");
  EXPECT_EQ(Messages(ImportText("{\"routed_experts\": null}")),
            "x: error: holds no member 'routed_experts'");
  EXPECT_EQ(Messages(ImportText("{\"routed_experts\": [[[0, 1]]]}\n{\"routed_experts\": [[[1]]]}")),
            "x:2:20: error: [1].routed_experts: has 1 layers and 1 choices; those before it have 1 "
            "and 2");
}

TEST(Base64Text, DecodesWhatRfc4648Shows) {
  // RFC 4648, section 10.
  EXPECT_EQ(DecodeBase64(""), "");
  EXPECT_EQ(DecodeBase64("Zg=="), "f");
  EXPECT_EQ(DecodeBase64("Zm8="), "fo");
  EXPECT_EQ(DecodeBase64("Zm9v"), "foo");
  EXPECT_EQ(DecodeBase64("Zm9vYmFy"), "foobar");
  for (const char* wrong : {"Z", "Zg", "Zg=", "Zh==", "Z===", "Zm9v=", "Zm 9", "Zg==Zg=="}) {
    EXPECT_EQ(DecodeBase64(wrong), std::nullopt) << wrong;
  }
}

TEST(Importers, RefuseOptionsThatHaveNoUse) {
  ImportOptions options;
  options.tokens = 5;
  options.layers = 2;
  EXPECT_EQ(Messages(ImportText(Zip({{"a.npy", Npy16({2, 2, 2}, kIds)}}), options)),
            "error: --layers: format vllm_npz has no use for it\n"
            "error: --tokens: format vllm_npz has no use for it");
}

TEST(Importers, AreNamed) {
  EXPECT_EQ(Messages(ImportTrace(ImportFile{"x", ""}, {}, "vllm_np")),
            "error: no trace format 'vllm_np'; did you mean 'vllm_npz'?");
  EXPECT_EQ(Messages(ImportText("what is this")),
            "x: error: is in no format that is recognised by its content; name one with --format: "
            "vllm_npz, routed_experts, sglang_recorder, sglang_pt, counts_json, counts_csv, "
            "llama_moe_trace, moe_balance, megatron_router_trace");
}

TEST(Importers, WhatIsImportedCanBeSavedAndKeepsWhatWasAssumed) {
  const auto trace = ImportText(Zip({{"a.npy", Npy16({2, 2, 2}, kIds)}}));
  ASSERT_TRUE(trace.ok());
  std::ostringstream out;
  SaveTrace(trace.value(), out);
  std::istringstream in(out.str());
  const auto again = LoadTrace(in, "x.trace");
  ASSERT_TRUE(again.ok()) << Messages(again);
  ExpectSmall(again.value());
  EXPECT_EQ(again.value().notes.at("import.format"), "vllm_npz");
  EXPECT_NE(again.value().notes.at("import.assumed").find("the largest id plus one"),
            std::string::npos);
}

}  // namespace
}  // namespace switchyard::testing
