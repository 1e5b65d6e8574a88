#include "sim/placement/files/eplb_folder.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/base/file.h"
#include "sim/routing/trace/npy.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

// What log2phy says otherwise.
Diagnostics CompareSlots(const LayerPlacements& layers, const fs::path& path,
                         const PlacementFileContext& context) {
  const Result<PlacementFile> other = LoadPlacementFile(path, context);
  if (!other.ok()) return other.errors();
  Diagnostics errors;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    const auto a = layers[l].expert_of_slot();
    const auto b = other.value().layers[l].expert_of_slot();
    if (std::equal(a.begin(), a.end(), b.begin(), b.end())) continue;
    errors.push_back(
        FileError(path.generic_string(),
                  fmt::format("layer {} is not what {} says", context.moe_layers[l], kPhyToLog)));
  }
  return errors;
}

Diagnostics CompareCounts(const LayerPlacements& layers, const fs::path& path,
                          const PlacementFileContext& context) {
  const Result<NpyArray> read = ReadNpy(path, kMaxPlacementFileBytes);
  if (!read.ok()) return read.errors();
  const NpyArray& counts = read.value();
  const std::vector<std::uint64_t> shape = {layers.size(), context.experts};
  const bool integers = !IsFloat(counts.type);
  if (counts.shape != shape || !integers) {
    return {FileError(path.generic_string(),
                      fmt::format("expected integers of shape [{}, {}]: the replicas of every "
                                  "expert",
                                  layers.size(), context.experts))};
  }
  Diagnostics errors;
  for (std::size_t l = 0; l < layers.size(); ++l) {
    std::uint32_t e = 0;
    const auto same = [&] {
      return counts.Integer(l * context.experts + e) ==
             static_cast<std::int64_t>(layers[l].SlotsOf(e).size());
    };
    while (e < context.experts && same()) ++e;
    if (e == context.experts) continue;
    errors.push_back(
        FileError(path.generic_string(),
                  fmt::format("layer {}, expert {}: {} replicas; {} has {}", context.moe_layers[l],
                              e, counts.Integer(l * context.experts + e), kPhyToLog,
                              layers[l].SlotsOf(e).size())));
  }
  return errors;
}

}  // namespace

Result<PlacementFile> LoadEplbFolder(const fs::path& folder, const PlacementFileContext& context) {
  Result<PlacementFile> file = LoadPlacementFile(folder / kPhyToLog, context);
  if (!file.ok()) return file;
  const LayerPlacements& layers = file.value().layers;
  Diagnostics errors;
  if (fs::exists(folder / kLogToPhy)) errors = CompareSlots(layers, folder / kLogToPhy, context);
  if (fs::exists(folder / kLogCount)) {
    const Diagnostics more = CompareCounts(layers, folder / kLogCount, context);
    errors.insert(errors.end(), more.begin(), more.end());
  }
  if (!errors.empty()) return errors;
  return file;
}

}  // namespace switchyard
