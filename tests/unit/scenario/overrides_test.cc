#include "sim/scenario/overrides.h"

#include "tests/unit/scenario/texts.h"

namespace switchyard {
namespace {

TEST(Overrides, SetFields) {
  const Scenario scenario =
      Loaded({"workload.tokens_per_device=128", "cluster.node.nvlink.bandwidth=900 GB/s",
              "model.dense_layers=[1, 0]", "name=other"});
  EXPECT_EQ(scenario.workload.tokens_per_device, 128U);
  EXPECT_EQ(scenario.cluster.node.nvlink->bandwidth.value, 900e9);
  EXPECT_EQ(scenario.cluster.node.nvlink->latency.value, 1e-6);  // beside it, from the file
  EXPECT_EQ(scenario.model.dense_layers, (std::vector<std::uint32_t>{0, 1}));
  EXPECT_EQ(scenario.name, "other");
}

TEST(Overrides, TheLastOneWins) {
  EXPECT_EQ(Loaded({"workload.tokens_per_device=1", "workload.tokens_per_device=2"})
                .workload.tokens_per_device,
            2U);
}

TEST(Overrides, ReplaceTheOtherMemberOfAOneof) {
  const Scenario scenario = Loaded({"routing.zipf.exponent=0.5"});
  ASSERT_TRUE(std::holds_alternative<ZipfRouting>(scenario.routing));
  EXPECT_EQ(std::get<ZipfRouting>(scenario.routing).exponent, 0.5);
  EXPECT_TRUE(std::holds_alternative<UniformRouting>(
      Loaded({"routing.zipf.exponent=0.5", "routing.uniform={}"}).routing));
}

TEST(Overrides, AListIsGivenWhole) {
  const Scenario scenario =
      Loaded({"disturbances.gpus=[{gpu: 1, factor: 0.5}, {gpu: n001.gpu7, factor: 0.9}]"});
  ASSERT_EQ(scenario.disturbances.gpus.size(), 2U);
  EXPECT_EQ(scenario.disturbances.gpus[1].name, "n001.gpu7");
  EXPECT_EQ(ErrorsOf({"disturbances.gpus.factor=0.5"}),
            "--set: error: disturbances.gpus.factor: 'gpus' is a list: give all of it (in "
            "'disturbances.gpus.factor=0.5')\n");
}

TEST(Overrides, NullTakesAFieldAway) {
  const Scenario scenario = Loaded({"cluster.node.nvlink=null"});
  EXPECT_FALSE(scenario.cluster.node.nvlink.has_value());
}

TEST(Overrides, ErrorsNameTheOption) {
  EXPECT_EQ(ErrorsOf({"cluster.nodse=2"}),
            "--set: error: cluster.nodse: unknown field; did you mean 'nodes'? "
            "(in 'cluster.nodse=2')\n");
  EXPECT_EQ(ErrorsOf({"cluster.nodes.x=2"}),
            "--set: error: cluster.nodes.x: 'nodes' is a single value: nothing is below it "
            "(in 'cluster.nodes.x=2')\n");
  EXPECT_EQ(ErrorsOf({"cluster.nodes=two"}),
            "--set: error: cluster.nodes: expected uint32, got 'two' (in 'cluster.nodes=two')\n");
  EXPECT_EQ(ErrorsOf({"cluster.nodes"}),
            "--set: error: expected path.to.field=value (in 'cluster.nodes')\n");
  EXPECT_EQ(ErrorsOf({"cluster.nodes="}),
            "--set: error: cluster.nodes: has no value (in 'cluster.nodes=')\n");
  EXPECT_EQ(ErrorsOf({"routing.uniform={a: 1"}),
            "--set: error: routing.uniform: a key must be a name (or a '{' or '[' is "
            "not closed) (in 'routing.uniform={a: 1')\n");
}

// What the option makes wrong elsewhere is reported where it stands.
TEST(Overrides, SemanticErrorsAreLocated) {
  EXPECT_EQ(ErrorsOf({"workload.tokens_per_device=7", "workload.micro_batches=2"}),
            "--set: error: workload.micro_batches: 2 does not divide the 7 tokens of a device "
            "(tokens_per_device) (in 'workload.micro_batches=2')\n");
  EXPECT_EQ(ErrorsOf({"model.num_layers=1"}),
            "dir/valid.yaml:10:3: error: model.moe: no layer has experts: dense_layers lists every "
            "layer\n");
}

TEST(Overrides, SeedAndFidelityComeLast) {
  LoadOptions options;
  options.sets = {"simulation.seed=5"};
  options.seed = 18446744073709551615U;
  options.fidelity = "pairwise";
  const Result<LoadedScenario> loaded = LoadScenarioText(kValidScenario, "v.yaml", options);
  ASSERT_TRUE(loaded.ok()) << ToString(loaded.errors());
  EXPECT_EQ(loaded.value().scenario.seed, 18446744073709551615U);
  options.fidelity = "exact";
  const Result<LoadedScenario> wrong = LoadScenarioText(kValidScenario, "v.yaml", options);
  ASSERT_FALSE(wrong.ok());
  EXPECT_TRUE(wrong.errors()[0].ToString().starts_with(
      "--fidelity: error: simulation.fidelity: unknown value 'exact'; allowed: "))
      << wrong.errors()[0].ToString();
}

}  // namespace
}  // namespace switchyard
