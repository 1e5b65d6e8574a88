// Do placements come out of the servers' files as they are in them, layer by layer of the model?
#include "sim/placement/files/placement_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "tests/unit/placement/files_helpers.h"

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

// What all samples say: the slots of layers 1, 2 and 3.
const std::vector<std::vector<int>> kSampleSlots = {
    {0, 1, 2, 3, 0, 3}, {3, 2, 1, 0, 1, 1}, {1, 0, 2, 2, 3, 0}};

Result<PlacementFile> Parse(const std::string& bytes,
                            const PlacementFileContext& context = SampleContext()) {
  return ParsePlacementFile(bytes, "p", context);
}
std::string Wrong(const std::string& bytes, const PlacementFileContext& context = SampleContext()) {
  return Messages(Parse(bytes, context));
}

LayerPlacements SampleLayers() { return Parse(Sample("sglang.json")).value().layers; }

void ExpectSample(const Result<PlacementFile>& file, PlacementFormat format) {
  ASSERT_TRUE(file.ok()) << Messages(file);
  EXPECT_EQ(file.value().format, format);
  ASSERT_EQ(file.value().layers.size(), kSampleSlots.size());
  for (std::size_t l = 0; l < kSampleSlots.size(); ++l) {
    EXPECT_EQ(Slots(file.value().layers[l]), kSampleSlots[l]) << "MoE layer " << l;
    EXPECT_EQ(file.value().layers[l].ranks(), 2U);
    EXPECT_EQ(file.value().layers[l].slots_per_rank(), 3U);
  }
}

std::string Render(PlacementFormat format) {
  const auto files = RenderPlacement(format, SampleLayers(), SampleContext(), "out");
  return files.ok() ? files.value().front().content : Messages(files);
}

TEST(PlacementFormats, NamesAreDistinctAndFoundAgain) {
  ASSERT_EQ(PlacementFormats().size(), 5U);
  for (const PlacementFormatInfo& info : PlacementFormats()) {
    EXPECT_EQ(PlacementFormatOf(info.name), info.format) << info.name;
    EXPECT_EQ(InfoOf(info.format).name, info.name);
    EXPECT_FALSE(info.summary.empty());
    EXPECT_FALSE(info.usage.empty());
  }
  EXPECT_FALSE(PlacementFormatOf("eplb").has_value());
}

// Samples are written by hand after the tools' sources, so equal bytes are a statement about them.
TEST(PlacementFile, SglangReadsAndWritesTheSample) {
  ExpectSample(Parse(Sample("sglang.json")), PlacementFormat::kSglang);
  EXPECT_EQ(Render(PlacementFormat::kSglang), Sample("sglang.json"));
}
TEST(PlacementFile, VllmAscendReadsAndWritesTheSample) {
  ExpectSample(Parse(Sample("vllm_ascend.json")), PlacementFormat::kVllmAscend);
  EXPECT_EQ(Render(PlacementFormat::kVllmAscend), Sample("vllm_ascend.json"));
}
TEST(PlacementFile, TensorRtLlmReadsAndWritesTheSample) {
  ExpectSample(Parse(Sample("tensorrt_llm.yaml")), PlacementFormat::kTensorRtLlm);
  EXPECT_EQ(Render(PlacementFormat::kTensorRtLlm), Sample("tensorrt_llm.yaml"));
}

TEST(PlacementFile, SglangWithRowsOfMoeLayersAlone) {
  ExpectSample(Parse("{\"physical_to_logical_map\": [[0,1,2,3,0,3],[3,2,1,0,1,1],[1,0,2,2,3,0]]}"),
               PlacementFormat::kSglang);
}

TEST(PlacementFile, DenseRowsOfSglangMeanNothing) {
  ExpectSample(Parse("{\"physical_to_logical_map\": "
                     "[[0,0,0,0,0,0],[0,1,2,3,0,3],[3,2,1,0,1,1],[1,0,2,2,3,0]]}"),
               PlacementFormat::kSglang);
}

