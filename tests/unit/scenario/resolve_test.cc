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

// 2 x 2 layers x 2^14 devices x 2^14 partners of a direct all-to-all are 10^9 flows.
TEST(Resolve, AutoFidelityIsPortForTheLargest) {
  EXPECT_EQ(Loaded({"simulation.fidelity=auto"}).fidelity, Fidelity::kFlow);
  EXPECT_EQ(Loaded({"simulation.fidelity=auto", "cluster.nodes=1024", "model.moe.num_experts=4096",
                    "parallelism.expert=4096", "communication.all_to_all=rank_dedup"})
                .fidelity,
            Fidelity::kPort);
  EXPECT_EQ(Loaded({}).tolerance, 0.04);
}

TEST(Resolve, DisturbancesHaveTheirDefaultsAndUnits) {
  const Scenario scenario = Loaded(
      {"disturbances={nics: [{nic: n000.nic1, factor: 0.5}], stragglers: [{kind: delay, delay: 20 "
       "us}], clocks: [{sigma: 0.02, gpus: [\"n001.*\"]}], background: [{link: nic, share: 0.3, "
       "period: 1 ms, burst: 100 us, until: 1 s}]}"});
  const Disturbances& d = scenario.disturbances;
  EXPECT_EQ(d.nics.at(0).slowdown.from, Seconds{});
  EXPECT_EQ(d.nics.at(0).slowdown.until, kForever);
  EXPECT_EQ(d.stragglers.at(0).delay, Seconds{20e-6});
  EXPECT_EQ(d.stragglers.at(0).per, JitterPer::kTask);
  EXPECT_TRUE(d.stragglers.at(0).gpus.empty());
  EXPECT_EQ(d.clocks.at(0).factor, 1.0);
  EXPECT_EQ(d.clocks.at(0).gpus, std::vector<std::string>{"n001.*"});
  EXPECT_EQ(d.background.at(0).bursts->burst, Seconds{100e-6});
  EXPECT_TRUE(Loaded({}).disturbances.empty());
}

// 1 pJ/bit is 8 pJ a byte. Each tier has a field: what a new tier costs can be said.
TEST(Resolve, LinkEnergiesAreByTier) {
  std::string links;
  for (std::size_t t = 0; t < kNumLinkTiers; ++t) {
    links += std::string(t == 0 ? "" : ", ") + std::string(ToString(static_cast<LinkTier>(t))) +
             ": " + std::to_string(t + 1) + " pJ/bit";
  }
  const Scenario scenario =
      Loaded({"cluster.device.idle_power=90 W", "cluster.device.busy_power=700 W",
              "cluster.device.comm_power=200 W", "cluster.energy={links: {" + links + "}}"});
  EXPECT_EQ(scenario.cluster.device.comm_power->value, 200);
  for (std::size_t t = 0; t < kNumLinkTiers; ++t) {
    ASSERT_TRUE(scenario.cluster.energy.links[t].has_value()) << t;
    EXPECT_DOUBLE_EQ(scenario.cluster.energy.links[t]->value, 8e-12 * static_cast<double>(t + 1));
  }
  EXPECT_FALSE(scenario.cluster.energy.switch_power.has_value());
}

TEST(ResolveCluster, ChoosesPathsThatFit) {
  EXPECT_EQ(Loaded({}).cluster.paths, PathSelection::kRailAware);
  EXPECT_EQ(Loaded({"cluster.fabric.fat_tree={radix: 8}"}).cluster.paths, PathSelection::kEcmp);
  EXPECT_EQ(Loaded({"cluster.paths=adaptive"}).cluster.paths, PathSelection::kAdaptive);
  const Result<LoadedScenario> loaded = LoadWith({"cluster.fabric.fat_tree={radix: 8}"});
  EXPECT_NE(loaded.value().resolved_yaml.find("paths: ecmp\n"), std::string::npos);
}

TEST(ResolveCluster, GroupsDifferOnlyInWhatTheySay) {
  const ClusterSpec cluster =
      Loaded({"cluster.node_groups=[{count: 1, device: {name: old, bf16_rate: 1 TFLOP/s}, node: "
              "{nvlink_mesh: {bandwidth: 25 GB/s, latency: 1 us, links_per_pair: 2}}}]"})
          .cluster;
  EXPECT_EQ(cluster.device_of(0).name, "old");
  EXPECT_EQ(cluster.device_of(0).bf16_rate, 1_TFLOPs);
  EXPECT_EQ(cluster.device_of(0).memory_capacity, cluster.device.memory_capacity);
  EXPECT_EQ(cluster.device_of(1).name, "gpu");
  EXPECT_FALSE(cluster.node_spec(0).nvlink.has_value()) << "one kind of NVLink replaces the other";
  EXPECT_EQ(cluster.node_spec(0).nvlink_mesh->links_per_pair, 2u);
  EXPECT_TRUE(cluster.node_spec(1).nvlink.has_value());
  EXPECT_EQ(cluster.node_spec(0).nic->bandwidth, cluster.node.nic->bandwidth);
}

TEST(ResolveCluster, WrittenOutLinksHaveTheUsualTiers) {
  const NodeSpec node =
      Loaded(
          {"cluster.nodes=1",
           "cluster.node={nvlink: null, pcie: null, host_memory: null, links: [{a: gpu0, b: gpu1, "
           "bandwidth: 9 GB/s, latency: 0 s}, {a: gpu0, b: host, bandwidth: 9 GB/s, latency: 0 s}, "
           "{a: host, b: host1, bandwidth: 9 GB/s, latency: 0 s}, {a: dram, b: host, bandwidth: 9 "
           "GB/s, latency: 0 s}], gpus: 2}"})
          .cluster.node;
  std::vector<LinkTier> tiers;
  for (const NamedLinkSpec& link : node.links) tiers.push_back(link.tier);
  EXPECT_EQ(tiers, (std::vector<LinkTier>{LinkTier::kNvLink, LinkTier::kPcie, LinkTier::kSocket,
                                          LinkTier::kHostMemory}));
}

}  // namespace
}  // namespace switchyard
