// `topology show|check|import`, as a user runs them.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/cli/command_runner.h"

namespace switchyard::testing {
namespace {

namespace fs = std::filesystem;

// Two GPUs with 4 NVLinks of an A100 between them, PCIe 4 to their CPU.
const char* const kTwoGpus =
    "<system version=\"1\">\n<cpu numaid=\"0\" arch=\"x86_64\" vendor=\"AuthenticAMD\">\n"
    "<pci busid=\"0000:01:00.0\" class=\"0x030200\" link_speed=\"16 GT/s\" link_width=\"16\">"
    "<gpu dev=\"0\" sm=\"80\"><nvlink target=\"0000:02:00.0\" count=\"4\" tclass=\"0x030200\"/>"
    "</gpu></pci>\n"
    "<pci busid=\"0000:02:00.0\" class=\"0x030200\" link_speed=\"16 GT/s\" link_width=\"16\">"
    "<gpu dev=\"1\" sm=\"80\"><nvlink target=\"0000:01:00.0\" count=\"4\" tclass=\"0x030200\"/>"
    "</gpu></pci>\n</cpu>\n</system>\n";

const char* const kMatrix =
    "\tGPU0\tGPU1\tNIC0\tCPU Affinity\tNUMA Affinity\n"
    "GPU0\t X \tPHB\tPIX\t0-7\t0\nGPU1\tPHB\t X \tPHB\t0-7\t0\nNIC0\tPIX\tPHB\t X \t\t\n";

class TopologyCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    std::ofstream(folder_.path() / "box.xml") << kTwoGpus;
    std::ofstream(folder_.path() / "box.txt") << kMatrix;
  }
  CommandResult In(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "topology");
    return RunSwitchyard(arguments, folder_.path());
  }
  std::string Content(const std::string& file) const {
    std::ifstream in(folder_.path() / file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
  }
  TemporaryFolder folder_;
};