// The same, as yaml.dump writes it, inside the server's options, and with aliases for equal lists.
TEST(PlacementFile, TensorRtLlmInOtherWords) {
  ExpectSample(Parse("# options\nmoe_config:\n  backend: WIDEEP\n  load_balancer:\n"
                     "    initial_global_assignments:\n"
                     "      3:\n      - 1\n      - 0\n      - 2\n      - 2\n      - 3\n      - 0\n"
                     "      1: [0, 1, 2, 3, 0, 3]\n      2: [3, 2, 1, 0, 1, 1]\n"
                     "    layer_updates_per_iter: 0\n    num_slots: 6\n"),
               PlacementFormat::kTensorRtLlm);
  const auto same = Parse(
      "num_slots: 4\ninitial_global_assignments:\n  1: &id001 [3, 2, 1, 0]\n  2: *id001\n"
      "  3: *id001\n");
  ASSERT_TRUE(same.ok()) << Messages(same);
  for (const Placement& placement : same.value().layers) {
    EXPECT_EQ(Slots(placement), (std::vector<int>{3, 2, 1, 0}));
  }
}

TEST(PlacementFile, TensorRtLlmThatMovesExpertsIsSaid) {
  std::string text = Sample("tensorrt_llm.yaml");
  text.replace(text.rfind('0'), 1, "1");
  const auto file = Parse(text);
  ASSERT_TRUE(file.ok()) << Messages(file);
  ASSERT_FALSE(file.value().warnings.empty());
  EXPECT_EQ(file.value().warnings.front(),
            "layer_updates_per_iter is 1: the server moves experts while it runs, what is read "
            "here is where it begins");
}

TEST(PlacementFile, WastedSlotsAreSaid) {
  // Layer 2 has expert 1 twice on rank 1, layer 1 expert 3.
  const auto file = Parse(Sample("sglang.json"));
  EXPECT_EQ(file.value().warnings,
            (std::vector<std::string>{
                "2 slots hold an expert that the same rank already has: wasted memory"}));
}

TEST(PlacementFile, OmniInferWithUnequalDevices) {
  // [2 devices, 3 layers, 4 experts]; in layer 0 device 0 has three experts, device 1 two.
  const std::vector<std::int32_t> held = {1, 1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1,
                                          0, 0, 1, 1, 0, 0, 1, 1, 1, 1, 0, 0};
  const auto file = Parse(Npy(NpyType::kI4, {2, 3, 4}, held));
  ASSERT_TRUE(file.ok()) << Messages(file);
  EXPECT_EQ(file.value().format, PlacementFormat::kOmniInfer);
  EXPECT_EQ(Slots(file.value().layers[0]), (std::vector<int>{0, 1, 2, 2, 3, -1}));
  EXPECT_EQ(Slots(file.value().layers[1]), (std::vector<int>{0, 1, -1, 2, 3, -1}));
  EXPECT_EQ(Slots(file.value().layers[2]), (std::vector<int>{2, 3, -1, 0, 1, -1}));
  EXPECT_EQ(file.value().warnings,
            (std::vector<std::string>{"devices hold up to 3 experts of a layer; the 5 of 18 slots "
                                      "that are not filled are taken as empty"}));
}

class EplbFolder : public ::testing::Test {
 protected:
  EplbFolder() : folder_(fs::path(::testing::TempDir()) / "switchyard_eplb_folder") {
    fs::remove_all(folder_);
  }
  ~EplbFolder() override { fs::remove_all(folder_); }

  void Save() {
    const auto saved =
        SavePlacement(PlacementFormat::kEplbTensors, SampleLayers(), SampleContext(), folder_);
    ASSERT_TRUE(saved.ok()) << ToString(saved.errors());
  }
  fs::path folder_;
};

TEST_F(EplbFolder, ThreeTensorsComeBack) {
  Save();
  ExpectSample(LoadPlacementFile(folder_, SampleContext()), PlacementFormat::kEplbTensors);
  ExpectSample(LoadPlacementFile(folder_ / "phy2log.npy", SampleContext()),
               PlacementFormat::kEplbTensors);
  ExpectSample(LoadPlacementFile(folder_ / "log2phy.npy", SampleContext()),
               PlacementFormat::kEplbTensors);
}

