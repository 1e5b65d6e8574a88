// The reports are complete, well formed, and say the same every time.
#include "topologies/analysis/report.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/topologies/clusters.h"

namespace switchyard {
namespace {

struct Case {
  Platform platform;
  TopologyAnalysis analysis;
};

Case Make(const ClusterSpec& spec) {
  Case made{testing::Build(spec), {}};
  made.analysis = Analyze(made.platform, *MakePathSelector(spec.paths, made.platform));
  return made;
}

std::size_t Count(const std::string& text, const std::string& what) {
  std::size_t count = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; ++at) ++count;
  return count;
}

TEST(Json, HasTheContractsKeys) {
  const Case made = Make(testing::Rails(2, 2));
  const auto json = nlohmann::json::parse(ToJson(made.platform, made.analysis));
  EXPECT_EQ(json["num_gpus"], 16);
  EXPECT_EQ(json["num_nics"], 16);
  EXPECT_EQ(json["num_nodes"], 2);
  EXPECT_EQ(json["bisection_bandwidth"], 8 * 50e9);
  EXPECT_EQ(json["gpu_pair_bandwidth"].size(), 16u);
  EXPECT_EQ(json["gpu_pair_bandwidth"][0][1], 400e9);
  EXPECT_EQ(json["gpu_pair_bandwidth"][0][9], 50e9);
  EXPECT_EQ(json["gpu_pair_bandwidth"][3][3], 0.0);
  EXPECT_EQ(json["single_points_of_failure"]["count"], 0);
  EXPECT_EQ(json["oversubscription"]["pcie"], 1.0);
}

TEST(Json, SameSpecSameBytes) {
  const Case a = Make(testing::Rails(3, 2, 1.5));
  const Case b = Make(testing::Rails(3, 2, 1.5));
  EXPECT_EQ(ToJson(a.platform, a.analysis), ToJson(b.platform, b.analysis));
}

TEST(Json, OneGpuHasNoBisection) {
  ClusterSpec spec = testing::OneNode();
  spec.node.gpus = 1;
  const Case made = Make(spec);
  const auto json = nlohmann::json::parse(ToJson(made.platform, made.analysis));
  EXPECT_FALSE(json.contains("bisection_bandwidth"));
  EXPECT_FALSE(json.contains("all_to_all"));
  EXPECT_EQ(json["gpu_pair_bandwidth"], nlohmann::json::parse("[[0.0]]"));
}

TEST(Json, ListsFailurePointsUpToALimit) {
  ClusterSpec spec = testing::PcieOnly(16);  // 128 GPUs, each with one attachment
  const Case made = Make(spec);
  const auto json = nlohmann::json::parse(ToJson(made.platform, made.analysis));
  EXPECT_EQ(json["single_points_of_failure"]["names"].size(), kMaxListedFailurePoints);
  EXPECT_EQ(json["single_points_of_failure"]["count"], 16 * (4 + 8))
      << "per node 4 PCIe switches and 8 attachments of GPUs";
}

TEST(Text, ShowsTheTreeAndTheMainFigures) {
  ClusterSpec spec = testing::Rails(3, 3);
  spec.node.gpus = 2;
  const Case made = Make(spec);
  EXPECT_EQ(ToText(made.platform, made.analysis),
            "6 GPUs, 6 NICs, 3 nodes\n"
            "nodes 0-2: 3 alike\n"
            "├─ gpu - nvswitch: 2 nvlink links of 400 GB/s, 1.5 us\n"
            "└─ host\n"
            "   ├─ 2x pcie0-1  60 GB/s, 0.25 us\n"
            "   │  ├─ gpu0-1  60 GB/s, 0.25 us\n"
            "   │  └─ nic0-1  60 GB/s, 0.25 us (network 50 GB/s, 1 us)\n"
            "   ├─ dram  500 GB/s, 0.5 us\n"
            "   └─ ssd  30 GB/s, 80 us\n"
            "fabric\n"
            "├─ 2x leaf0-1  to 3x nic 50 GB/s, 1 us; 1x spine 150 GB/s, 0.5 us\n"
            "└─ spine  to 2x leaf 150 GB/s, 0.5 us\n"
            "pairs of GPUs (rail_aware paths):\n"
            "  n000.gpu0 to n000.gpu1 (6 alike): 400 GB/s over 2 links, 3 us; max-flow 460 GB/s\n"
            "  n000.gpu0 to n001.gpu0 (12 alike): 50 GB/s over 6 links, 3 us; max-flow 100 GB/s\n"
            "  n000.gpu0 to n001.gpu1 (12 alike): 50 GB/s over 8 links, 6 us; max-flow 100 GB/s\n"
            "bisection: 100 GB/s (nic 100 GB/s)\n");
}

TEST(Text, CheckHasEveryFigure) {
  ClusterSpec spec = testing::Rails(3, 3);
  spec.node.gpus = 2;
  const Case made = Make(spec);
  const std::string text = ToCheckText(made.platform, made.analysis);
  EXPECT_EQ(
      text.substr(text.find("bisection")),
      "bisection: 100 GB/s (nic 100 GB/s)\n"
      "uniform all-to-all: at most 62.5 GB/s per GPU, 80 us for 1 MB to each (these paths; limited "
      "by n000.nic0>leaf0)\n"
      "uniform all-to-all: at most 62.5 GB/s per GPU, 80 us for 1 MB to each (any paths; 2 GPUs "
      "from n000.gpu0 send 100 GB/s)\n"
      "oversubscription pcie_switch to host_bridge: 1 at n000.pcie0 (pcie)\n"
      "oversubscription leaf_switch to spine_switch: 1 at leaf0 (leaf_spine)\n"
      "single points of failure: none\n")
      << "each NIC carries 2 senders * 2 receivers = 4 pairs: 5 peers * 50 / 4 = 62.5; out of a "
         "node go 2 * 4 pairs over 2 NICs";
}

TEST(Json, AssumptionsOfAnImportAreListed) {
  const Case made = Make(testing::OneNode());
  const auto json = nlohmann::json::parse(ToJson(made.platform, made.analysis, {"a", "b"}));
  EXPECT_EQ(json["assumptions"], (std::vector<std::string>{"a", "b"}));
  EXPECT_FALSE(nlohmann::json::parse(ToJson(made.platform, made.analysis)).contains("assumptions"));
}

TEST(Json, LargeClustersHaveClassesInsteadOfAMatrix) {
  // 4,096 GPUs: no table of pairs, and the sample's classes.
  const Case made = Make(testing::Rails(512, 32));
  const auto json = nlohmann::json::parse(ToJson(made.platform, made.analysis));
  EXPECT_FALSE(json.contains("gpu_pair_bandwidth"));
  EXPECT_EQ(json["pair_classes"].size(), 5u);
  EXPECT_EQ(json["bisection_bandwidth"], 256 * 8 * 50e9) << "the NICs of half the nodes";
}

TEST(GraphExport, HasEveryVertexAndLink) {
  const Platform platform = testing::Build(testing::Rails(2, 1));
  const std::string dot = ToDot(platform);
  EXPECT_EQ(Count(dot, "[label="), platform.vertices().size());
  EXPECT_EQ(Count(dot, "->"), platform.links().size());
  EXPECT_EQ(Count(dot, "tier=\"leaf_spine\", capacity=50000000000"), 2u * 16);
  const std::string graphml = ToGraphml(platform);
  EXPECT_EQ(Count(graphml, "<node "), platform.vertices().size());
  EXPECT_EQ(Count(graphml, "<edge "), platform.links().size());
  EXPECT_EQ(Count(graphml, ">n001.gpu7<"), 1u);
}

}  // namespace
}  // namespace switchyard
