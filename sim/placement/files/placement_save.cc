// Each format as its tool writes it, down to spaces and line ends.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "sim/base/check.h"
#include "sim/base/file.h"
#include "sim/placement/files/eplb_folder.h"
#include "sim/placement/files/placement_file.h"
#include "sim/placement/files/readers.h"
#include "sim/routing/trace/import/shown_layers.h"
#include "sim/routing/trace/npy.h"

namespace switchyard {
namespace {

namespace fs = std::filesystem;

template <class Slots>
std::string Join(const Slots& slots, std::string_view separator) {
  return fmt::format("[{}]", fmt::join(slots, separator));
}

// A row for every layer of the model. Those of dense layers are never looked at: the experts in
// order, then from the first on, as SGLang's trivial map has them.
std::string Sglang(const LayerPlacements& placements, const PlacementFileContext& context) {
  std::vector<std::uint32_t> trivial(placements.front().num_slots());
  for (std::uint32_t s = 0; s < trivial.size(); ++s) trivial[s] = s % context.experts;
  const std::string dense = Join(trivial, ",");
  std::vector<std::string> rows(context.num_layers, dense);
  for (std::size_t i = 0; i < placements.size(); ++i) {
    rows[context.moe_layers[i]] = Join(placements[i].expert_of_slot(), ",");
  }
  return fmt::format("{{\"physical_to_logical_map\": {}}}\n", Join(rows, ","));
}

std::string VllmAscendLayer(const Placement& placement, std::size_t index) {
  std::vector<std::string> devices;
  for (std::uint32_t r = 0; r < placement.ranks(); ++r) {
    const auto slots = placement.expert_of_slot().subspan(
        std::size_t{r} * placement.slots_per_rank(), placement.slots_per_rank());
    devices.push_back(
        fmt::format("{{\"device_id\": {}, \"device_expert\": {}}}", r, Join(slots, ", ")));
  }
  return fmt::format("{{\"layer_id\": {}, \"device_count\": {}, \"device_list\": {}}}", index,
                     placement.ranks(), Join(devices, ", "));
}

// As Python's json.dump writes it.
std::string VllmAscend(const LayerPlacements& placements) {
  std::vector<std::string> layers;
  for (std::size_t i = 0; i < placements.size(); ++i) {
    layers.push_back(VllmAscendLayer(placements[i], i));
  }
  return fmt::format("{{\"moe_layer_count\": {}, \"layer_list\": {}}}\n", placements.size(),
                     Join(layers, ", "));
}

std::string TensorRtLlm(const LayerPlacements& placements, const PlacementFileContext& context) {
  std::string text = "initial_global_assignments:\n";
  for (std::size_t i = 0; i < placements.size(); ++i) {
    text += fmt::format("  {}: {}\n", context.moe_layers[i],
                        Join(placements[i].expert_of_slot(), ", "));
  }
  return text +
         fmt::format("num_slots: {}\nlayer_updates_per_iter: 0\n", placements.front().num_slots());
}

std::string Int64Npy(std::vector<std::uint64_t> shape, const std::vector<std::int64_t>& values) {
  NpyArray array;
  array.type = NpyType::kI8;
  array.shape = std::move(shape);
  array.data.assign(reinterpret_cast<const char*>(values.data()),
                    values.size() * sizeof(std::int64_t));
  return FormatNpy(array);
}

// Replicas of an expert in the order of their slots; EPLB has them in the order in which it made
// them, which means nothing to their users.
std::vector<RenderedFile> EplbTensors(const LayerPlacements& placements,
                                      const PlacementFileContext& context, const fs::path& path) {
  const std::size_t layers = placements.size();
  const std::size_t experts = context.experts;
  std::size_t most = 0;
  for (const Placement& placement : placements) {
    for (std::uint32_t e = 0; e < experts; ++e) {
      most = std::max(most, placement.SlotsOf(e).size());
    }
  }
  std::vector<std::int64_t> phy_to_log, counts;
  std::vector<std::int64_t> log_to_phy(layers * experts * most, -1);
  for (std::size_t l = 0; l < layers; ++l) {
    const auto slots = placements[l].expert_of_slot();
    phy_to_log.insert(phy_to_log.end(), slots.begin(), slots.end());
    for (std::uint32_t e = 0; e < experts; ++e) {
      const auto replicas = placements[l].SlotsOf(e);
      counts.push_back(static_cast<std::int64_t>(replicas.size()));
      std::copy(replicas.begin(), replicas.end(),
                log_to_phy.begin() + static_cast<std::ptrdiff_t>((l * experts + e) * most));
    }
  }
  const std::size_t slots = placements.front().num_slots();
  return {{path / kPhyToLog, Int64Npy({layers, slots}, phy_to_log)},
          {path / kLogToPhy, Int64Npy({layers, experts, most}, log_to_phy)},
          {path / kLogCount, Int64Npy({layers, experts}, counts)}};
}

// What keeps a placement out of a server's file.
Diagnostics Unwritable(PlacementFormat format, const LayerPlacements& placements,
                       const PlacementFileContext& context) {
  Diagnostics errors;
  if (!InfoOf(format).writable) {
    std::string names;
    for (const PlacementFormatInfo& info : PlacementFormats()) {
      if (info.writable) names += (names.empty() ? "" : ", ") + std::string(info.name);
    }
    errors.push_back(Problem(
        fmt::format("placements are not written as {}; allowed: {}", InfoOf(format).name, names)));
  }
  for (std::size_t i = 0; i < placements.size(); ++i) {
    const auto slots = placements[i].expert_of_slot();
    const auto empty = std::count(slots.begin(), slots.end(), kNoExpert);
    if (empty > 0) {
      errors.push_back(
          Problem(fmt::format("layer {} has {} empty slots; a server's file has an "
                              "expert in each",
                              context.moe_layers[i], empty)));
    }
    std::vector<std::uint32_t> missing;
    for (std::uint32_t e = 0; e < context.experts; ++e) {
      if (placements[i].SlotsOf(e).empty()) missing.push_back(e);
    }
    if (missing.empty()) continue;
    errors.push_back(
        Problem(fmt::format("layer {} has no slot for {} {}", context.moe_layers[i],
                            missing.size() == 1 ? "expert" : "experts", ShownLayers(missing))));
  }
  return errors;
}

void CheckShapes(const LayerPlacements& placements, const PlacementFileContext& context) {
  SWITCHYARD_CHECK(!placements.empty() && placements.size() == context.moe_layers.size(),
                   "one placement for each MoE layer");
  SWITCHYARD_CHECK(context.moe_layers.back() < context.num_layers,
                   "the MoE layers are layers of the model");
  for (const Placement& placement : placements) {
    SWITCHYARD_CHECK(placement.num_experts() == context.experts &&
                         placement.ranks() == context.ranks &&
                         placement.num_slots() == placements.front().num_slots(),
                     "placements are of one shape");
  }
}

}  // namespace

Result<std::vector<RenderedFile>> RenderPlacement(PlacementFormat format,
                                                  const LayerPlacements& placements,
                                                  const PlacementFileContext& context,
                                                  const fs::path& path) {
  CheckShapes(placements, context);
  Diagnostics errors = Unwritable(format, placements, context);
  if (!errors.empty()) return errors;
  std::vector<RenderedFile> files;
  switch (format) {
    case PlacementFormat::kSglang:
      files.push_back({path, Sglang(placements, context)});
      break;
    case PlacementFormat::kVllmAscend:
      files.push_back({path, VllmAscend(placements)});
      break;
    case PlacementFormat::kTensorRtLlm:
      files.push_back({path, TensorRtLlm(placements, context)});
      break;
    case PlacementFormat::kEplbTensors:
      files = EplbTensors(placements, context, path);
      break;
    case PlacementFormat::kOmniInfer:
      SWITCHYARD_CHECK(false, "a format without a writer");
  }
  return files;
}

Result<void> SavePlacement(PlacementFormat format, const LayerPlacements& placements,
                           const PlacementFileContext& context, const fs::path& path) {
  const auto files = RenderPlacement(format, placements, context, path);
  if (!files.ok()) return files.errors();
  std::vector<std::unique_ptr<AtomicFile>> outputs;
  for (const RenderedFile& file : files.value()) {
    outputs.push_back(std::make_unique<AtomicFile>(file.path));
    outputs.back()->stream() << file.content;
    const Result<void> finished = outputs.back()->Finish();
    if (!finished.ok()) return finished;
  }
  for (const auto& output : outputs) {
    const Result<void> committed = output->Commit();
    if (!committed.ok()) return committed;
  }
  return {};
}

}  // namespace switchyard
