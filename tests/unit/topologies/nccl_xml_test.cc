// Every feature of NCCL's topology files in a small file of its own, in both dialects.
#include "topologies/import/nccl_xml.h"

#include <gtest/gtest.h>

#include "tests/unit/topologies/imports.h"
#include "topologies/analysis/analysis.h"
#include "topologies/import/nccl_rates.h"

namespace switchyard {
namespace {

using testing::Assumes;
using testing::Import;
using testing::Imported;
using testing::Links;
using testing::Refusal;
using Strings = std::vector<std::string>;

// One CPU around `inside`.
std::string System(const std::string& inside, const std::string& version = "1") {
  return "<system version=\"" + version + "\">\n<cpu numaid=\"0\" arch=\"x86_64\">\n" + inside +
         "\n</cpu>\n</system>\n";
}

// A GPU on PCIe 5 x16; its compute capability and its links inside the row.
std::string Gpu(int number, const std::string& attributes = "sm=\"90\"",
                const std::string& rows = "") {
  const std::string n = std::to_string(number);
  return "<pci busid=\"0000:0" + n +
         ":00.0\" class=\"0x030200\" link_speed=\"32.0 GT/s PCIe\" link_width=\"16\"><gpu dev=\"" +
         n + "\" " + attributes + ">" + rows + "</gpu></pci>\n";
}

std::string NvLink(const std::string& target, int count, const std::string& tclass) {
  return "<nvlink target=\"" + target + "\" count=\"" + std::to_string(count) + "\" tclass=\"" +
         tclass + "\"/>";
}

std::string NoNvLinkGpus(int gpus) {
  std::string text;
  for (int gpu = 0; gpu < gpus; ++gpu) text += Gpu(gpu);
  return text;
}

TEST(NcclRates, AreThoseOfTopoH) {
  // NVIDIA/nccl src/graph/topo.h, in GB/s.
  const std::vector<std::pair<std::uint32_t, double>> nvlink = {
      {60, 18}, {61, 18},   {70, 20},    {80, 20},   {86, 12},
      {89, 20}, {90, 20.6}, {100, 40.1}, {120, 40.1}};
  for (const auto& [sm, rate] : nvlink) EXPECT_DOUBLE_EQ(NcclNvLink(sm).value.value, rate * 1e9);
  // width * per-lane / 80 with 15, 30, 60, 120, 240, 480.
  EXPECT_DOUBLE_EQ(NcclPcie("8 GT/s", 16)->value.value, 16 * 60 / 80.0 * 1e9);
  EXPECT_DOUBLE_EQ(NcclPcie("16.0 GT/s PCIe", 8)->value.value, 8 * 120 / 80.0 * 1e9);
  EXPECT_DOUBLE_EQ(NcclPcie("32 GT/s PCIe/s", 16)->value.value, 16 * 240 / 80.0 * 1e9);
  EXPECT_DOUBLE_EQ(NcclPcie("64.0 GT/s PCIe", 16)->value.value, 96e9);
  EXPECT_DOUBLE_EQ(NcclPcie("2.5 GT/s", 4)->value.value, 0.75e9);
  EXPECT_FALSE(NcclPcie("Unknown", 16).has_value());
  EXPECT_FALSE(NcclPcie("7 GT/s", 16).has_value());
  const auto sockets = [](const char* vendor, std::uint32_t family, std::uint32_t model) {
    return NcclBetweenSockets({"x86_64", vendor, family, model}).value.value / 1e9;
  };
  EXPECT_EQ(sockets("GenuineIntel", 6, 79), 6) << "Broadwell";
  EXPECT_EQ(sockets("GenuineIntel", 6, 85), 10) << "Skylake";
  EXPECT_EQ(sockets("GenuineIntel", 6, 143), 22) << "Sapphire Rapids";
  EXPECT_EQ(sockets("GenuineIntel", 6, 207), 40) << "Emerald Rapids";
  EXPECT_EQ(sockets("AuthenticAMD", 25, 17), 16);
  EXPECT_EQ(NcclBetweenSockets({"arm64", "", 0, 0}).value, 6_GBps);
  // ROCm/rccl src/graph/topo.h.
  EXPECT_EQ(RcclXgmi("gfx942").value, 48_GBps);
  EXPECT_EQ(RcclXgmi("910").value, 36_GBps);
  EXPECT_EQ(RcclXgmi("gfx906").value, 24_GBps);
}

TEST(NcclXml, ReadsThePcieTree) {
  const Imported imported = Import(
      System("<pci busid=\"0000:80:00.0\" class=\"0x060400\" link_speed=\"16.0 GT/s PCIe\" "
             "link_width=\"16\">" +
             NoNvLinkGpus(2) +
             "<pci busid=\"0000:81:00.0\" class=\"0x020700\" link_speed=\"16.0 GT/s PCIe\" "
             "link_width=\"8\"><nic><net name=\"mlx5_0\" dev=\"0\" speed=\"200000\"/></nic></pci>"
             "</pci>"));
  // PCIe 5 x16: 16 * 3; PCIe 4 x16: 16 * 1.5; PCIe 4 x8: 8 * 1.5. Host memory: no limit known.
  EXPECT_EQ(Links(imported.cluster), (Strings{"pcie0 host 24", "gpu0 pcie0 48", "gpu1 pcie0 48",
                                              "nic0 pcie0 12", "dram host 5000"}));
  EXPECT_EQ(imported.cluster.spec.node.nic->bandwidth, 25_GBps) << "200000 Mbit/s / 8";
  EXPECT_TRUE(Assumes(imported.cluster, "no NVLink between the GPUs, as the file lists none"));
  EXPECT_EQ(imported.cluster.link_origins[0],
            "16 GT/s x16 at NCCL's 1.5 GB/s a lane; latency: NCCL");
}

TEST(NcclXml, NvSwitchesAreOnePlane) {
  std::string gpus;
  for (int gpu = 0; gpu < 3; ++gpu) {
    gpus += Gpu(gpu, "sm=\"90\"",
                NvLink("0000:c1:00.0", 5, "0x068000") + NvLink("0000:c2:00.0", 4, "0x068000"));
  }
  const Imported imported = Import(System(gpus));
  const Strings links = Links(imported.cluster);
  EXPECT_EQ(links[0], "gpu0 nvswitch 185.4") << "(5 + 4) * 20.6";
  EXPECT_EQ(links[2], "gpu2 nvswitch 185.4");
  EXPECT_TRUE(Assumes(imported.cluster, "2 NVSwitches are one plane"));
  // Virtual machines show one switch for all: fffffff:ff:ff.0.
  EXPECT_EQ(Links(Import(System(Gpu(0, "sm=\"100\"", NvLink("fffffff:ff:ff.0", 18, "0x068000"))))
                      .cluster)[0],
            "gpu0 nvswitch 721.8")
      << "18 * 40.1";
}

TEST(NcclXml, DirectLinksAreAMesh) {
  const Imported imported =
      Import(System(Gpu(0, "sm=\"80\"", NvLink("0000:01:00.0", 4, "0x030200")) +
                    Gpu(1, "sm=\"80\"", NvLink("0000:00:00.0", 4, "0x030200")) +
                    Gpu(2, "sm=\"80\"", NvLink("0000:0F:00.0", 4, "0x030200"))));
  EXPECT_EQ(Links(imported.cluster)[0], "gpu0 gpu1 80") << "4 * 20";
  EXPECT_EQ(imported.cluster.spec.node.links[0].link.latency, 0.6_us);
  EXPECT_EQ(Links(imported.cluster)[1], "gpu0 host 48");
  ASSERT_EQ(imported.cluster.found.size(), 2u);
  EXPECT_EQ(imported.cluster.found[1], "left out: 1 NVLink row to GPUs that are not in the file");
}

TEST(NcclXml, BothEndsOfALinkMustAgree) {
  EXPECT_EQ(Refusal(System(Gpu(0, "sm=\"80\"", NvLink("0000:01:00.0", 4, "0x030200")) +
                           Gpu(1, "sm=\"80\"", NvLink("0000:00:00.0", 2, "0x030200")))),
            "t:3:109: error: nvlink.count: 4 links to 0000:01:00.0, which says 2; both ends must "
            "agree\n"
            "t:4:109: error: nvlink.count: 2 links to 0000:00:00.0, which says 4; both ends must "
            "agree\n");
}

TEST(NcclXml, GraceReachesItsMemoryOverC2c) {
  const Imported imported = Import(System(Gpu(0, "sm=\"90\"", "<c2c bw=\"44712\" count=\"10\"/>")));
  EXPECT_EQ(Links(imported.cluster), (Strings{"gpu0 host 447.12", "dram host 5000"}))
      << "44712 MB/s * 10";
  EXPECT_TRUE(Assumes(imported.cluster, "its PCIe link there is left out"));
}

TEST(NcclXml, PowerReachesItsCpuOverNvLink) {
  const Imported imported =
      Import(System(Gpu(0, "sm=\"70\"", NvLink("0004:00:00.0", 3, "0x068001"))));
  EXPECT_EQ(Links(imported.cluster)[0], "gpu0 host 60") << "3 * 20";
}

TEST(NcclXml, ReadsTheRcclDialect) {
  const auto gpu = [](int number, int other) {
    const std::string n = std::to_string(number);
    return "<pci busid=\"0000:0" + n +
           ":00.0\" class=\"0x120000\" link_speed=\"32.0 GT/s PCIe\" link_width=\"16\"><gpu "
           "dev=\"" +
           n + "\" sm=\"304\" gcn=\"gfx942\"><xgmi target=\"0000:0" + std::to_string(other) +
           ":00.0\" count=\"2\" tclass=\"0x120000\"/></gpu></pci>\n";
  };
  const Imported imported = Import(System(gpu(0, 1) + gpu(1, 0), "2"));
  EXPECT_EQ(imported.cluster.format, "NCCL topology (RCCL)");
  EXPECT_EQ(Links(imported.cluster)[0], "gpu0 gpu1 96") << "2 * 48; sm counts compute units there";
}

TEST(NcclXml, GpusAndNicsHaveTheNumbersOfTheFile) {
  const Imported imported = Import(System(
      Gpu(1) + Gpu(0) +
      "<pci busid=\"0000:81:00.0\" class=\"0x020700\" link_speed=\"8 GT/s\" link_width=\"16\">"
      "<nic><net dev=\"1\" speed=\"100000\"/></nic></pci>"
      "<pci busid=\"0000:82:00.0\" class=\"0x020700\" link_speed=\"8 GT/s\" link_width=\"4\">"
      "<nic><net dev=\"0\" speed=\"100000\"/></nic></pci>"));
  EXPECT_EQ(Links(imported.cluster), (Strings{"gpu1 host 48", "gpu0 host 48", "nic1 host 12",
                                              "nic0 host 3", "dram host 5000"}));
}

TEST(NcclXml, PortsOfACardShareItsLink) {
  const Imported imported = Import(System(
      Gpu(0) +
      "<pci busid=\"0000:81:00.0\" class=\"0x020700\" link_speed=\"8 GT/s\" link_width=\"16\">"
      "<nic><net dev=\"0\"/><net dev=\"1\"/><net dev=\"-1\"/><net name=\"x\"/></nic></pci>"));
  EXPECT_EQ(Links(imported.cluster), (Strings{"gpu0 host 48", "pcie0 host 12", "nic0 pcie0 5000",
                                              "nic1 pcie0 5000", "dram host 5000"}))
      << "ports without a number take no part";
}

TEST(NcclXml, AHostNicIsOneAlthoughEveryCpuRepeatsIt) {
  const std::string nic = "<nic><net name=\"eth0\" dev=\"0\" speed=\"10000\" port=\"0\"/></nic>";
  const Imported imported =
      Import("<system version=\"1\"><cpu numaid=\"0\" arch=\"arm64\">" + nic + Gpu(0) +
             "</cpu><cpu numaid=\"1\">" + nic + Gpu(1) + "</cpu></system>");
  EXPECT_EQ(Links(imported.cluster),
            (Strings{"host host1 6", "nic0 host 5000", "gpu0 host 48", "gpu1 host1 48",
                     "dram host 5000", "dram host1 5000"}));
}

TEST(NcclXml, PeerLinksOfSwitchesAreLinks) {
  const auto half = [](const char* bus, const char* peer, int gpu) {
    return std::string("<pci busid=\"") + bus +
           "\" class=\"0x060400\" link_speed=\"32.0 GT/s PCIe\" link_width=\"16\">"
           "<pcilink target=\"" +
           peer + "\"/>" + Gpu(gpu) + "</pci>";
  };
  const Imported imported = Import(
      System(half("0000:A0:00.0", "0000:b0:00.0", 0) + half("0000:B0:00.0", "0000:a0:00.0", 1)));
  EXPECT_EQ(Links(imported.cluster)[0], "pcie0 pcie1 5000");
  EXPECT_EQ(Links(imported.cluster).size(), 1u + 4 + 1);
}

TEST(NcclXml, UnknownSpeedsAndWidthsFallBackAsInNccl) {
  const Imported imported = Import(
      System("<pci busid=\"0000:00:00.0\" class=\"0x0302\" link_speed=\"fast\" link_width=\"0\">"
             "<gpu dev=\"0\" sm=\"90\"/></pci>"));
  EXPECT_EQ(Links(imported.cluster)[0], "gpu0 host 12") << "PCIe 3 x16";
  EXPECT_TRUE(Assumes(imported.cluster, "1 PCI links without a width"));
  EXPECT_TRUE(Assumes(imported.cluster, "PCIe 3 taken"));
}

TEST(NcclXml, SocketsAreJoinedPairwise) {
  std::string text = "<system version=\"1\">";
  for (int cpu = 0; cpu < 3; ++cpu) {
    text += "<cpu numaid=\"" + std::to_string(cpu) +
            "\" arch=\"x86_64\" vendor=\"GenuineIntel\" familyid=\"6\" modelid=\"143\">" +
            Gpu(cpu) + "</cpu>";
  }
  const Imported imported = Import(text + "</system>");
  const Strings links = Links(imported.cluster);
  EXPECT_EQ(Strings(links.begin(), links.begin() + 3),
            (Strings{"host host1 22", "host host2 22", "host1 host2 22"}));
  const PathSelection selection = imported.cluster.spec.paths;
  const TopologyAnalysis analysis =
      Analyze(imported.platform, *MakePathSelector(selection, imported.platform));
  EXPECT_EQ(analysis.gpu_pair_bandwidth[1], 22_GBps);
}

TEST(NcclXml, ACardCompletesAPartialFile) {
  const ClusterSpec card = testing::FourGpuCard();
  std::string gpus;
  for (int gpu = 0; gpu < 4; ++gpu) {
    gpus += "<pci busid=\"000" + std::to_string(gpu) + ":00:00.0\" class=\"0x030200\"/>";
  }
  gpus += "<pci busid=\"0101:00:00.0\" class=\"0x020700\"/>";
  EXPECT_EQ(Refusal(System(gpus)),
            "t: error: says nothing about the GPUs' NVLink (no <gpu> rows; NCCL asks the driver "
            "when it runs); name a card of this machine with --complete-from\n"
            "t: error: has no speed for 5 PCIe links; give --complete-from CARD or --pcie-gen N\n");
  const Imported imported = Import(System(gpus), testing::From(card));
  EXPECT_EQ(Links(imported.cluster),
            (Strings{"gpu0 nvswitch 400", "gpu1 nvswitch 400", "gpu2 nvswitch 400",
                     "gpu3 nvswitch 400", "gpu0 host 60", "gpu1 host 60", "gpu2 host 60",
                     "gpu3 host 60", "nic0 host 60", "dram host 500", "ssd host 30"}));
  EXPECT_EQ(imported.cluster.spec.device.name, "TESTGPU");
  EXPECT_EQ(imported.cluster.spec.node.nic->bandwidth, testing::kNic);
  EXPECT_TRUE(Assumes(imported.cluster, "every GPU is on one NVSwitch plane, as in card four"));

  ClusterSpec larger = card;
  larger.node.gpus = 8;
  EXPECT_EQ(Refusal(System(gpus), testing::From(larger)),
            "t: error: has 4 GPUs, a node of card four has 8; name a card of this machine\n");
}

TEST(NcclXml, ACardWrittenLinkByLinkGivesItsMesh) {
  ClusterSpec card = testing::FourGpuCard();
  card.node.gpus = 2;
  card.node.nvlink.reset();  // the links say all
  card.node.links = {{"gpu0", "gpu1", LinkTier::kNvLink, {25_GBps, 1_us}},
                     {"gpu0", "host", LinkTier::kPcie, {10_GBps, 1_us}}};
  const std::string gpus =
      "<pci busid=\"0001:00:00.0\" class=\"0x030200\" link_speed=\"8 GT/s\" link_width=\"16\"/>"
      "<pci busid=\"0002:00:00.0\" class=\"0x030200\" link_speed=\"8 GT/s\" link_width=\"16\"/>";
  const Strings links = Links(Import(System(gpus), testing::From(card)).cluster);
  EXPECT_EQ(links[0], "gpu0 gpu1 25");
  EXPECT_EQ(links[1], "gpu0 host 12") << "PCIe as in the file";
}

TEST(NcclXml, DevicesWithoutClassNeedAHint) {
  const std::string text = System(
      "<pci busid=\"0000:00:16.0\"/><pci busid=\"0000:00:17.0\"/><pci busid=\"0000:00:18.0\"/>");
  EXPECT_EQ(
      Refusal(text),
      "t:3:1: error: pci.class: missing, here and in 2 other PCI devices: GPUs and NICs "
      "cannot be told apart; name each GPU with --gpu BUSID (the others are taken as NICs)\n");
  ClusterSpec card = testing::FourGpuCard();
  card.node.nvlink.reset();
  ImportOptions options = testing::From(card);
  options.hints.gpu_bus_ids = {"0000:00:16.0", "0000:00:18.0"};
  EXPECT_EQ(
      Links(Import(text, options).cluster),
      (Strings{"gpu0 host 60", "nic0 host 60", "gpu1 host 60", "dram host 500", "ssd host 30"}));
  options.hints.gpu_bus_ids = {"0000:00:99.0"};
  EXPECT_EQ(Refusal(text, options), "t: error: --gpu 0000:00:99.0: no such device\n");
}

TEST(NcclXml, WhatCannotBeAMachineIsRefused) {
  EXPECT_NE(Refusal("<graphs version=\"1\"/>").find("an NCCL graph file"), std::string::npos);
  EXPECT_EQ(Refusal("<a/>"), "t:1:1: error: a: not an NCCL topology, which begins with <system>\n");
  EXPECT_EQ(Refusal("<system/>"), "t:1:1: error: system.version: missing\n");
  EXPECT_EQ(Refusal("<system version=\"3\"/>"),
            "t:1:1: error: system.version: '3'; must be a whole number from 1 to 2\n");
  EXPECT_EQ(Refusal(System("<pci busid=\"0000:81:00.0\" class=\"0x020700\"/>")),
            "t:1:1: error: system: 1 NIC and no GPU: where the GPUs are is not in the file\n");
  EXPECT_EQ(Refusal(System("<pci class=\"0x030200\"/><pci busid=\"0:0\" class=\"0x030200\"/>")),
            "t:3:1: error: pci.busid: missing\n"
            "t:3:24: error: pci.busid: '0:0'; must be a bus id such as 0000:1b:00.0\n");
  EXPECT_EQ(Refusal(System(Gpu(0) + Gpu(0))),
            "t:4:1: error: pci.busid: '0000:00:00.0' is given to two devices\n");
  EXPECT_EQ(Refusal("<system version=\"1\"><cpu numaid=\"0\" host_hash=\"0x1\">" + Gpu(0) +
                    "</cpu><cpu numaid=\"0\" host_hash=\"0x2\">" + Gpu(1) + "</cpu></system>")
                .substr(0, 44),
            "t:2:7: error: cpu.host_hash: a second host; ");
  EXPECT_EQ(Refusal(System(Gpu(0, "", NvLink("0000:c1:00.0", 1, "0x068000")))),
            "t:3:88: error: gpu.sm: missing; the rate of the GPU's NVLinks depends on it\n");
  EXPECT_NE(Refusal(System(Gpu(0, "sm=\"90\"", NvLink("0000:c1:00.0", 1, ""))))
                .find("cannot tell what it links to"),
            std::string::npos);
}

TEST(NcclXml, TooMuchIsRefused) {
  std::string gpus;
  for (std::size_t i = 0; i <= kMaxMachineGpus; ++i) {
    gpus += "<pci busid=\"" + std::to_string(1000 + i) + ":00:00.0\" class=\"0x030200\"/>";
  }
  EXPECT_NE(Refusal(System(gpus)).find("more than 256 GPUs"), std::string::npos);
}

}  // namespace
}  // namespace switchyard
