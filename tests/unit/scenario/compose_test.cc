// include and card, with files on disk.
#include <unistd.h>
#include <filesystem>
#include <map>

#include "sim/base/file.h"
#include "tests/unit/scenario/texts.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

class Compose : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / ("switchyard_compose_" + std::to_string(::getpid()));
    Write("valid.yaml", kValidScenario);
  }
  void TearDown() override { fs::remove_all(folder_); }

  void Write(const std::string& name, const std::string& text) {
    ASSERT_TRUE(WriteFileAtomically(folder_ / name, text).ok());
  }
  Scenario Load(const std::string& name, std::vector<std::string> sets = {}) {
    LoadOptions options;
    options.data_root = folder_;
    options.sets = std::move(sets);
    Result<LoadedScenario> loaded = LoadScenario(folder_ / name, options);
    if (loaded.ok()) return loaded.value().scenario;
    ADD_FAILURE() << ToString(loaded.errors());
    return {};
  }
  std::string Errors(const std::string& name) {
    LoadOptions options;
    options.data_root = folder_;
    const Result<LoadedScenario> loaded = LoadScenario(folder_ / name, options);
    return loaded.ok() ? "" : ToString(loaded.errors());
  }

  fs::path folder_;
};

TEST_F(Compose, ItemsOfAListMayIncludeToo) {
  Write("slow.yaml", "factor: 0.25\nfrom: 1 ms\n");
  Write("main.yaml",
        "include: valid.yaml\n"
        "disturbances:\n"
        "  nics:\n"
        "    - {include: slow.yaml, nic: n000.nic1}\n"
        "    - {include: slow.yaml, nic: n000.nic2, factor: 0.5}\n");
  const Scenario scenario = Load("main.yaml");
  ASSERT_EQ(scenario.disturbances.nics.size(), 2U);
  EXPECT_EQ(scenario.disturbances.nics[0].slowdown.factor, 0.25);
  EXPECT_EQ(scenario.disturbances.nics[0].slowdown.from, Seconds{1e-3});
  EXPECT_EQ(scenario.disturbances.nics[1].slowdown.factor, 0.5);
}

TEST_F(Compose, KeysOverrideTheInclude) {
  Write("a.yaml", "include: valid.yaml\nworkload: {tokens_per_device: 8}\n");
  const Scenario scenario = Load("a.yaml");
  EXPECT_EQ(scenario.workload.tokens_per_device, 8U);
  EXPECT_EQ(scenario.workload.phase, StepPhase::kDecode);  // beside it, from the include
  EXPECT_EQ(scenario.name, "a");
}

TEST_F(Compose, LaterIncludesOverrideEarlierOnes) {
  Write("p.yaml", "workload: {tokens_per_device: 8, context_length: 9}\n");
  Write("q.yaml", "workload: {tokens_per_device: 10}\n");
  Write("a.yaml", "include: [valid.yaml, p.yaml, q.yaml]\n");
  const Scenario scenario = Load("a.yaml");
  EXPECT_EQ(scenario.workload.tokens_per_device, 10U);
  EXPECT_EQ(scenario.workload.context_length, 9U);
}

TEST_F(Compose, ItemsOfListsMayInclude) {
  Write("old.yaml", "count: 1\ndevice: {name: old}\n");
  Write("a.yaml", "include: valid.yaml\ncluster: {node_groups: [{include: old.yaml}]}\n");
  EXPECT_EQ(Load("a.yaml").cluster.device_of(0).name, "old");
}

TEST_F(Compose, ListsReplace) {
  Write("a.yaml", "include: valid.yaml\nmodel: {dense_layers: [1, 2]}\n");
  EXPECT_EQ(Load("a.yaml").model.dense_layers, (std::vector<std::uint32_t>{1, 2}));
}

TEST_F(Compose, AOneofMemberReplacesTheIncludedOne) {
  Write("a.yaml", "include: valid.yaml\nrouting: {lognormal: {sigma: 1}}\n");
  EXPECT_TRUE(std::holds_alternative<LogNormalRouting>(Load("a.yaml").routing));
}

TEST_F(Compose, PathsAreRelativeToTheFileThatNamesThem) {
  Write("sub/base.yaml", "include: ../valid.yaml\nrouting: {trace: {path: traces/t.trace}}\n");
  Write("a.yaml", "include: sub/base.yaml\n");
  const Scenario scenario = Load("a.yaml");
  ASSERT_TRUE(std::holds_alternative<TraceRouting>(scenario.routing));
  EXPECT_EQ(std::get<TraceRouting>(scenario.routing).path,
            (folder_ / "sub/traces/t.trace").string());
  const Scenario set = Load("a.yaml", {"routing.trace.path=t.npy"});
  EXPECT_EQ(std::get<TraceRouting>(set.routing).path, (fs::current_path() / "t.npy").string());
}