TEST_F(EplbFolder, TensorsAreThoseOfEplb) {
  Save();
  const NpyArray logcnt = ReadNpy(folder_ / "logcnt.npy", 1 << 20).value();
  EXPECT_EQ(logcnt.type, NpyType::kI8);
  EXPECT_EQ(logcnt.shape, (std::vector<std::uint64_t>{3, 4}));
  const std::vector<int> counts = {2, 1, 1, 2, 1, 3, 1, 1, 2, 1, 2, 1};  // counted in kSampleSlots
  for (std::size_t i = 0; i < counts.size(); ++i) EXPECT_EQ(logcnt.Integer(i), counts[i]) << i;

  const NpyArray log2phy = ReadNpy(folder_ / "log2phy.npy", 1 << 20).value();
  EXPECT_EQ(log2phy.shape, (std::vector<std::uint64_t>{3, 4, 3})) << "expert 1 of layer 2: three";
  const std::vector<int> layer2 = {3, -1, -1, 2, 4, 5, 1, -1, -1, 0, -1, -1};
  for (std::size_t i = 0; i < layer2.size(); ++i) {
    EXPECT_EQ(log2phy.Integer(12 + i), layer2[i]) << i;
  }
}

TEST_F(EplbFolder, TensorsThatContradictEachOther) {
  Save();
  const std::string path = (folder_ / "logcnt.npy").generic_string();
  const std::vector<std::int64_t> counts = {2, 1, 1, 2, 1, 3, 1, 1, 1, 2, 2, 1};
  std::ofstream(path, std::ios::binary) << Npy(NpyType::kI8, {3, 4}, counts);
  EXPECT_EQ(Messages(LoadPlacementFile(folder_, SampleContext())),
            path + ": error: layer 3, expert 0: 1 replicas; phy2log.npy has 2");
  fs::remove(path);
  const std::string slots = (folder_ / "log2phy.npy").generic_string();
  const std::vector<std::int64_t> linear = {0, 4,  1, 5,  2, -1, 3, -1, 0, 4,  1, 5,
                                            2, -1, 3, -1, 0, 4,  1, 5,  2, -1, 3, -1};
  std::ofstream(slots, std::ios::binary) << Npy(NpyType::kI8, {3, 4, 2}, linear);
  EXPECT_EQ(Messages(LoadPlacementFile(folder_, SampleContext())),
            slots + ": error: layer 1 is not what phy2log.npy says\n" + slots +
                ": error: layer 2 is not what phy2log.npy says\n" + slots +
                ": error: layer 3 is not what phy2log.npy says");
}

TEST(PlacementFile, EveryWritableFormatReadsBackALargePlacement) {
  // DeepSeek-V3: 61 layers, 58 with 256 experts; 32 redundant slots on 32 ranks.
  PlacementFileContext context{61, {}, 256, 32};
  LayerPlacements layers;
  for (std::uint32_t l = 3; l < 61; ++l) {
    context.moe_layers.push_back(l);
    std::vector<ExpertIndex> slots(288);
    // 97 and 288 have no common divisor: slot s * 97 % 288 runs through all slots.
    for (std::uint32_t s = 0; s < 288; ++s) {
      slots[s * 97 % 288] = static_cast<ExpertIndex>((s + l) % 256);
    }
    layers.emplace_back(32, 9, 256, std::move(slots));
  }
  for (const PlacementFormatInfo& info : PlacementFormats()) {
    if (!info.writable) continue;
    const auto files = RenderPlacement(info.format, layers, context, "out");
    ASSERT_TRUE(files.ok()) << info.name;
    const auto again = Parse(files.value().front().content, context);
    ASSERT_TRUE(again.ok()) << info.name << ": " << Messages(again);
    for (std::size_t l = 0; l < layers.size(); ++l) {
      ASSERT_EQ(Slots(again.value().layers[l]), Slots(layers[l])) << info.name << ", layer " << l;
    }
  }
}

