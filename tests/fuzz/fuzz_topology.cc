// Any bytes as an NCCL topology or a matrix of nvidia-smi: a machine or diagnostics, no crash; what
// imports can be built, drawn and written as a card. The first byte chooses how it is completed.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "topologies/analysis/report.h"
#include "topologies/builder.h"
#include "topologies/import/card_yaml.h"
#include "topologies/import/import.h"
#include "topologies/paths/path_selector.h"

namespace switchyard {
namespace {

ClusterSpec Card() {
  ClusterSpec card;
  card.device.name = "GPU";
  card.node.gpus = 2;
  card.node.nvlink = LinkSpec{400_GBps, 1_us};
  card.node.pcie = {60_GBps, 1_us};
  card.node.nic = LinkSpec{50_GBps, 1_us};
  card.node.host_memory = {500_GBps, 1_us};
  card.node.ssd = LinkSpec{5_GBps, 1_us};
  return card;
}

void Use(const ImportedCluster& imported) {
  // The whole analysis takes the square of the GPUs; a few are enough to meet every kind.
  constexpr std::uint32_t kMaxGpus = 8;
  const Result<Platform> platform = BuildPlatform(imported.spec);
  if (!platform.ok()) std::abort();  // what imports is a machine
  (void)ToDot(platform.value());
  if (!imported.card.empty()) (void)ClusterCardYaml(imported, "fuzz");
  if (imported.spec.node.gpus > kMaxGpus) return;
  const auto paths = MakePathSelector(imported.spec.paths, platform.value());
  const TopologyAnalysis analysis = Analyze(platform.value(), *paths);
  if (analysis.unreachable_pairs > 0) std::abort();
  (void)ToText(platform.value(), analysis);
  (void)ToCheckText(platform.value(), analysis);
  (void)ToJson(platform.value(), analysis, imported.assumptions);
}

}  // namespace
}  // namespace switchyard

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  constexpr unsigned kCard = 1, kFlags = 2, kGpu = 4, kMatrix = 8;
  static const switchyard::ClusterSpec card = switchyard::Card();
  const unsigned choice = data[0];
  switchyard::ImportOptions options;
  if ((choice & kCard) != 0) {
    options.by.card = &card;
    options.by.card_name = "card";
  }
  if ((choice & kFlags) != 0) {
    options.by.sm = 90;
    options.by.pcie_generation = 5;
  }
  if ((choice & kGpu) != 0) options.hints.gpu_bus_ids = {"0000:00:16.0"};
  if ((choice & kMatrix) != 0) options.format = switchyard::TopologyFormat::kNvidiaSmi;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto imported = switchyard::ImportTopology(text, "fuzz", options);
  if (imported.ok()) {
    switchyard::Use(imported.value());
  } else if (imported.errors().empty()) {
    std::abort();
  } else {
    (void)switchyard::ToString(imported.errors());
  }
  return 0;
}
