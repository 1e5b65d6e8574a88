#include "tests/unit/placement/load_files.h"

#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "sim/routing/trace/trace.h"

namespace switchyard::testing {
namespace {

const std::filesystem::path& DataFolder() {
  static const auto kFolder = std::filesystem::path(SWITCHYARD_SOURCE_DIR) / "../shared/data";
  return kFolder;
}

}  // namespace

std::vector<std::vector<double>> ReadLoads(const std::string& name) {
  const auto path = DataFolder() / "placement_loads" / ("load_" + name + ".npy");
  std::ifstream in(path, std::ios::binary);
  if (!in) return {};
  // Format 1.0 of NumPy: magic and version in 8 bytes, the header's length in 2, header, data. The
  // shape is in the folder's README.
  constexpr std::size_t kLayers = 58, kExperts = 256;
  std::string bytes((std::istreambuf_iterator<char>(in)), {});
  const std::size_t header =
      static_cast<unsigned char>(bytes[8]) + 256u * static_cast<unsigned char>(bytes[9]) + 10u;
  if (bytes.size() != header + kLayers * kExperts * sizeof(double)) return {};
  std::vector<std::vector<double>> loads(kLayers, std::vector<double>(kExperts));
  for (std::size_t layer = 0; layer < kLayers; ++layer) {
    std::memcpy(loads[layer].data(), bytes.data() + header + layer * kExperts * sizeof(double),
                kExperts * sizeof(double));
  }
  return loads;
}

std::vector<GridCell> ReadGrid() {
  std::ifstream in(DataFolder() / "placement_loads" / "reference.csv");
  std::vector<GridCell> cells;
  std::string line;
  std::getline(in, line);  // load,G,R,S,eplb,eplb_min,ls,ils,bound,ls_us
  while (std::getline(in, line)) {
    for (char& c : line) c = c == ',' ? ' ' : c;
    std::istringstream fields(line);
    GridCell cell;
    double unused = 0;
    fields >> cell.load >> cell.ranks >> cell.redundant >> cell.slots_per_rank >> cell.eplb;
    fields >> unused >> unused >> unused >> cell.bound;
    cells.push_back(cell);
  }
  return cells;
}

std::vector<std::vector<double>> ReadTraceLoads(const std::string& task) {
  const auto path = DataFolder() / "esft_deepseek_v2_lite" / (task + ".topk_ids.npy");
  if (!std::filesystem::exists(path)) return {};
  const auto trace = LoadTrace(path, {.num_experts = 64});
  if (!trace.ok()) return {};
  std::vector<std::vector<double>> loads(trace.value().layers(), std::vector<double>(64));
  for (std::size_t layer = 0; layer < loads.size(); ++layer) {
    for (const ExpertIndex e : trace.value().experts[layer]) {
      if (e != kNoExpert) loads[layer][e] += 1;
    }
  }
  return loads;
}

}  // namespace switchyard::testing
