// An imported machine as a card: every number with its origin.
#include "topologies/import/card_yaml.h"

#include <gtest/gtest.h>

#include "tests/unit/topologies/imports.h"

namespace switchyard {
namespace {

const char* const kTwoGpus =
    "<system version=\"1\"><cpu numaid=\"0\" arch=\"arm64\">"
    "<pci busid=\"0000:01:00.0\" class=\"0x030200\" link_speed=\"16 GT/s\" link_width=\"16\">"
    "<gpu dev=\"0\" sm=\"80\"><nvlink target=\"0000:02:00.0\" count=\"4\" tclass=\"0x030200\"/>"
    "</gpu></pci>"
    "<pci busid=\"0000:02:00.0\" class=\"0x030200\" link_speed=\"16 GT/s\" link_width=\"16\">"
    "<gpu dev=\"1\" sm=\"80\"><nvlink target=\"0000:01:00.0\" count=\"4\" tclass=\"0x030200\"/>"
    "</gpu></pci></cpu></system>";

TEST(ClusterCardYaml, SaysWhereEveryNumberIsFrom) {
  ClusterSpec card = testing::FourGpuCard();
  card.node.ssd.reset();
  card.node.nic.reset();
  ImportOptions options = testing::From(card);
  options.name = "two \"GPUs\"";
  const testing::Imported imported = testing::Import(kTwoGpus, options);
  EXPECT_EQ(
      ClusterCardYaml(imported.cluster, "topo.xml"),
      "# Imported from topo.xml: NCCL topology (NVIDIA)\n"
      "# 2 GPUs (compute capability 80), 0 NICs, 1 NUMA node\n"
      "# Assumed: rates of PCIe, NVLink and sockets are NCCL's own constants, effective and "
      "rounded\n"
      "# Assumed: what the GPUs compute is that of TESTGPU (card four)\n"
      "# Assumed: latencies are those of card four\n"
      "schema_version: 1\n"
      "cluster:\n"
      "  name: \"two \\\"GPUs\\\"\"\n"
      "  nodes: 1\n"
      "  device:\n"
      "    name: \"TESTGPU\"  # card four\n"
      "    memory_capacity: 80 GB  # card four\n"
      "    memory_bandwidth: 3000 GB/s  # card four\n"
      "    bf16_rate: 900 TFLOP/s  # card four\n"
      "  node:\n"
      "    gpus: 2\n"
      "    host_memory_capacity: 1048576 MiB  # card four\n"
      "    links:\n"
      "      - {a: gpu0, b: gpu1, tier: nvlink, bandwidth: 80 GB/s, latency: 3 us}  # 4 links of "
      "20 "
      "GB/s, NCCL's SM80_NVLINK_BW; latency: card four\n"
      "      - {a: gpu0, b: host, tier: pcie, bandwidth: 24 GB/s, latency: 0.25 us}  # 16 GT/s x16 "
      "at NCCL's 1.5 GB/s a lane; latency: card four\n"
      "      - {a: gpu1, b: host, tier: pcie, bandwidth: 24 GB/s, latency: 0.25 us}  # 16 GT/s x16 "
      "at NCCL's 1.5 GB/s a lane; latency: card four\n"
      "      - {a: dram, b: host, tier: host_memory, bandwidth: 500 GB/s, latency: 0.5 us}  # card "
      "four\n"
      "  paths: shortest\n");
}

TEST(ClusterCardYaml, AnOddNameStaysInItsLine) {
  const ClusterSpec card = testing::FourGpuCard();
  ImportOptions options = testing::From(card);
  options.name = "a\nb: \\";
  const std::string yaml = ClusterCardYaml(testing::Import(kTwoGpus, options).cluster, "x\ny.xml");
  EXPECT_NE(yaml.find("\n  name: \"a b: \\\\\"\n"), std::string::npos);
  EXPECT_EQ(yaml.find("\ny.xml"), std::string::npos);
}

}  // namespace
}  // namespace switchyard
