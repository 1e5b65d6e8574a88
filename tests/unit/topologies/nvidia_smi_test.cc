// nvidia-smi's matrix becomes a machine whose paths have the matrix's classes again.
#include "topologies/import/nvidia_smi.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "sim/base/rng.h"
#include "tests/unit/topologies/imports.h"
#include "topologies/import/nccl_rates.h"

namespace switchyard {
namespace {

using testing::Assumes;
using testing::Import;
using testing::Imported;
using testing::Links;
using testing::Refusal;

constexpr std::uint32_t kSm = 90;

// Rates stated by flags, as without a card.
ImportOptions Flags() {
  ImportOptions options;
  options.by.sm = kSm;
  options.by.pcie_generation = 5;
  return options;
}

// The class that nvidia-smi would print for two devices of a platform.
std::string ClassOf(const Platform& platform, const PathSelector& paths, VertexId a, VertexId b) {
  int switches = 0;
  int hosts = 0;
  bool between_numa_nodes = false;
  for (const LinkId l : testing::Path(paths, a, b)) {
    const Link& link = platform.link(l);
    if (link.tier == LinkTier::kNvLink) {
      return "NV" + std::to_string(std::lround(link.capacity / NcclNvLink(kSm).value));
    }
    const VertexKind from = platform.vertex(link.from).kind;
    const VertexKind to = platform.vertex(link.to).kind;
    switches += to == VertexKind::kPcieSwitch ? 1 : 0;
    hosts += to == VertexKind::kHostBridge ? 1 : 0;
    const bool sockets = from == VertexKind::kHostBridge && to == VertexKind::kHostBridge;
    between_numa_nodes = between_numa_nodes || (sockets && link.capacity < kNcclLocal);
  }
  if (between_numa_nodes) return "SYS";
  if (hosts > 1) return "NODE";
  if (hosts == 1) return "PHB";
  return switches > 1 ? "PXB" : "PIX";
}

std::string Text(const SmiCell& cell) {
  static const char* const kNames[] = {"X", "PIX", "PXB", "PHB", "NODE", "SYS"};
  if (cell.distance == SmiDistance::kNvLink) return "NV" + std::to_string(cell.links);
  return kNames[static_cast<std::size_t>(cell.distance)];
}

void ExpectSameClasses(const std::string& text) {
  const Result<SmiMatrix> matrix = ReadSmiMatrix(text, "t");
  ASSERT_TRUE(matrix.ok()) << ToString(matrix.errors());
  const Imported imported = Import(text, Flags());
  const auto paths = MakePathSelector(PathSelection::kShortest, imported.platform);
  std::vector<VertexId> devices;
  std::uint32_t gpus = 0, nics = 0;
  for (const SmiDevice& device : matrix.value().devices) {
    devices.push_back(*imported.platform.Find(device.is_gpu ? VertexKind::kGpu : VertexKind::kNic,
                                              0, device.is_gpu ? gpus++ : nics++));
  }
  for (std::size_t a = 0; a < devices.size(); ++a) {
    for (std::size_t b = 0; b < devices.size(); ++b) {
      if (a == b) continue;
      EXPECT_EQ(ClassOf(imported.platform, *paths, devices[a], devices[b]),
                Text(matrix.value().At(a, b)))
          << matrix.value().devices[a].label << " to " << matrix.value().devices[b].label << "\n"
          << text;
    }
  }
}

// Two GPUs and a NIC under switches of one switch, a GPU on the same host bridge, one on the other,
// one GPU and NIC in the other NUMA node.
const char* const kEveryClass =
    "\tGPU0\tGPU1\tGPU2\tGPU3\tGPU4\tNIC0\tNIC1\tCPU Affinity\tNUMA Affinity\tGPU NUMA ID\n"
    "GPU0\t X \tPXB\tPHB\tNODE\tSYS\tPIX\tSYS\t0-7\t0\t\tN/A\n"
    "GPU1\tPXB\t X \tPHB\tNODE\tSYS\tPXB\tSYS\t0-7\t0\t\tN/A\n"
    "GPU2\tPHB\tPHB\t X \tNODE\tSYS\tPHB\tSYS\t0-7\t0\t\tN/A\n"
    "GPU3\tNODE\tNODE\tNODE\t X \tSYS\tNODE\tSYS\t0-7\t0\t\tN/A\n"
    "GPU4\tSYS\tSYS\tSYS\tSYS\t X \tSYS\tPHB\t8-15\t1\t\tN/A\n"
    "NIC0\tPIX\tPXB\tPHB\tNODE\tSYS\t X \tSYS\t\t\t\t\n"
    "NIC1\tSYS\tSYS\tSYS\tSYS\tPHB\tSYS\t X \t\t\t\t\n"
    "\nLegend:\n\n  X    = Self\n\nNIC Legend:\n\n  NIC0: mlx5_0\n  NIC1: mlx5_1\n";

TEST(NvidiaSmi, EveryClassComesBack) { ExpectSameClasses(kEveryClass); }

TEST(NvidiaSmi, SpacesColoursAndPromptsChangeNothing) {
  std::string text = "$ nvidia-smi topo -m\n";
  for (const char c : std::string(kEveryClass))
    text += c == '\t' ? std::string("  ") : std::string(1, c);
  const std::string header = "GPU0  GPU1";
  text.replace(text.find(header), header.size(), "\x1b[4mGPU0  GPU1");
  text.insert(text.find("\nGPU0   X"), "\x1b[0m\r");
  EXPECT_EQ(Links(Import(text, Flags()).cluster), Links(Import(kEveryClass, Flags()).cluster));
  EXPECT_EQ(ReadSmiMatrix(text, "t").value().devices[5].name, "mlx5_0") << "the legend's name";
  ExpectSameClasses(text);
}

TEST(NvidiaSmi, OlderDriversNameNicsInTheMatrix) {
  ExpectSameClasses(
      "GPU0 GPU1 mlx5_0 CPU Affinity\n"
      "GPU0 X PHB PIX 0-3\nGPU1 PHB X PHB 0-3\nmlx5_0 PIX PHB X\n");
}

// `gpus` GPUs, each pair with so many NVLinks, each with a NIC under its switch.
std::string AllPairs(int gpus, const std::string& nvlink) {
  std::string text;
  for (int i = 0; i < 2 * gpus; ++i) {
    text += "\t" + std::string(i < gpus ? "GPU" : "NIC") + std::to_string(i % gpus);
  }
  text += "\tCPU Affinity\tNUMA Affinity\n";
  for (int row = 0; row < 2 * gpus; ++row) {
    text += (row < gpus ? "GPU" : "NIC") + std::to_string(row % gpus);
    for (int column = 0; column < 2 * gpus; ++column) {
      const bool both_gpus = row < gpus && column < gpus;
      const bool neighbours = row % gpus == column % gpus;
      text += row == column ? "\tX" : both_gpus ? "\t" + nvlink : neighbours ? "\tPIX" : "\tNODE";
    }
    text += row < gpus ? "\t0-7\t0\n" : "\n";
  }
  return text;
}

TEST(NvidiaSmi, MoreLinksThanAGpuHasMeanNvSwitch) {
  const std::string text = AllPairs(8, "NV18");
  const Imported imported = Import(text, Flags());
  EXPECT_TRUE(Assumes(imported.cluster, "18 NVLinks, more than direct links could be"));
  EXPECT_EQ(imported.platform.OfKind(VertexKind::kNvSwitch).size(), 1u);
  ExpectSameClasses(text);
}

TEST(NvidiaSmi, FewLinksAreAMesh) {
  const std::string text = AllPairs(4, "NV4");  // 3 * 4 = 12 links of an A100
  const Imported imported = Import(text, Flags());
  EXPECT_TRUE(imported.platform.OfKind(VertexKind::kNvSwitch).empty());
  EXPECT_EQ(Links(imported.cluster)[0], "gpu0 gpu1 82.4") << "4 * 20.6";
  ExpectSameClasses(text);
}

TEST(NvidiaSmi, ACardsNvLinkIsDividedAmongTheLinks) {
  const ClusterSpec card = testing::FourGpuCard();
  // The GPU's 400 GB/s over its 12 links; 4 of them to each peer.
  EXPECT_EQ(Links(Import(AllPairs(4, "NV4"), testing::From(card)).cluster)[0],
            "gpu0 gpu1 133.333333");
  EXPECT_EQ(Links(Import(AllPairs(4, "NV12"), testing::From(card)).cluster)[0],
            "gpu0 nvswitch 400");
}

TEST(NvidiaSmi, SaysWhatIsMissing) {
  EXPECT_EQ(Refusal(AllPairs(2, "NV4")),
            "t: error: says how many NVLinks there are but not how fast they are; give "
            "--complete-from CARD (of a machine with NVLink) or --sm N (90 for Hopper)\n");
  EXPECT_EQ(Refusal(AllPairs(2, "NODE")),
            "t: error: has no speed for 6 PCIe links; give --complete-from CARD or --pcie-gen N\n")
      << "2 GPUs and 2 NICs to their switch, 2 switches to host bridges";
}

TEST(NvidiaSmi, WrongMatricesAreRefusedWithTheirPlace) {
  EXPECT_EQ(Refusal("hello\n"),
            "t: error: no matrix of nvidia-smi topo -m: no line begins with GPU0 GPU1 ...\n");
  EXPECT_EQ(Refusal("GPU0 GPU1\nGPU0 X PHB\nGPU1 PIX X\n", Flags()),
            "t:3:6: error: GPU1 to GPU0 is not what GPU0 to GPU1 is (line 2, column 8)\n");
  EXPECT_EQ(Refusal("GPU0 GPU1\nGPU0 X PHB\n", Flags()),
            "t:3:1: error: the matrix ends after 1 of 2 rows\n");
  EXPECT_EQ(Refusal("GPU0 GPU1\nGPU0 X\nGPU1 PHB X\n", Flags()),
            "t:2:7: error: row GPU0 ends after 1 of 2 cells\n");
  EXPECT_EQ(Refusal("GPU0 GPU1\nGPU0 X FAR\nGPU1 FAR X\n", Flags()),
            "t:2:8: error: 'FAR'; must be X, NV#, PIX, PXB, PHB, NODE or SYS\n");
  EXPECT_EQ(Refusal("GPU0 GPU1\nGPU0 X X\nGPU1 X X\n", Flags()),
            "t:2:8: error: X from GPU0 to GPU1; X stands on the diagonal and only there\n");
  EXPECT_EQ(Refusal("GPU0 GPU1\nGPU1 X PHB\nGPU0 PHB X\n", Flags()),
            "t:2:1: error: row 'GPU1', but column 1 is GPU0\n");
  EXPECT_EQ(Refusal("GPU0 NIC0\nGPU0 X NV4\nNIC0 NV4 X\n", Flags()),
            "t:2:8: error: NV4 to a NIC\n");
  EXPECT_EQ(Refusal("GPU0 GPU1 GPU2\nGPU0 X PIX SYS\nGPU1 PIX X PIX\nGPU2 SYS PIX X\n", Flags()),
            "t:4:6: error: GPU2 and GPU0 are farther apart than what both are near to allows; no "
            "PCIe tree has such distances\n");
  EXPECT_NE(Refusal("GPU0 GPU1 GPU2\nGPU0 X NV18 NV18\nGPU1 NV18 X NV4\nGPU2 NV18 NV4 X\n", Flags())
                .find("cannot tell how they are joined"),
            std::string::npos);
}

// Random machines: each device gets a path of places (NUMA node, host bridge, upper switch, lower
// switch); how far down two of them agree is their distance.
TEST(NvidiaSmi, RandomTreesComeBack) {
  Rng rng(11);
  constexpr std::size_t kDepth = 4;
  static const char* const kByDepth[] = {"SYS", "NODE", "PHB", "PXB", "PIX"};
  for (int round = 0; round < 60; ++round) {
    const std::size_t gpus = 2 + rng.Below(5), devices = gpus + rng.Below(5);
    std::vector<std::array<std::uint64_t, kDepth>> places(devices);
    for (auto& place : places) {
      for (std::uint64_t& part : place) part = rng.Below(2);
    }
    const auto label = [&](std::size_t d) {
      return d < gpus ? "GPU" + std::to_string(d) : "NIC" + std::to_string(d - gpus);
    };
    std::string text;
    for (std::size_t d = 0; d < devices; ++d) text += "\t" + label(d);
    text += "\tCPU Affinity\tNUMA Affinity\n";
    for (std::size_t a = 0; a < devices; ++a) {
      text += label(a);
      for (std::size_t b = 0; b < devices; ++b) {
        const auto differ = std::mismatch(places[a].begin(), places[a].end(), places[b].begin());
        const auto agree = static_cast<std::size_t>(differ.first - places[a].begin());
        text += a == b ? "\tX" : std::string("\t") + kByDepth[agree];
      }
      text += a < gpus ? "\t0\t" + std::to_string(places[a][0]) + "\n" : "\n";
    }
    ExpectSameClasses(text);
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace switchyard