TEST(PlacementFile, WhatIsNotWritten) {
  EXPECT_EQ(Render(PlacementFormat::kOmniInfer),
            "error: placements are not written as omni_infer; allowed: sglang, vllm_ascend, "
            "tensorrt_llm, eplb_tensors");
  LayerPlacements layers = SampleLayers();
  layers[1] = Placement(2, 3, 4, {0, 1, 2, kNoExpert, 2, kNoExpert});
  EXPECT_EQ(Messages(RenderPlacement(PlacementFormat::kSglang, layers, SampleContext(), "out")),
            "error: layer 2 has 2 empty slots; a server's file has an expert in each\n"
            "error: layer 2 has no slot for expert 3");
}

// --- every mistake its message ---

TEST(PlacementMistakes, OfSglang) {
  EXPECT_EQ(Wrong("{\"physical_to_logical_map\": [[0,1,2,3]],\n \"note\": 1}"),
            "p:2:10: error: note: SGLang takes no other key beside 'physical_to_logical_map'\n"
            "p:1:29: error: physical_to_logical_map: 1 layers; allowed: 4 (all layers of the "
            "model) or 3 (its MoE layers)");
  EXPECT_EQ(Wrong("{\"physical_to_logical_map\": 7}"),
            "p:1:29: error: physical_to_logical_map: expected a list of layers, each a list of "
            "experts, found 7");
  EXPECT_EQ(Wrong("{\"physical_to_logical_map\":\n[[0,1,2,3],\n[0,1,2,4,5,3],\n\"x\"]}"),
            "p:3:1: error: physical_to_logical_map[1][3]: expert 4; allowed: 0 to 3 (1 more such "
            "slots in this list)\n"
            "p:4:1: error: physical_to_logical_map[2]: expected a list of experts, found text "
            "\"x\"\n"
            "p: error: holds no placement for the MoE layers 3 of the model\n"
            "p:3:1: error: physical_to_logical_map[1]: layer 2 has 6 slots where layer 1 has 4");
  EXPECT_EQ(Wrong("{\"physical_to_logical_map\": [[0,1,2,3,0],[0,1,2,2,0],[1,1,1,1,1]]}"),
            "p:1:30: error: physical_to_logical_map[0]: 5 slots a layer for 4 experts on 2 ranks; "
            "allowed: multiples of 2 from 4 on\n"
            "p:1:42: error: physical_to_logical_map[1]: layer 2 has no slot for expert 3\n"
            "p:1:54: error: physical_to_logical_map[2]: layer 3 has no slot for experts 0, 2, 3");
  EXPECT_EQ(Wrong("{\"physical_to_logical_map\": [[7],[0,1,2,3],[0,1,2,3],[0,1,2,3]]}"),
            "p:1:30: error: physical_to_logical_map[0][0]: expert 7; allowed: 0 to 3");
  EXPECT_EQ(Wrong("{\"physical_to_logical_map\": [[0,1],"),
            "p:1:36: error: syntax error while parsing value - unexpected end of input; expected "
            "'[', '{', or a literal");
}