bool Contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(TopologyCommand, ImportSaysWhatWasFoundAndAssumed) {
  const CommandResult result = In({"import", "box.xml"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(result.out.substr(0, result.out.find("\n\n")),
            "box.xml: NCCL topology (NVIDIA)\n"
            "  found:   2 GPUs (compute capability 80), 0 NICs, 1 NUMA node\n"
            "  assumed: rates of PCIe, NVLink and sockets are NCCL's own constants, effective and "
            "rounded\n"
            "  assumed: host memory and what the GPUs compute are not in the file; a card takes "
            "them from --complete-from\n"
            "  assumed: latencies are NCCL's (tuning.cc, hwLat): 0.6 us from GPU to GPU over "
            "NVLink, 1 us over PCIe");
  EXPECT_TRUE(Contains(result.out, "gpu - gpu: 1 nvlink link of 80 GB/s, 0.6 us")) << result.out;
}

TEST_F(TopologyCommand, ImportWritesEveryOutputAtOnce) {
  const CommandResult result =
      In({"import", "box.xml", "--complete-from", "dgx_a100", "--name", "my box", "--card",
          "c.yaml", "--dot", "c.dot", "--graphml", "c.graphml", "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto json = nlohmann::json::parse(result.out);
  EXPECT_EQ(json["num_gpus"], 2);
  EXPECT_EQ(json["num_nics"], 0);
  EXPECT_EQ(json["num_nodes"], 1);
  EXPECT_EQ(json["gpu_pair_bandwidth"][0][1], 80e9) << "4 links of 20 GB/s";
  EXPECT_EQ(json["bisection_bandwidth"], 80e9);
  EXPECT_FALSE(json["assumptions"].empty());
  const std::string card = Content("c.yaml");
  EXPECT_TRUE(Contains(card, "\n  name: \"my box\"\n")) << card;
  EXPECT_TRUE(Contains(card, "name: \"A100-SXM4-80GB\"  # card dgx_a100"));
  EXPECT_TRUE(Contains(card,
                       "- {a: gpu0, b: gpu1, tier: nvlink, bandwidth: 80 GB/s, latency: "
                       "3.33 us}  # 4 links of 20 GB/s, NCCL's SM80_NVLINK_BW; latency: card "
                       "dgx_a100\n"));
  EXPECT_TRUE(Contains(Content("c.dot"), "n000.gpu0"));
  EXPECT_TRUE(Contains(Content("c.graphml"), "<graphml"));
}

TEST_F(TopologyCommand, ImportedCardsLoadAgain) {
  ASSERT_EQ(In({"import", "box.xml", "--complete-from", "dgx_a100", "--card", "c.yaml"}).exit_code,
            0);
  const CommandResult again = In({"check", "./c.yaml", "--json", "-"});
  ASSERT_EQ(again.exit_code, 0) << again.err;
  EXPECT_EQ(nlohmann::json::parse(again.out)["gpu_pair_bandwidth"][0][1], 80e9);
}

// A scenario takes the card by its path, relative to the scenario; nodes of an imported machine
// with NICs go on a fabric.
TEST_F(TopologyCommand, ImportedMachinesRun) {
  ASSERT_EQ(In({"import", "box.txt", "--complete-from", "hgx_h100", "--pcie-gen", "4", "--name",
                "pair", "--card", "c.yaml"})
                .exit_code,
            0);
  EXPECT_FALSE(Contains(Content("c.yaml"), "\n    pcie:")) << "links say what is inside the node";
  EXPECT_TRUE(Contains(Content("c.yaml"), "{a: nic0, b: pcie0, tier: pcie,"));
  std::ofstream(folder_.path() / "s.yaml")
      << "schema_version: 1\nname: s\nmodel: {card: mixtral_8x7b}\ncluster: {card: ./c.yaml}\n"
         "workload: {phase: decode, tokens_per_device: 8, context_length: 64}\n"
         "routing: {uniform: {}}\n";
  const std::string scenario = folder_.path() / "s.yaml";
  for (const char* fidelity : {"pairwise", "flow", "port"}) {
    const auto one = ResultOf(scenario, {"--fidelity", fidelity});
    EXPECT_TRUE(one["conservation"]["ok"].get<bool>());
    const auto two = ResultOf(scenario, {"--fidelity", fidelity, "--set", "cluster.nodes=2",
                                         "--set", "cluster.fabric={fat_tree: {radix: 2}}"});
    EXPECT_GT(two["traffic"]["inter_node_bytes"].get<double>(), 0) << fidelity;
  }
  const CommandResult no_fabric =
      RunSwitchyard({"run", scenario, "--set", "cluster.nodes=2"}, folder_.path());
  EXPECT_EQ(no_fabric.exit_code, 1);
  EXPECT_TRUE(Contains(no_fabric.err, "need a fabric between them")) << no_fabric.err;
}

// What completes a file may be a card of any form: cables, or links as an import wrote them.
TEST_F(TopologyCommand, ImportedCardsCompleteOtherImports) {
  std::ofstream(folder_.path() / "cables.yaml")
      << "schema_version: 1\ncluster:\n  card: rtx_3090\n"
         "  node: {nvlink_mesh: {bandwidth: 40 GB/s, latency: 2 us, links_per_pair: 2}}\n";
  std::string bare = kTwoGpus;
  for (const char* row : {"<gpu", "</gpu>"}) {  // PCI devices alone, as clouds publish them
    for (std::size_t at = 0; (at = bare.find(row)) != std::string::npos;) {
      const bool closing = row[1] == '/';
      const std::size_t end = closing ? at + 6 : bare.find("/>", at) + 2;
      bare.erase(at, end - at);
    }
  }
  std::ofstream(folder_.path() / "bare.xml") << bare;
  const auto pair_of = [&](const std::string& from, const std::string& to) {
    const CommandResult result =
        In({"import", "bare.xml", "--complete-from", from, "--card", to, "--json", "-"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_TRUE(Contains(Content(to), "tier: nvlink, bandwidth: 80 GB/s, latency: 2 us}"))
        << Content(to);
    return nlohmann::json::parse(result.out, nullptr, false)["gpu_pair_bandwidth"][0][1];
  };
  EXPECT_EQ(pair_of("./cables.yaml", "a.yaml"), 80e9) << "two cables of 40 GB/s";
  EXPECT_EQ(pair_of("./a.yaml", "b.yaml"), 80e9) << "the same from the card just written";
}

TEST_F(TopologyCommand, ImportReadsTheMatrixOfNvidiaSmi) {
  const CommandResult refused = In({"import", "box.txt"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.err,
            "box.txt: error: has no speed for 4 PCIe links; give --complete-from CARD or "
            "--pcie-gen N\n")
      << "GPU 0 and its NIC to their switch, the switch and GPU 1 to the host bridge";
  const CommandResult result = In({"import", "box.txt", "--pcie-gen", "4", "--json", "-"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(nlohmann::json::parse(result.out)["gpu_pair_bandwidth"][0][1], 24e9);
  EXPECT_EQ(In({"import", "box.txt", "--format", "nccl"}).exit_code, 1);
  EXPECT_EQ(In({"import", "box.txt", "--format", "sysfs"}).exit_code, 2);
}

TEST_F(TopologyCommand, WrongUsageIsToldApartFromWrongFiles) {
  const CommandResult no_card = In({"import", "box.xml", "--card", "c.yaml"});
  EXPECT_EQ(no_card.exit_code, 2);
  EXPECT_TRUE(Contains(no_card.err, "--complete-from")) << no_card.err;
  EXPECT_EQ(In({"import", "box.xml", "--json", "box.xml"}).exit_code, 2);
  EXPECT_EQ(In({"import", "box.xml", "--pcie-gen", "9"}).exit_code, 2);
  EXPECT_EQ(In({"import", "nothing.xml"}).exit_code, 1);
  EXPECT_EQ(In({"import", "box.xml", "--complete-from", "no_such_card"}).exit_code, 1);
  EXPECT_EQ(folder_.Files(), (std::vector<std::string>{"box.txt", "box.xml"}));
}

TEST_F(TopologyCommand, CheckHasTheFiguresAndShowTheTree) {
  const CommandResult show = In({"show", "hgx_h100", "--nodes", "64"});
  EXPECT_EQ(show.exit_code, 0) << show.err;
  EXPECT_TRUE(Contains(show.out, "nodes 0-63: 64 alike")) << show.out;
  constexpr int kMostLines = 45;
  EXPECT_LE(std::count(show.out.begin(), show.out.end(), '\n'), kMostLines);
  const CommandResult check = In({"check", "hgx_h100", "--nodes", "64"});
  EXPECT_EQ(check.exit_code, 0) << check.err;
  for (const char* part : {"max-flow", "bisection", "uniform all-to-all", "oversubscription",
                           "single points of failure: none"}) {
    EXPECT_TRUE(Contains(check.out, part)) << part;
  }
}

}  // namespace
}  // namespace switchyard::testing