TEST_F(Compose, CardsAreABase) {
  Write("models/cards/small.yaml",
        "schema_version: 1\nmodel:\n  name: small\n  hidden_size: 64\n  num_layers: 2\n"
        "  vocab_size: 100\n  attention: {heads: 8, grouped: {kv_heads: 8, head_dim: 8}}\n"
        "  moe: {num_experts: 32, top_k: 2, intermediate_size: 64}\n");
  Write("models/cards/wider.yaml",
        "schema_version: 1\nmodel: {card: small, name: wider, hidden_size: 128}\n");
  Write("a.yaml", "include: valid.yaml\nmodel: null\n");
  Write("b.yaml",
        "schema_version: 1\nmodel: {card: small, vocab_size: 7}\n"
        "cluster: {include: cluster.yaml}\nworkload: {phase: decode, tokens_per_device: 1}\n"
        "routing: {uniform: {}}\n");
  const std::string text = kValidScenario;
  const std::size_t start = text.find("cluster:\n") + 9;
  Write("cluster.yaml", text.substr(start, text.find("workload:") - start));
  const Scenario scenario = Load("b.yaml");
  EXPECT_EQ(scenario.model.name, "small");
  EXPECT_EQ(scenario.model.hidden_size, 64U);
  EXPECT_EQ(scenario.model.vocab_size, 7U);
  // Another card under the same keys; that card starts from the first.
  const Scenario wider = Load("b.yaml", {"model.card=wider"});
  EXPECT_EQ(wider.model.name, "wider");
  EXPECT_EQ(wider.model.hidden_size, 128U);
  EXPECT_EQ(wider.model.vocab_size, 7U);
  EXPECT_EQ(ModelCardNames(folder_), (std::vector<std::string>{"small", "wider"}));
  EXPECT_TRUE(LoadModelCard("wider", folder_).ok());
  EXPECT_TRUE(LoadModelCard((folder_ / "models/cards/wider.yaml").string(), folder_).ok());
  const Result<ModelSpec> unknown = LoadModelCard("smal", folder_);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.errors()[0].ToString(),
            "error: unknown model card 'smal'; did you mean 'small'?");
}

TEST_F(Compose, CardsOutsideTheCatalogueAreNamedByPath) {
  Write("sub/mine.yaml", "schema_version: 1\nmodel: {card: ./base.yaml, hidden_size: 128}\n");
  Write("sub/base.yaml",
        "schema_version: 1\nmodel:\n  name: mine\n  hidden_size: 64\n  num_layers: 2\n"
        "  vocab_size: 100\n  attention: {heads: 8, grouped: {kv_heads: 8, head_dim: 8}}\n"
        "  moe: {num_experts: 32, top_k: 2, intermediate_size: 64}\n");
  Write("a.yaml", "include: valid.yaml\nmodel: null\n");
  Write("sub/b.yaml", "include: ../a.yaml\nmodel: {card: mine.yaml}\n");
  const Scenario scenario = Load("sub/b.yaml");
  EXPECT_EQ(scenario.model.name, "mine") << "relative to the file that names it";
  EXPECT_EQ(scenario.model.hidden_size, 128U);
  // On the command line: relative to where the command runs.
  const std::string file = (folder_ / "sub/base.yaml").string();
  EXPECT_EQ(Load("sub/b.yaml", {"model.card=" + file}).model.hidden_size, 64U);
}

TEST_F(Compose, CardCyclesAreErrors) {
  Write("models/cards/x.yaml", "schema_version: 1\nmodel: {card: y}\n");
  Write("models/cards/y.yaml", "schema_version: 1\nmodel: {card: x}\n");
  Write("a.yaml", "include: valid.yaml\nmodel: {card: x}\n");
  EXPECT_NE(Errors("a.yaml").find("model.card: includes itself: x.yaml -> y.yaml -> x.yaml"),
            std::string::npos)
      << Errors("a.yaml");
}

TEST_F(Compose, DeepChainsAreErrors) {
  for (int i = 0; i < 30; ++i) {
    Write("f" + std::to_string(i) + ".yaml", "include: f" + std::to_string(i + 1) + ".yaml\n");
  }
  Write("f30.yaml", "include: valid.yaml\n");
  EXPECT_NE(Errors("f0.yaml").find("f16.yaml:1:10: error: include: more than 16 files"),
            std::string::npos)
      << Errors("f0.yaml");
  EXPECT_EQ(Errors("f20.yaml"), "");
}

// Each file includes the next twice: 2^15 files without a limit.
TEST_F(Compose, WideChainsAreErrors) {
  for (int i = 0; i < 15; ++i) {
    const std::string next = "f" + std::to_string(i + 1) + ".yaml";
    std::string text = "include: [";
    text.append(next).append(", ").append(next).append("]\n");
    Write("f" + std::to_string(i) + ".yaml", text);
  }
  Write("f15.yaml", "{}\n");
  EXPECT_NE(Errors("f0.yaml").find("more than 256 files"), std::string::npos);
}

// One message for the file that is missing, none for the fields it would have given.
TEST_F(Compose, AMissingIncludeGivesOneMessage) {
  Write("a.yaml", "include: nowhere.yaml\nname: x\n");
  EXPECT_EQ(Errors("a.yaml"), (folder_ / "a.yaml").string() + ":1:10: error: include: " +
                                  (folder_ / "nowhere.yaml").string() + ": no such file\n");
}

TEST_F(Compose, FilesCanBeForbidden) {
  LoadOptions options;
  options.allow_files = false;
  const Result<LoadedScenario> loaded =
      LoadScenarioText("include: a.yaml\nmodel: {card: b}\n", "f.yaml", options);
  ASSERT_FALSE(loaded.ok());
  EXPECT_EQ(loaded.errors()[0].ToString(),
            "f.yaml:1:10: error: include: other files may not be read here");
  EXPECT_EQ(loaded.errors()[1].ToString(),
            "f.yaml:2:15: error: model.card: other files may not be read here");
}

}  // namespace
}  // namespace switchyard