TEST(PlacementMistakes, OfVllmAscend) {
  EXPECT_EQ(Wrong("{\"moe_layer_count\": 3}"), "p:1:1: error: layer_list: is missing");
  EXPECT_EQ(Wrong("{\"layer_list\": [1]}"),
            "p:1:16: error: layer_list: expected a list of objects, found a list of 1");
  const std::string text = Sample("vllm_ascend.json");
  const auto place = [&](const std::string& part) {
    return "p:1:" + std::to_string(text.find(part) + 1) + ": ";
  };
  const auto replace = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    changed.replace(changed.find(from), from.size(), to);
    return Wrong(changed);
  };
  EXPECT_EQ(replace("\"moe_layer_count\": 3", "\"moe_layer_count\": 4"),
            "p:1:21: error: moe_layer_count: is 4; by the order of the lists it is 3, and "
            "vLLM-Ascend goes by them");
  EXPECT_EQ(
      replace("\"layer_id\": 2", "\"layer_id\": 3"),
      place("2, \"device_count\": 2, \"device_list\": [{\"device_id\": 0, \"device_expert\": [1") +
          "error: layer_list[2].layer_id: is 3; by the order of the lists it is 2, and "
          "vLLM-Ascend goes by them");
  EXPECT_EQ(replace("[3, 0, 3]", "[3, 0]"),
            place("[3, 0, 3]") +
                "error: layer_list[0].device_list[1].device_expert: 2 experts where the "
                "devices before it have 3\n"
                "p: error: holds no placement for the MoE layers 1 of the model");
  EXPECT_EQ(replace("[3, 0, 3]", "[3, 0, 7]"),
            place("[3, 0, 3]") +
                "error: layer_list[0].device_list[1].device_expert[2]: expert 7; allowed: 0 "
                "to 3");
  EXPECT_EQ(replace("[3, 0, 3]", "\"all\""),
            place("[3, 0, 3]") +
                "error: layer_list[0].device_list[1].device_expert: expected a list of "
                "experts, found text \"all\"\n"
                "p: error: holds no placement for the MoE layers 1 of the model");
  PlacementFileContext context = SampleContext();
  context.ranks = 3;
  EXPECT_EQ(Wrong("{\"moe_layer_count\": 1, \"layer_list\": [{\"device_count\": 1, "
                  "\"device_list\": [{}]}]}",
                  context),
            "p:1:1: error: layer_list: 1 layers; the model has 3 MoE layers\n"
            "p:1:39: error: layer_list[0]: 1 devices; the expert-parallel group has 3 ranks");
  EXPECT_EQ(Wrong("{\"moe_layer_count\": 3, \"layer_list\": [{}, {\"device_list\": [{}, {}]}, "
                  "{}]}"),
            "p:1:39: error: layer_list[0].device_list: is missing\n"
            "p:1:43: error: layer_list[1].device_count: is missing\n"
            "p:1:60: error: layer_list[1].device_list[0].device_expert: is missing\n"
            "p:1:64: error: layer_list[1].device_list[1].device_expert: is missing\n"
            "p:1:70: error: layer_list[2].device_list: is missing");
}

TEST(PlacementMistakes, OfTensorRtLlm) {
  EXPECT_EQ(Wrong("num_slots: 4\n"),
            "p:1:1: error: initial_global_assignments: is missing: nothing is placed");
  EXPECT_EQ(Wrong("num_slots: 0\ninitial_global_assignments: 3\n"),
            "p:1:12: error: num_slots: expected a whole number from 1 on, found 0\n"
            "p:2:29: error: initial_global_assignments: expected a mapping from layers to lists of "
            "experts, found 3");
  EXPECT_EQ(Wrong("num_slots: 4\ninitial_global_assignments:\n"
                  "  0: [0, 1, 2, 3]\n"
                  "  one: [0, 1, 2, 3]\n"
                  "  1: [0, 1, 2]\n"
                  "  2: [0, 1, 2, 9]\n"
                  "  02: [0, 1, 2, 3]\n"
                  "  3: none\n"),
            "p:3:6: error: initial_global_assignments.0: layer 0 is no MoE layer of the model; "
            "keys are indices in the whole model, whose MoE layers are 1 to 3\n"
            "p:4:8: error: initial_global_assignments.one: the key is no layer of the model\n"
            "p:5:6: error: initial_global_assignments.1: 3 slots; num_slots is 4\n"
            "p:6:6: error: initial_global_assignments.2[3]: expert 9; allowed: 0 to 3\n"
            "p:7:7: error: initial_global_assignments.02: layer 2 is given twice\n"
            "p:8:6: error: initial_global_assignments.3: expected a list of experts, found text "
            "\"none\"\n"
            "p: error: holds no placement for the MoE layers 3 of the model\n"
            "p:5:6: error: initial_global_assignments.1: 3 slots a layer for 4 experts on 2 ranks; "
            "allowed: multiples of 2 from 4 on\n"
            "p:5:6: error: initial_global_assignments.1: layer 1 has no slot for expert 3\n"
            "p:6:6: error: initial_global_assignments.2: layer 2 has 4 slots where layer 1 has 3");
}

