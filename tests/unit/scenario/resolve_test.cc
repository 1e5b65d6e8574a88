// Derived values; what is refused and why is in tests/diagnostics.
#include "sim/scenario/resolve.h"

#include <google/protobuf/descriptor.h>

#include "scenarios/schema/scenario.pb.h"
#include "sim/scenario/schema_info.h"
#include "tests/unit/scenario/texts.h"

namespace switchyard {
namespace {

TEST(Resolve, EveryPresetHasValues) {
  for (const std::string& name : EnumNames(*pb::Routing::Fitted::Preset_descriptor())) {
    const Scenario scenario = Loaded({"routing.fitted.preset=" + name});
    ASSERT_TRUE(std::holds_alternative<FittedRouting>(scenario.routing));
    EXPECT_GT(std::get<FittedRouting>(scenario.routing).sigma_base, 0.0) << name;
  }
}

TEST(Resolve, PresetFieldsCanBeOverridden) {
  const Scenario scenario =
      Loaded({"routing.fitted={preset: dsv2_lite_esft, sigma_fast: 0, tokens_per_request: 3}"});
  const auto& fitted = std::get<FittedRouting>(scenario.routing);
  EXPECT_EQ(fitted.sigma_base, 0.58);
  EXPECT_EQ(fitted.sigma_fast, 0.0);
  EXPECT_EQ(fitted.tokens_per_request, 3U);
}

TEST(Resolve, ARequestIsOneTokenInDecodeAndAPromptInPrefill) {
  const std::vector<std::string> sets = {"routing.fitted.preset=gpt_oss_decode",
                                         "workload.context_length=16"};
  EXPECT_EQ(std::get<FittedRouting>(Loaded(sets).routing).tokens_per_request, 1U);
  std::vector<std::string> prefill = sets;
  prefill.emplace_back("workload.phase=prefill");
  EXPECT_EQ(std::get<FittedRouting>(Loaded(prefill).routing).tokens_per_request, 16U);
}

TEST(Resolve, ThePromptIsTheReplicasTokensUnlessItIsGiven) {
  EXPECT_EQ(Loaded({"workload.phase=prefill"}).workload.context_length, 64U);
  EXPECT_EQ(Loaded({"workload.phase=prefill", "workload.micro_batches=2"}).workload.context_length,
            32U);
  EXPECT_EQ(Loaded({}).workload.context_length, 4096U);
}

TEST(Resolve, ADenseModelNeedsNoList) {
  const Scenario scenario = Loaded({"model.moe=null", "model.dense_layers=null"});
  EXPECT_FALSE(scenario.model.moe.has_value());
  EXPECT_EQ(scenario.model.dense_layers, (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

TEST(Resolve, OneNodeKeepsTheFabricItCouldGrowInto) {
  EXPECT_TRUE(Loaded({"cluster.nodes=1"}).cluster.fabric.has_value());
  const std::vector<std::string> alone = {"cluster.nodes=1", "cluster.fabric=null"};
  EXPECT_FALSE(Loaded(alone).cluster.fabric.has_value());
}

TEST(Resolve, TheCapacityFactorIsExact) {
  const Scenario scenario = Loaded({"capacity={rule: probability, factor: 1.1}"});
  EXPECT_EQ(scenario.capacity.factor, (Rational{11, 10}));
  EXPECT_EQ(scenario.capacity.rule, CapacityRuleKind::kProbability);
}

// A rule that says dropless may keep a factor for later; the factor alone does nothing.
TEST(Resolve, AFactorWithoutItsRuleIsRefused) {
  EXPECT_EQ(Loaded({"capacity={rule: dropless, factor: 2}"}).capacity.factor, (Rational{1, 1}));
  EXPECT_NE(ErrorsOf({"capacity.factor=2"}).find("has no effect"), std::string::npos);
}

TEST(Resolve, TensorParallelDividesNodeAndHeads) {
  for (const std::uint32_t tensor : {1U, 2U, 4U, 8U}) {
    EXPECT_EQ(Loaded({"parallelism.tensor=" + std::to_string(tensor)}).parallelism.tensor, tensor);
  }
  EXPECT_NE(ErrorsOf({"parallelism.tensor=16"}).find("the 8 GPUs of a node"), std::string::npos);
}

TEST(Resolve, EveryNumberFormatIsKept) {
  const std::vector<std::pair<std::string, Dtype>> formats = {
      {"fp32", Dtype::kFp32}, {"bf16", Dtype::kBf16}, {"fp16", Dtype::kFp16}, {"fp8", Dtype::kFp8},
      {"fp4", Dtype::kFp4},   {"int8", Dtype::kInt8}, {"int4", Dtype::kInt4}};
  for (const auto& [name, dtype] : formats) {
    EXPECT_EQ(Loaded({"communication.dispatch_dtype=" + name}).communication.dispatch_dtype, dtype);
  }
}

// A field in error silences only the checks that need it: the other mistakes still show.
TEST(Resolve, OneMistakeGivesOneMessage) {
  EXPECT_EQ(ErrorsOf({"model.moe.num_experts=many", "workload.tokens_per_device=7",
                      "workload.micro_batches=2"}),
            "--set: error: model.moe.num_experts: expected uint32, got 'many' "
            "(in 'model.moe.num_experts=many')\n"
            "--set: error: workload.micro_batches: 2 does not divide the 7 tokens of a device "
            "(tokens_per_device) (in 'workload.micro_batches=2')\n");
}

}  // namespace
}  // namespace switchyard
