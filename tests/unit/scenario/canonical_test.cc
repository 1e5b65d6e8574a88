#include "sim/scenario/canonical.h"

#include "scenarios/schema/scenario.pb.h"
#include "sim/scenario/config_node.h"
#include "tests/unit/scenario/texts.h"

namespace switchyard {
namespace {

// Everything that can be set, set: the resolved text loads to the same text again.
TEST(Canonical, ResolvedYamlIsAFixedPoint) {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"routing.fitted.preset=gpt_oss_decode", "routing.fitted.phi=0.1"},
      {"routing.trace.path='some dir/x: y.trace'",
       "routing.trace.first_token=18446744073709551615"},
      {"routing.zipf.exponent=0.30000000000000004"},
      {"capacity={rule: position, factor: 1.1, pad: true, group: sender}",
       "communication.all_to_all=flat"},
      {"model.moe=null", "model.dense_layers=[]"},
      {"cluster.nodes=1", "cluster.fabric=null", "cluster.node.nic=null",
       "cluster.node.ssd={bandwidth: 6.9 GB/s, latency: 80 us}"},
      {"name='#1: \"quoted\"'", "description=\"two\\nlines\\ttab é\""},
      {"model.attention={heads: 16, latent: {kv_lora_rank: 512, qk_nope_head_dim: 128, "
       "qk_rope_head_dim: 64, v_head_dim: 128}}"},
      {"cluster.device.idle_power=0.1 W", "cluster.device.memory_capacity=12345678901 B"},
      {"cluster.device.idle_power=90 W", "cluster.device.busy_power=700 W",
       "cluster.energy={links: {nvlink: 1.3 pJ/bit, nic: 37.5 pJ/bit}, switch_power: 25 W}"},
      {"disturbances={links: [{link: \"n001.nic2>*\", factor: 0.5, until: 2 ms}, {link: nic, "
       "factor: 1}], gpus: [{gpu: 3, factor: 0.9}], stragglers: [{kind: normal, sigma: 0.1, gpus: "
       "[0, n001.gpu1, \"*\"]}], background: [{from: \"*\", to: \"*\", rate: 1 GB/s}]}"},
      {"disturbances={}"},
      {"cluster.node.nvlink_mesh={bandwidth: 25 GB/s, latency: 1 us, pairs: [{a: 0, b: 1}, {a: 2, "
       "b: "
       "3, links: 2}]}",
       "cluster.node.sockets=2", "cluster.node.socket_link={bandwidth: 9 GB/s, latency: 0 s}",
       "cluster.node.nics=4"},
      {"cluster.node.nvlink_mesh={bandwidth: 25 GB/s, latency: 1 us}"},
      {"cluster.fabric.fat_tree={radix: 8, oversubscription: 3}", "cluster.paths=adaptive"},
      {"cluster.fabric.torus={dimensions: [4, 2, 2], link: {bandwidth: 50 GB/s, latency: 1 us}}"},
      {"cluster.fabric.explicit={switches: 1, links: [{a: n000.nic0, b: switch0, bandwidth: 1 "
       "GB/s, "
       "latency: 0 s}, {a: n001.nic0, b: switch0, bandwidth: 1 GB/s, latency: 0 s}]}"},
      {"cluster.node={nvlink: null, pcie: null, host_memory: null, gpus: 2, links: [{a: gpu0, b: "
       "nvswitch, bandwidth: 9 GB/s, latency: 0 s}, {a: gpu1, b: nvswitch, bandwidth: 9 GB/s, "
       "latency: "
       "0 s}]}",
       "cluster.nodes=1"},
      {"cluster.node_groups=[{count: 1, device: {bf16_rate: 1 TFLOP/s}, node: {nvlink: {bandwidth: "
       "1 "
       "GB/s, latency: 0 s}}}, {count: 1}]"},
  };
  for (const auto& sets : cases) {
    const Result<LoadedScenario> first = LoadWith(sets);
    ASSERT_TRUE(first.ok()) << ToString(first.errors());
    const std::string& text = first.value().resolved_yaml;
    const Result<LoadedScenario> second = LoadScenarioText(text, "elsewhere/resolved.yaml", {});
    ASSERT_TRUE(second.ok()) << ToString(second.errors()) << text;
    EXPECT_EQ(second.value().resolved_yaml, text);
    EXPECT_EQ(second.value().scenario.name, first.value().scenario.name);
    EXPECT_EQ(second.value().scenario.description, first.value().scenario.description);
    EXPECT_EQ(second.value().scenario.model.dense_layers,
              first.value().scenario.model.dense_layers);
  }
}

TEST(Canonical, SaysEverythingInSchemaOrder) {
  const Result<LoadedScenario> loaded = LoadWith({});
  ASSERT_TRUE(loaded.ok());
  const std::string& text = loaded.value().resolved_yaml;
  EXPECT_TRUE(text.starts_with("schema_version: 1\nname: valid\nmodel:\n  name: tiny\n")) << text;
  for (const char* line :
       {"\n    bandwidth: 400 GB/s\n", "\n      spine_latency: 900 ns\n", "\n  expert: 16\n",
        "\n  metadata_bytes: 16 B\n", "\n  launch_overhead: 5 us\n", "\n  all_to_all: rank_dedup\n",
        "\n  dense_layers: [0]\n", "\n  uniform: {}\n", "\n  seed: 1\n"}) {
    EXPECT_NE(text.find(std::string(line).substr(1)), std::string::npos) << line << text;
  }
  EXPECT_EQ(text.find("card"), std::string::npos);
  EXPECT_EQ(text.find("ssd"), std::string::npos);  // absent stays absent
}

TEST(Canonical, AbsentPartsThatMeanSomethingStayAbsent) {
  pb::Node node;
  FillDefaults(node);
  EXPECT_FALSE(node.has_nvlink());
  EXPECT_FALSE(node.has_ssd());
  EXPECT_TRUE(node.has_gpus_per_pcie_switch());
}

// Texts that a YAML reader could take for something else are quoted.
TEST(Canonical, QuotesWhatNeedsIt) {
  for (const char* name :
       {"true", "null", "5",    "1e3", "~",  "- a", "a: b", "a #b", "",   " a", "a ",
        "[a]",  "é",    "a\nb", "\"",  "\\", "&a",  "*a",   "!a",   "%a", "@a", "`a"}) {
    pb::Scenario message;
    message.set_name(name);
    const std::string text = PrintYaml(message) + "x: 1\n";
    const Result<ConfigNode> tree =
        ParseYaml(text, std::make_shared<Origin>(Origin{"f.yaml", "", ""}));
    ASSERT_TRUE(tree.ok()) << text << ToString(tree.errors());
    EXPECT_EQ(tree.value().Find("name")->value.scalar, name) << text;
  }
}

}  // namespace
}  // namespace switchyard