TEST(PlacementMistakes, OfYaml) {
  EXPECT_EQ(Wrong(""), "p: error: the file is empty");
  EXPECT_EQ(Wrong("num_slots: 4\nnum_slots: 5\n"), "p:2:1: error: num_slots: is given twice");
  EXPECT_EQ(Wrong("num_slots: 4\n---\nnum_slots: 5\n"),
            "p:2:1: error: a second document starts here");
  EXPECT_EQ(Wrong("a: &x [*x]\n"), "p:1:8: error: the alias stands inside what it stands for");
  EXPECT_EQ(Wrong("? [1]\n: 2\n"), "p:1:3: error: a key must be a name or a number");
  EXPECT_EQ(Wrong("a: " + std::string(40, '[') + std::string(40, ']')),
            "p:1:35: error: nested deeper than 32 levels");
  EXPECT_EQ(Wrong(std::string(2000, '[')), "p:1:33: error: nested deeper than 32 levels") << "JSON";
  EXPECT_EQ(Wrong("a: " + std::string(2000, '[')), "p: error: nested deeper than 32 levels");
  EXPECT_EQ(Wrong("a:" + std::string(kMaxPlacementFileBytes / 64, ' ')),
            "p: error: 4194306 bytes of YAML; at most 2097152 are read");
  // Each line stands for ten times the one before it.
  std::string bomb = "a0: &a0 [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n";
  for (int i = 1; i < 10; ++i) {
    const std::string alias = "*a" + std::to_string(i - 1);
    std::string list = alias;
    for (int k = 1; k < 10; ++k) list += ", " + alias;
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + list + "]\n";
  }
  EXPECT_EQ(Wrong(bomb).substr(Wrong(bomb).find("error")),
            "error: more than 4194304 values, what aliases stand for included");
}

TEST(PlacementMistakes, OfArrays) {
  const auto npy = [](const std::vector<std::uint64_t>& shape,
                      const std::vector<std::int64_t>& values) {
    return Npy(NpyType::kI8, shape, values);
  };
  EXPECT_EQ(Wrong(Npy(NpyType::kF4, {1}, std::vector<float>{1})),
            "p: error: holds <f4; placements are integers");
  EXPECT_EQ(Wrong(npy({1, 2, 2}, {1, 0, 0, 1})),
            "p: error: has shape [1, 2, 2]; allowed: [3 layers, slots] (phy2log), [3 layers, 4 "
            "experts, replicas] (log2phy), [2 devices, 3 MoE layers, 4 experts] of 0 and 1 "
            "(omni-infer)");
  EXPECT_EQ(Wrong(npy({2, 4}, {0, 1, 2, 3, 0, 1, 2, 3})),
            "p: error: 2 layers; allowed: 4 (all layers of the model) or 3 (its MoE layers)");
  EXPECT_EQ(Wrong(npy({3, 4}, {0, 1, 2, 3, 0, 1, 2, -1, 3, 2, 1, 0})),
            "p: error: [1][3]: expert -1; allowed: 0 to 3\n"
            "p: error: [1]: layer 2 has no slot for expert 3");
  EXPECT_NE(Wrong(npy({3, 4}, {2, 1, 1, 2, 1, 1, 3, 1, 1, 3, 1, 1}))
                .find("p: error: looks like EPLB's logcnt, which says how often experts are there, "
                      "not where: give phy2log.npy"),
            std::string::npos);
  EXPECT_EQ(Wrong(npy({3, 4, 1}, {0, 1, 2, 3, 0, 1, 2, 2, 0, 1, 2, 4})),
            "p: error: [1]: expert 3 is in slot 2; each of the 4 slots that the layer has entries "
            "for, 0 to 3, is there once\n"
            "p: error: [2]: expert 3 is in slot 4; each of the 4 slots that the layer has entries "
            "for, 0 to 3, is there once\n"
            "p: error: holds no placement for the MoE layers 2, 3 of the model");
  EXPECT_EQ(Wrong(npy({2, 2, 4}, std::vector<std::int64_t>(16, 1))),
            "p: error: 2 layers; the model has 3 MoE layers");
  std::vector<std::int64_t> held(24, 1);
  held[5] = 2;
  EXPECT_EQ(Wrong(npy({2, 3, 4}, held)), "p: error: [0][1][1]: 2; allowed: 0, 1");
  EXPECT_EQ(Wrong("\x93NUMPY"), "p: error: ends inside its header");
}

