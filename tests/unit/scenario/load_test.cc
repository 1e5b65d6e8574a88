#include "sim/scenario/load.h"

#include <filesystem>

#include "tests/unit/scenario/texts.h"

namespace switchyard {
namespace {

TEST(Load, FillsTheScenario) {
  const Scenario s = Loaded({});
  EXPECT_EQ(s.name, "valid");  // the file's name
  EXPECT_EQ(s.model.attention.index(), 0U);
  EXPECT_EQ(std::get<GroupedAttention>(s.model.attention).kv_heads, 4U);
  ASSERT_TRUE(s.model.moe.has_value());
  EXPECT_EQ(s.model.moe->topk_groups, 3U);
  EXPECT_EQ(s.model.moe->shared_intermediate_size, 0U);
  EXPECT_EQ(s.cluster.NumDevices(), 16U);
  EXPECT_EQ(s.cluster.node.nic->bandwidth.value, 50e9);  // 400 Gb/s
  ASSERT_TRUE(s.cluster.fabric.has_value());
  EXPECT_EQ(std::get<RailOptimizedSpec>(*s.cluster.fabric).nodes_per_unit, 32U);
  EXPECT_EQ(std::get<RailOptimizedSpec>(*s.cluster.fabric).spine_latency.value, 9e-7);
  EXPECT_EQ(s.parallelism.tensor, 1U);
  EXPECT_EQ(s.parallelism.expert, 16U);
  EXPECT_EQ(s.workload.context_length, 4096U);
  EXPECT_EQ(s.communication.all_to_all, AllToAllForm::kRankDedup);
  EXPECT_EQ(s.communication.metadata.value, 16.0);
  EXPECT_EQ(s.compute.gemm, 0.7);
  EXPECT_EQ(s.gemm_tile, 64U);
  EXPECT_EQ(s.seed, 1U);
}

TEST(Load, ReadsJson) {
  const std::string json = R"({"schema_version": 1, "name": "j", "workload": {"phase": "decode"}})";
  const Result<LoadedScenario> loaded = LoadScenarioText(json, "j.json", {});
  ASSERT_FALSE(loaded.ok());
  for (const Diagnostic& error : loaded.errors()) {
    EXPECT_NE(error.message.find("missing required field"), std::string::npos) << error.ToString();
  }
}

TEST(Load, AFileThatIsNotThereIsAnError) {
  const Result<LoadedScenario> loaded = LoadScenario("/nonexistent/x.yaml", {});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(ToString(loaded.errors()), "/nonexistent/x.yaml: error: no such file\n");
}

TEST(Load, StopsAfterAHundredMessages) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += "key" + std::to_string(i) + ": 1\n";
  const Result<LoadedScenario> loaded = LoadScenarioText(text, "f.yaml", {});
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.errors().size(), 101U);
  EXPECT_EQ(loaded.errors().back().message, "too many errors; the rest is not shown");
}

// The project's own catalogue and scenarios, as far as they are in place.
TEST(Load, CatalogueAndScenariosLoad) {
  namespace fs = std::filesystem;
  const fs::path root(SWITCHYARD_SOURCE_DIR);
  for (const std::string& name : ModelCardNames(root)) {
    const Result<ModelSpec> card = LoadModelCard(name, root);
    EXPECT_TRUE(card.ok()) << ToString(card.errors());
  }
  for (const std::string& name : ClusterCardNames(root)) {
    const Result<ClusterSpec> card = LoadClusterCard(name, root);
    EXPECT_TRUE(card.ok()) << ToString(card.errors());
  }
  for (const fs::directory_entry& entry : fs::directory_iterator(root / "scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    LoadOptions options;
    options.data_root = root;
    const Result<LoadedScenario> loaded = LoadScenario(entry.path(), options);
    EXPECT_TRUE(loaded.ok()) << ToString(loaded.errors());
  }
}

}  // namespace
}  // namespace switchyard
