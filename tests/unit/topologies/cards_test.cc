// Every cluster card loads and builds; and one figure that no card contains agrees with a published
// one.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "sim/scenario/load.h"
#include "tests/unit/topologies/clusters.h"
#include "topologies/analysis/max_flow.h"

namespace switchyard {
namespace {

ClusterSpec Card(const std::string& name) {
  const Result<ClusterSpec> card = LoadClusterCard(name, SWITCHYARD_SOURCE_DIR);
  EXPECT_TRUE(card.ok()) << ToString(card.errors());
  return card.value();
}

TEST(ClusterCards, AllLoadBuildAndRoute) {
  const std::vector<std::string> names = ClusterCardNames(SWITCHYARD_SOURCE_DIR);
  EXPECT_EQ(names.size(), 22u);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    ClusterSpec spec = Card(name);
    if (spec.node.nic) spec.nodes = 3;
    const Platform platform = testing::Build(spec);
    EXPECT_EQ(platform.num_devices(), spec.NumDevices());
    EXPECT_EQ(FirstUnreachable(platform, *MakePathSelector(spec.paths, platform)), std::nullopt);
    EXPECT_EQ(spec.paths == PathSelection::kRailAware, WhyNotRailAware(spec).empty());
  }
}

// What the GPUs of the first half can send to the second, without what goes over PCIe beside
// NVLink.
double Bisection(const ClusterSpec& spec) {
  const Platform platform = testing::Build(spec);
  const auto gpus = platform.OfKind(VertexKind::kGpu);
  const std::size_t half = gpus.size() / 2;
  const MaxFlow flow = FindMaxFlow(platform, gpus.first(half), gpus.last(gpus.size() - half));
  double sum = 0;
  for (const LinkId l : flow.cut) {
    const bool pcie = platform.link(l).tier == LinkTier::kPcie;
    sum += pcie ? 0 : platform.link(l).capacity.value;
  }
  return sum > 0 ? sum : flow.bandwidth.value;
}

struct Published {
  const char* card;
  double bytes_per_second;  // per direction, line rate
  double achievable;        // the fraction that the card says payload reaches
  const char* source;
};

TEST(ClusterCards, BisectionOfANodeIsThePublishedOneTimesWhatIsAchievable) {
  const std::vector<Published> published = {
      {"dgx_a100", 2.4e12 / 2, 0.82, "8 GPUs at 600 GB/s both ways: half of them, one way"},
      {"dgx2_v100", 2.4e12 / 2, 0.82, "'2.4 TB/s of bisection bandwidth', both ways (DGX-2)"},
      {"hgx_h100", 3.6e12 / 2, 0.82, "'3.6 TB/s bisection bandwidth', both ways (DGX H100)"},
      {"hgx_b200", 7.2e12 / 2, 0.82, "14.4 TB/s of all GPUs, both ways: half, one way"},
      {"gb200_nvl72", 130e12 / 4, 0.82, "'130 TB/s' of all GPUs, both ways: half, one way"},
      // 16 of the 28 pairs of GPUs cross the middle.
      {"mi300x", 16 * 64e9, 0.75, "128 GB/s both ways between every two (MI300X platform)"},
      // Jouppi et al., ISCA 2023: 2 * 4 * 4 links cross the middle of a 4 x 4 x 4 cube.
      {"tpu_v4", 32 * 50e9, 1.0, "50 GB/s a link"},
      {"tpu_v3", 8 * 70e9, 1.0, "70 GB/s a link, 2 * 4 of them"},
  };
  for (const Published& p : published) {
    // The cards round to three digits.
    EXPECT_NEAR(Bisection(Card(p.card)) / p.bytes_per_second, p.achievable, 0.005)
        << p.card << ": " << p.source;
  }
}

TEST(ClusterCards, NetworkOfANodeIsThePublishedOneTimesWhatIsAchievable) {
  const std::vector<Published> published = {
      {"dgx_a100", 1600e9 / 8, 0.96, "8 * 200 Gb/s"},
      {"dgx2_v100", 800e9 / 8, 0.96, "8 * 100 Gb/s"},
      {"azure_nd_v4", 1600e9 / 8, 0.96, "'1.6 Tb/s' a VM"},
      {"azure_nd_v5", 3200e9 / 8, 0.96, "'3.2 Tb/s' a VM"},
      {"aws_p4d", 400e9 / 8, 0.92, "'400 Gbps'"},
      {"aws_p5", 3200e9 / 8, 0.896, "'3200 Gbps'"},
      {"mi300x", 3200e9 / 8, 0.96, "8 * 400 Gb/s"},
      {"gb200_nvl72", 72 * 400e9 / 8, 0.96, "4 * 400 Gb/s in each of 18 trays"},
  };
  for (const Published& p : published) {
    ClusterSpec spec = Card(p.card);
    spec.nodes = 2;
    // Two nodes: every byte to the other node crosses its NICs.
    EXPECT_NEAR(Bisection(spec) / p.bytes_per_second, p.achievable, 0.001)
        << p.card << ": " << p.source;
  }
}

TEST(ClusterCards, AllToAllOfFourP5NodesIsWhatWasMeasured) {
  // awslabs/awsome-distributed-ai, RESULTS-p5.md: 53.9 GB/s bus bandwidth a GPU at best on 4 nodes,
  // another row than the one the card's NIC is taken from. Of a GPU's bytes 3/4 leave the node over
  // its 4 NICs: 4 * NIC * 4 / 3.
  const ClusterSpec spec = Card("aws_p5");
  const double predicted = 4 * spec.node.nic->bandwidth.value * 4 / 3;
  EXPECT_NEAR(predicted / 53.9e9, 1.0, 0.15);
}

TEST(ClusterCards, MemoryBandwidthIsBusWidthTimesPinRate) {
  struct Memory {
    const char* card;
    double bits;
    double bits_per_second;
  };
  // Published for each board beside its bandwidth.
  for (const Memory& m :
       {Memory{"rtx_3060", 192, 15e9}, Memory{"rtx_3080_mobile", 256, 14e9},
        Memory{"rtx_3090", 384, 19.5e9}, Memory{"rtx_4090", 384, 21e9}, Memory{"t4", 256, 10e9},
        Memory{"l4", 192, 12.5e9}, Memory{"l40s", 384, 18e9}}) {
    EXPECT_DOUBLE_EQ(Card(m.card).device.memory_bandwidth.value, m.bits * m.bits_per_second / 8)
        << m.card;
  }
}

TEST(ClusterCards, BisectionOfPcieMachines) {
  // Half of the GPUs, each over its own PCIe 4 x16, or what the sockets' link carries.
  EXPECT_EQ(Bisection(Card("rtx_4090")), 2 * 27.5e9);
  EXPECT_EQ(Bisection(Card("l4")), 10e9);
  EXPECT_EQ(Bisection(Card("l40s")), 40e9);
}

TEST(ClusterCards, ATpuPodIsAScaledCard) {
  ClusterSpec spec = Card("tpu_v4");
  spec.nodes = 1024;
  std::get<TorusSpec>(*spec.fabric).dimensions = {16, 16, 16};
  const Platform pod = testing::Build(spec);
  EXPECT_EQ(pod.num_devices(), 4096u);
  // "2400 Gbps" of interconnect a chip (Google Cloud TPU documentation, v4).
  BytesPerSecond links{0};
  for (const LinkId l : pod.out_links(pod.OfKind(VertexKind::kRouter)[0])) {
    const bool to_router = pod.vertex(pod.link(l).to).kind == VertexKind::kRouter;
    links += to_router ? pod.link(l).capacity : BytesPerSecond{0};
  }
  EXPECT_EQ(links, BytesPerSecond{2400e9 / 8});
}

}  // namespace
}  // namespace switchyard
