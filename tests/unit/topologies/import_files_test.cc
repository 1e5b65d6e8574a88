// Files that clouds publish and real machines wrote: each loads, or is refused for a reason.
#include <gtest/gtest.h>

#include <filesystem>

#include "sim/base/file.h"
#include "tests/unit/topologies/imports.h"
#include "topologies/analysis/analysis.h"

namespace switchyard {
namespace {

const std::string kFolder = std::string(SWITCHYARD_SOURCE_DIR) + "/../shared/data/formats/";

// A machine of 8 GPUs with NVSwitch.
ClusterSpec EightGpuCard() {
  ClusterSpec card = testing::FourGpuCard();
  card.node.gpus = 8;
  return card;
}

struct Expected {
  std::string file;
  std::string refused;  // part of the reason without a card; empty: loads
  std::size_t gpus = 0;
  std::size_t nics = 0;
  double pair_gigabytes = 0;  // from GPU 0 to GPU 1, with the card
};

class ImportFiles : public ::testing::TestWithParam<Expected> {};

TEST_P(ImportFiles, LoadsOrIsRefusedForAReason) {
  const Expected& expected = GetParam();
  const std::string file = kFolder + expected.file;
  if (!std::filesystem::exists(file)) GTEST_SKIP() << "the file is not here (" << file << ")";
  const std::string text = ReadFile(file, std::size_t{1} << 20).value();
  const std::string refusal = testing::Refusal(text);
  if (expected.refused.empty()) {
    EXPECT_EQ(refusal, "imported");
  } else {
    EXPECT_NE(refusal.find(expected.refused), std::string::npos) << refusal;
  }
  if (expected.gpus == 0) return;  // no card helps
  const ClusterSpec card = EightGpuCard();
  ImportOptions options = testing::From(card);
  if (expected.refused == "class: missing") {
    for (const char* slot : {"16", "17", "18", "19", "1a", "1b", "1c", "1d"}) {
      options.hints.gpu_bus_ids.push_back(std::string("0000:00:") + slot + ".0");
    }
  }
  const testing::Imported imported = testing::Import(text, options);
  EXPECT_EQ(imported.platform.num_devices(), expected.gpus);
  EXPECT_EQ(imported.platform.OfKind(VertexKind::kNic).size(), expected.nics);
  const TopologyAnalysis analysis =
      Analyze(imported.platform, *MakePathSelector(imported.cluster.spec.paths, imported.platform));
  EXPECT_EQ(analysis.unreachable_pairs, 0u);
  EXPECT_DOUBLE_EQ(analysis.gpu_pair_bandwidth[1].value, expected.pair_gigabytes * 1e9);
}

// Counts are those of the files' <gpu>, <net> and class 0x03, 0x02 rows. The card's NVLink is 400
// GB/s; the others are NCCL's: 18 * 20.6 (H200), 48 (XGMI, MI300X), 4 * 36 (MI250).
const Expected kFiles[] = {
    {"nccl_topo/aws-g5.48xl-topo.xml", "class: missing", 8, 1, 400},
    {"nccl_topo/aws-p4d-24xl-topo.xml", "nothing about the GPUs' NVLink", 8, 4, 400},
    {"nccl_topo/aws-p5.48xl-topo.xml", "", 8, 32, 400},
    {"nccl_topo/azure-ncv4-graph.xml", "an NCCL graph file", 0, 0, 0},
    {"nccl_topo/azure-ndv2-topo.xml", "nothing about the GPUs' NVLink", 8, 1, 400},
    {"nccl_topo/azure-ndv4-topo.xml", "nothing about the GPUs' NVLink", 8, 8, 400},
    {"nccl_topo/azure-ndv5-topo.xml", "nothing about the GPUs' NVLink", 8, 8, 400},
    {"nccl_topo/rccl-topo_16p1h.xml", "", 16, 8, 144},
    {"nccl_topo/rccl-topo_8p_940.xml", "", 8, 8, 48},
    {"nccl_topo/simllm-hgx-h200-8x-nccl_topo.xml", "", 8, 1, 18 * 20.6},
    {"nvidia_smi/topo-m_hgx-h200-8x_simllm.txt", "how fast they are", 8, 8, 400},
};

INSTANTIATE_TEST_SUITE_P(All, ImportFiles, ::testing::ValuesIn(kFiles));

}  // namespace
}  // namespace switchyard