TEST(PlacementMistakes, OfTheWholeFile) {
  EXPECT_EQ(Wrong("{\"logical_count\": [[1]]}"),
            "p: error: holds 'logical_count': loads, not a placement; they are what a placement is "
            "made from");
  EXPECT_EQ(Wrong("[[0,1],[2,3]]"),
            "p: error: is no placement file: a list of 2 without physical_to_logical_map (SGLang), "
            "layer_list (vLLM-Ascend) or initial_global_assignments (TensorRT-LLM)");
  EXPECT_EQ(Messages(LoadPlacementFile("/nowhere/p.json", SampleContext())),
            "/nowhere/p.json: error: no such file");
  EXPECT_EQ(Wrong("{" + std::string(std::size_t{9} << 20, ' ')),
            "p: error: 9437185 bytes of JSON; at most 8388608 are read as a placement");
}

// --- the samples of the data folder, where it is there ---

class SharedSamples : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!fs::exists(kSharedData + "formats/placement")) {
      GTEST_SKIP() << "no " << kSharedData << "formats/placement";
    }
  }
  // Reads the sample, writes it, and holds the bytes against it.
  static void ExpectSameBytes(const std::string& name, PlacementFormat format,
                              const PlacementFileContext& context) {
    const std::string bytes = ReadFile(kSharedData + "formats/placement/" + name, 1 << 20).value();
    const auto file = Parse(bytes, context);
    ASSERT_TRUE(file.ok()) << Messages(file);
    EXPECT_EQ(file.value().format, format);
    const auto again = RenderPlacement(format, file.value().layers, context, name);
    ASSERT_TRUE(again.ok()) << Messages(again);
    EXPECT_EQ(again.value().front().content, bytes);
  }
};

TEST_F(SharedSamples, AreWrittenByteForByte) {
  ExpectSameBytes("sglang_physical_to_logical.json", PlacementFormat::kSglang, {2, {0, 1}, 8, 2});
  ExpectSameBytes("vllm_ascend_expert_map.json", PlacementFormat::kVllmAscend, {4, {3}, 8, 2});
  ExpectSameBytes("trtllm_moe_load_balancer.yaml", PlacementFormat::kTensorRtLlm,
                  {5, {3, 4}, 8, 2});
}

TEST_F(SharedSamples, OmniInferPlacementsOfDeepSeekV3) {
  PlacementFileContext context{61, {}, 256, 16};
  for (std::uint32_t l = 3; l < 61; ++l) context.moe_layers.push_back(l);
  const std::string folder = kSharedData + "omni_dsv3_placements/";
  const auto even = LoadPlacementFile(
      folder +
          "placement_pattern_20250626_221356_58_rearrange_layers_58_layers_16_ranks_prefill_"
          "step0to100000.npy",
      context);
  ASSERT_TRUE(even.ok()) << Messages(even);
  EXPECT_EQ(even.value().layers.front().slots_per_rank(), 16U) << "256 experts on 16 devices";
  EXPECT_TRUE(even.value().warnings.empty());
  context.ranks = 32;
  const auto uneven = LoadPlacementFile(
      folder + "DSV3_0427_GSM8K_decode_RedFullLays_+10_58_MoELayers_32_dies_epmaxdeploy_12.npy",
      context);
  ASSERT_TRUE(uneven.ok()) << Messages(uneven);
  EXPECT_EQ(uneven.value().layers.front().slots_per_rank(), 9U) << "10 layers have 32 more";
  // 48 layers leave one slot of nine empty on each of 32 devices.
  ASSERT_EQ(uneven.value().warnings.size(), 1U);
  EXPECT_NE(uneven.value().warnings.front().find("the 1536 of 16704 slots"), std::string::npos)
      << uneven.value().warnings.front();
}

}  // namespace
}  // namespace switchyard::testing
