// Do the loads that servers record arrive layer by layer of the model, window by window?
#include "sim/placement/files/loads_file.h"

#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/placement/files_helpers.h"
#include "tests/unit/routing/import_helpers.h"

namespace switchyard::testing {
namespace {

using Counts = std::vector<double>;
using Warnings = std::vector<std::string>;

Result<LoadsFile> Parse(const std::string& bytes,
                        const PlacementFileContext& context = SampleContext()) {
  return ParseExpertLoads(bytes, "p", context);
}
std::string Wrong(const std::string& bytes) { return Messages(Parse(bytes)); }

// Of a window of the MoE layer.
Counts Window(const Result<LoadsFile>& loads, std::size_t layer, std::uint32_t window) {
  const auto counts = loads.value().layers.at(layer).Window(window);
  return {counts.begin(), counts.end()};
}

TEST(LoadsFile, SglangCountsWithUnusedWindows) {
  const auto loads = Parse(Sample("logical_count.json"));
  ASSERT_TRUE(loads.ok()) << Messages(loads);
  ASSERT_EQ(loads.value().layers.size(), 3U);
  for (const WindowLoads& layer : loads.value().layers) EXPECT_EQ(layer.windows(), 2U);
  EXPECT_EQ(Window(loads, 0, 0), (Counts{4, 3, 2, 1}));
  EXPECT_EQ(Window(loads, 2, 1), (Counts{2, 2, 2, 2}));
  EXPECT_EQ(loads.value().warnings,
            (Warnings{"1 of 3 windows hold no choice (the unused part of a recorder's buffer): "
                      "left out"}));
}

TEST(LoadsFile, SglangCountsOfMoeLayersAloneAndOfOneWindow) {
  const auto loads = Parse("{\"logical_count\": [[4,3,2,1],[5,5,0,0],[1.5,2,3,4]]}");
  ASSERT_TRUE(loads.ok()) << Messages(loads);
  EXPECT_EQ(Window(loads, 1, 0), (Counts{5, 5, 0, 0}));
  EXPECT_EQ(Window(loads, 2, 0), (Counts{1.5, 2, 3, 4}));
  EXPECT_TRUE(loads.value().warnings.empty());
}

TEST(LoadsFile, CountsOfDenseLayersAndLayersWithoutCountsAreSaid) {
  const auto loads = Parse("[[9,0,0,0],[4,3,2,1],[0,0,0,0],[1,2,3,4]]");
  ASSERT_TRUE(loads.ok()) << Messages(loads);
  EXPECT_EQ(loads.value().warnings,
            (Warnings{"rows of dense layers hold counts, which are left out: are the rows those of "
                      "another model?",
                      "no expert of the layers 2 was ever chosen"}));
}

// By hand. Pass 7: rank 0 counted 1 to 6 for the slots of layer 1, which hold 0, 1, 2, 3, 0, 3, and
// rank 1 ten for slot 0: expert 0 has 1 + 5 + 10, expert 3 has 4 + 6.
TEST(LoadsFile, SglangPassesThroughThePhysicalMap) {
  const auto loads = Parse(Sample("per_pass.json"));
  ASSERT_TRUE(loads.ok()) << Messages(loads);
  EXPECT_EQ(loads.value().layers.front().windows(), 2U) << "passes 7 and 8";
  EXPECT_EQ(Window(loads, 0, 0), (Counts{16, 2, 3, 10}));
  EXPECT_EQ(Window(loads, 0, 1), (Counts{0, 0, 0, 9}));
  EXPECT_EQ(Window(loads, 1, 0), (Counts{1, 3, 1, 1})) << "slots hold 3, 2, 1, 0, 1, 1";
  EXPECT_EQ(Window(loads, 2, 0), (Counts{0, 2, 0, 3})) << "slots hold 1, 0, 2, 2, 3, 0";
  EXPECT_EQ(loads.value().warnings,
            (Warnings{"last_physical_to_logical_map is taken to hold for all records; it is the "
                      "map at the time of the dump"}));
}

TEST(LoadsFile, PassesOfOneRankAreSaid) {
  const auto loads = Parse(
      "{\"records\": [{\"forward_pass_id\": 0, \"rank\": 3, \"global_physical_count\": "
      "[[5,0,0,0],[5,0,0,0],[0,2,0,0]]}], \"last_physical_to_logical_map\": "
      "[[0,1,2,3],[0,1,2,3],[0,1,2,3]]}");
  ASSERT_TRUE(loads.ok()) << Messages(loads);
  ASSERT_EQ(loads.value().warnings.size(), 3U);
  EXPECT_EQ(loads.value().warnings[1],
            "the counts are those of rank 3 alone: every rank dumps a file of its own in mode "
            "per_pass; mode stat adds them up");
  EXPECT_EQ(loads.value().warnings[2],
            "the experts 2, 3 were chosen in no layer at all: a rank that counts what it receives "
            "sees its own experts alone");
}

TEST(LoadsFile, ArraysOfAllNumbers) {
  const std::vector<double> values = {4, 3, 2, 1, 5, 5, 0, 0, 0.25, 2, 3, 4};
  const auto wide = Parse(Npy(NpyType::kF8, {3, 4}, values));
  ASSERT_TRUE(wide.ok()) << Messages(wide);
  EXPECT_EQ(Window(wide, 2, 0), (Counts{0.25, 2, 3, 4}));
  std::vector<std::int32_t> windows(2 * 4 * 4);
  for (std::size_t i = 0; i < windows.size(); ++i) windows[i] = static_cast<std::int32_t>(i);
  const auto whole = Parse(Npy(NpyType::kI4, {2, 4, 4}, windows));
  ASSERT_TRUE(whole.ok()) << Messages(whole);
  EXPECT_EQ(Window(whole, 0, 1), (Counts{20, 21, 22, 23})) << "16 counts a window, row 1 of it";
}

TEST(LoadsFile, CsvByLayersOfTheModelAndOfMoeLayers) {
  const auto model = Parse("layer_id,expert_id,count\n1,0,5\n2,1,6\n3,3,7\n");
  ASSERT_TRUE(model.ok()) << Messages(model);
  EXPECT_EQ(Window(model, 0, 0), (Counts{5, 0, 0, 0}));
  EXPECT_EQ(Window(model, 2, 0), (Counts{0, 0, 0, 7}));
  EXPECT_TRUE(model.value().warnings.empty());
  const auto ordinal = Parse("layer_id,expert_id,count\n0,0,5\n1,1,6\n2,3,7\n");
  ASSERT_TRUE(ordinal.ok()) << Messages(ordinal);
  EXPECT_EQ(Window(ordinal, 0, 0), (Counts{5, 0, 0, 0}));
  EXPECT_EQ(ordinal.value().warnings,
            (Warnings{"layers 0 to 2 are taken to be the model's MoE layers, 1 to 3"}));
}

// A .pt file of mode stat, its pickle operation by operation: {"logical_count": IntTensor [1, 3,
// 4]}.
std::string StatFile(const std::string& key) {
  const auto text = [](const std::string& value) {
    const auto length = static_cast<std::uint32_t>(value.size());
    return "X" + std::string(reinterpret_cast<const char*>(&length), sizeof(length)) + value;
  };
  const auto tuple = [](const std::vector<int>& values) {
    std::string ops = "(";
    for (const int value : values) ops += "K" + std::string(1, static_cast<char>(value));
    return ops + "t";
  };
  const std::string tensor = "ctorch._utils\n_rebuild_tensor_v2\n((" + text("storage") +
                             "ctorch\nIntStorage\n" + text("0") + text("cpu") + "K\x0c" + "tQ" +
                             std::string("K\0", 2) + tuple({1, 3, 4}) + tuple({12, 4, 1}) + "\x89" +
                             "ccollections\nOrderedDict\n)RtR";
  return Zip({{"archive/data.pkl", "\x80\x02}(" + text(key) + tensor + "u."},
              {"archive/byteorder", "little"},
              {"archive/data/0", Raw32({4, 3, 2, 1, 5, 5, 0, 0, 1, 2, 3, 4})}},
             false);
}

TEST(LoadsFile, TorchFilesOfModeStat) {
  const auto loads = Parse(StatFile("logical_count"));
  ASSERT_TRUE(loads.ok()) << Messages(loads);
  EXPECT_EQ(Window(loads, 1, 0), (Counts{5, 5, 0, 0}));
  EXPECT_EQ(Wrong(StatFile("other")),
            "p: error: holds no loads: an object without 'logical_count' or 'records' (SGLang)");
}

TEST(LoadsFile, IsToldFromTraces) {
  const auto looks = [](const std::string& bytes) { return LooksLikeExpertLoads(bytes, "p"); };
  EXPECT_TRUE(looks(Sample("logical_count.json")));
  EXPECT_TRUE(looks(Sample("per_pass.json")));
  EXPECT_TRUE(looks(StatFile("logical_count")));
  EXPECT_FALSE(looks(StatFile("topk_ids_of_layer")));
  EXPECT_FALSE(looks("{\"records\": [{\"topk_ids_of_layer\": []}]}"));
  EXPECT_TRUE(looks(Npy(NpyType::kI4, {1, 1}, std::vector<std::int32_t>{1})));
  EXPECT_TRUE(looks(Npy(NpyType::kF8, {1, 1, 1}, std::vector<double>{1})));
  EXPECT_FALSE(looks(Npy(NpyType::kI4, {1, 1, 1}, std::vector<std::int32_t>{1})));
  EXPECT_TRUE(looks("layer_id,expert_id,count\n"));
  EXPECT_FALSE(looks("MRT1"));
  EXPECT_FALSE(looks(""));
}

// --- the shape, for those who have no model ---

// "3x4": layers x experts.
std::string Shape(const std::string& bytes) {
  const auto shape = ParseShapeOfExpertLoads(bytes, "p");
  if (!shape.ok()) return Messages(shape);
  return std::to_string(shape.value().layers) + "x" + std::to_string(shape.value().experts);
}

TEST(LoadsShape, OfEveryFormat) {
  EXPECT_EQ(Shape("{\"logical_count\": [[4,3,2,1],[5,5,0,0],[1.5,2,3,4]]}"), "3x4");
  EXPECT_EQ(Shape("[[4,3],[5,5]]"), "2x2") << "a bare list";
  EXPECT_EQ(Shape(Sample("logical_count.json")), "4x4") << "windows before the layers";
  EXPECT_EQ(Shape(Sample("per_pass.json")), "4x4") << "6 slots hold the experts 0 to 3";
  EXPECT_EQ(Shape(StatFile("logical_count")), "3x4");
  EXPECT_EQ(Shape(Npy(NpyType::kF8, {3, 4}, std::vector<double>(12, 1))), "3x4");
  EXPECT_EQ(Shape(Npy(NpyType::kI4, {2, 3, 4}, std::vector<std::int32_t>(24, 1))), "3x4");
  EXPECT_EQ(Shape("layer_id,expert_id,count\n0,3,5\n2,1,6\n"), "3x4")
      << "layer 2 and expert 3 are the last ones named";
}

// All of the file's layers are MoE layers then: what the shape says, the loads have.
TEST(LoadsShape, IsThatOfTheLoads) {
  const std::string files[] = {Sample("logical_count.json"), Sample("per_pass.json"),
                               StatFile("logical_count"),
                               Npy(NpyType::kF8, {3, 4}, std::vector<double>(12, 1)),
                               "layer_id,expert_id,count\n0,3,5\n2,1,6\n"};
  for (const std::string& bytes : files) {
    const auto shape = ParseShapeOfExpertLoads(bytes, "p");
    ASSERT_TRUE(shape.ok()) << Messages(shape);
    const auto [layers, experts] = shape.value();
    PlacementFileContext own{layers, {}, experts, 0};
    for (std::uint32_t l = 0; l < layers; ++l) own.moe_layers.push_back(l);
    const auto loads = Parse(bytes, own);
    ASSERT_TRUE(loads.ok()) << Messages(loads);
    ASSERT_EQ(loads.value().layers.size(), layers);
    EXPECT_EQ(loads.value().layers.back().Total().size(), experts);
  }
}

TEST(LoadsShape, OfWhatHasNone) {
  EXPECT_EQ(Shape("{\"logical_count\": 3}"), Wrong("{\"logical_count\": 3}"));
  EXPECT_EQ(Shape("{\"logical_count\": []}"), Wrong("{\"logical_count\": []}"));
  EXPECT_EQ(Shape("[[]]"),
            "p: error: counts of 1 layers and 0 experts; allowed: 1 to 4096 layers and 1 to 4096 "
            "experts");
  EXPECT_EQ(Shape("{\"records\": [{}]}"), Wrong("{\"records\": [{}]}"));
  EXPECT_EQ(Shape("{\"records\": [], \"last_physical_to_logical_map\": [[0, 4096]]}"),
            "p: error: counts of 1 layers and 4097 experts; allowed: 1 to 4096 layers and 1 to "
            "4096 experts");
  EXPECT_EQ(Shape("{\"records\": [], \"last_physical_to_logical_map\": [[-1]]}"),
            "p: error: counts of 1 layers and 0 experts; allowed: 1 to 4096 layers and 1 to 4096 "
            "experts");
  EXPECT_EQ(Shape("7"), Wrong("7"));
  const std::string line = Npy(NpyType::kF4, {1}, std::vector<float>{1});
  EXPECT_EQ(Shape(line), Wrong(line)) << "one dimension";
  EXPECT_EQ(Shape(Npy(NpyType::kU1, {1U << 30U, 0}, std::vector<std::uint8_t>{})),
            "p: error: counts of 1073741824 layers and 0 experts; allowed: 1 to 4096 layers and 1 "
            "to 4096 experts");
  EXPECT_EQ(Shape("layer_id,expert_id,count\n4096,0,1\n"),
            "p:2:1: error: layer_id: expected a whole number from 0 to 4095, found '4096'");
  EXPECT_EQ(Shape("layer_id,expert_id,count\n"), "p: error: holds no counts");
}

// --- every mistake its message ---

TEST(LoadsMistakes, OfCounts) {
  EXPECT_EQ(Wrong("{\"logical_count\": 3}"),
            "p:1:19: error: logical_count: expected counts [layers, experts] or [windows, layers, "
            "experts], found 3");
  EXPECT_EQ(Wrong("[1, 2]"),
            "p:1:1: error: logical_count: expected counts [layers, experts] or [windows, layers, "
            "experts], found a list of 2");
  EXPECT_EQ(Wrong("[[1, 2, 3, 4]]"),
            "p:1:1: error: logical_count: 1 layers; allowed: 4 (all layers of the model) or 3 (its "
            "MoE layers)");
  EXPECT_EQ(Wrong("[[1, 2, 3, 4],\n[1, 2, 3],\n[1, 2, -3, 4]]"),
            "p:2:1: error: logical_count[1]: 3 counts; the model has 4 experts\n"
            "p:3:1: error: logical_count[2]: expert 2 has count -3; allowed: 0 to 2^52");
  EXPECT_EQ(Wrong("[[[1, 2, 3, 4], \"x\", [1, 1, 1, 1]]]"),
            "p:1:17: error: logical_count[0][1]: expected a list of numbers, found text \"x\"");
  EXPECT_EQ(Wrong("[[0,0,0,0],[0,0,0,0],[0,0,0,0]]"),
            "p: error: holds no choice of any expert in 1 window");
  EXPECT_EQ(Wrong("{\"physical_to_logical_map\": [[1]]}"),
            "p: error: holds 'physical_to_logical_map': a placement, not loads");
  EXPECT_EQ(Wrong("7"),
            "p: error: holds no loads: 7 without 'logical_count' or 'records' (SGLang)");
}

TEST(LoadsMistakes, OfRecords) {
  EXPECT_EQ(Wrong("{\"records\": 3}"),
            "p:1:13: error: records: expected the records of forward passes, found 3");
  EXPECT_EQ(Wrong("{\"records\": [{}]}"),
            "p:1:1: error: last_physical_to_logical_map: is missing: counts of physical experts "
            "say nothing without it");
  EXPECT_EQ(Wrong("{\"records\": [{}], \"last_physical_to_logical_map\": [1]}"),
            "p:1:51: error: last_physical_to_logical_map: has 1 dimensions; expected [layers, "
            "physical experts]");
  const std::string map = "], \"last_physical_to_logical_map\": [[0,1],[2,3],[0,1]]}";
  EXPECT_EQ(Wrong("{\"records\": [{}], \"last_physical_to_logical_map\": [[0,1],[2,4],[0,1]]}"),
            "p:1:51: error: last_physical_to_logical_map[3]: expert 4; allowed: 0 to 3");
  EXPECT_EQ(Wrong("{\"records\": [\n{},\n{\"topk_ids_of_layer\": []},\n"
                  "{\"global_physical_count\": [[1]]},\n"
                  "{\"global_physical_count\": [[1]], \"forward_pass_id\": 0},\n"
                  "{\"global_physical_count\": [[1,2],[3,4],[5,-6]], \"forward_pass_id\": 0}" +
                  map),
            "p:2:1: error: records[0].global_physical_count: is missing\n"
            "p:3:1: error: records[1].global_physical_count: is missing: the dump holds router "
            "decisions (mode per_token), which 'trace convert' makes a trace of\n"
            "p:4:1: error: records[2].forward_pass_id: is missing\n"
            "p:5:27: error: records[3].global_physical_count: has not the shape of "
            "last_physical_to_logical_map, [3, 2]\n"
            "p:6:27: error: records[4].global_physical_count: physical expert 1 of row 2 has count "
            "-6; allowed: 0 and more");
}

TEST(LoadsMistakes, OfArrays) {
  EXPECT_EQ(Wrong(Npy(NpyType::kF4, {1}, std::vector<float>{1})),
            "p: error: has 1 dimensions; counts are [layers, experts] or [windows, layers, "
            "experts]");
  EXPECT_EQ(Wrong(Npy(NpyType::kF4, {1, 1}, std::vector<float>{1})),
            "p: error: 1 layers; allowed: 4 (all layers of the model) or 3 (its MoE layers)");
  std::vector<double> values(12, 1);
  values[6] = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(Wrong(Npy(NpyType::kF8, {3, 4}, values)),
            "p: error: [0, 1]: expert 2 has count nan; allowed: 0 to 2^52");
  EXPECT_EQ(Wrong(Npy(NpyType::kU1, {4, 0}, std::vector<std::uint8_t>{})),
            "p: error: [0, 0]: 0 counts; the model has 4 experts\n"
            "p: error: [0, 1]: 0 counts; the model has 4 experts\n"
            "p: error: [0, 2]: 0 counts; the model has 4 experts\n"
            "p: error: [0, 3]: 0 counts; the model has 4 experts");
  // An array without elements may have any shape: 12 counts a window, 2^26 are read.
  EXPECT_EQ(Wrong(Npy(NpyType::kU1, {1U << 30U, 3, 0}, std::vector<std::uint8_t>{})),
            "p: error: 1073741824 windows of 3 MoE layers and 4 experts; at most 67108864 counts "
            "are read");
}

TEST(LoadsMistakes, OfCsv) {
  EXPECT_EQ(Wrong("layer_id,expert_id,count\n1,0\n4,0,1\n1,4,1\n1,0,x\n1,0,1\n1,0,1\n"),
            "p:2:1: error: 2 fields; expected layer_id,expert_id,count\n"
            "p:3:1: error: layer_id: expected a whole number from 0 to 3, found '4'\n"
            "p:4:3: error: expert_id: expected a whole number from 0 to 3, found '4'\n"
            "p:5:5: error: count: expected a whole number from 0 to 70368744177664, found 'x'\n"
            "p:7:1: error: expert 0 of layer 1 is counted twice; files of several ranks are added "
            "up before");
  EXPECT_EQ(Wrong("layer_id,expert_id,count\n"), "p: error: holds no counts");
}

// --- of the data folder, where it is there ---

TEST(SharedLoads, EsftCountsAndSyntheticLoads) {
  const std::string esft = kSharedData + "esft_deepseek_v2_lite/logical_count_mixed1024.json";
  if (!std::filesystem::exists(esft)) GTEST_SKIP() << "no " << esft;
  PlacementFileContext lite{27, {}, 64, 0};
  for (std::uint32_t l = 1; l < 27; ++l) lite.moe_layers.push_back(l);
  const auto counts = LoadExpertLoads(esft, lite);
  ASSERT_TRUE(counts.ok()) << Messages(counts);
  EXPECT_EQ(counts.value().layers.front().windows(), 32U);
  double sum = 0;
  for (const double c : counts.value().layers[5].Window(3)) sum += c;
  EXPECT_EQ(sum, 1024 * 6) << "1,024 tokens of 6 choices in each window";

  PlacementFileContext v3{61, {}, 256, 0};
  for (std::uint32_t l = 3; l < 61; ++l) v3.moe_layers.push_back(l);
  const auto synthetic = LoadExpertLoads(kSharedData + "placement_loads/load_zipf_0.8.npy", v3);
  ASSERT_TRUE(synthetic.ok()) << Messages(synthetic);
  double total = 0;
  for (const double c : synthetic.value().layers[57].Total()) total += c;
  EXPECT_EQ(total, 131072) << "16,384 tokens of 8 choices";
}

TEST(SharedLoads, SglangSample) {
  const std::string path = kSharedData + "formats/placement/sglang_logical_count.json";
  if (!std::filesystem::exists(path)) GTEST_SKIP() << "no " << path;
  const auto loads = LoadExpertLoads(path, {2, {0, 1}, 8, 0});
  ASSERT_TRUE(loads.ok()) << Messages(loads);
  EXPECT_EQ(Window(loads, 1, 0), (Counts{20, 107, 104, 64, 19, 197, 187, 157}));
}

}  // namespace
}  // namespace switchyard::testing
