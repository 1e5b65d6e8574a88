// Expert placements in the files of the servers that people run.
//
//   const PlacementFileContext context{61, {3, 4, ..., 60}, 256, 32};      // DeepSeek-V3 on 32
//   ranks Result<PlacementFile> file = LoadPlacementFile("placement.json", context);
//   file.value().layers[0].expert_of_slot();                              // of model layer 3
//   SavePlacement(PlacementFormat::kTensorRtLlm, layers, context, "eplb.yaml");
//
// Which row of a file is which layer of the model differs from tool to tool; README.md of
// sim/placement has the table, with the sources.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "sim/placement/placement.h"

namespace switchyard {

enum class PlacementFormat : std::uint8_t {
  kSglang,
  kVllmAscend,
  kTensorRtLlm,
  kOmniInfer,
  kEplbTensors
};

struct PlacementFormatInfo {
  PlacementFormat format;
  std::string_view name;       // "sglang", for --format and scenario files
  std::string_view extension;  // ".json"; "" where SavePlacement makes a folder
  std::string_view summary;    // one line: what the file holds
  std::string_view usage;      // one line: how the server is told to use it
  bool writable;
};
// In the order in which users see them.
[[nodiscard]] std::span<const PlacementFormatInfo> PlacementFormats();
[[nodiscard]] const PlacementFormatInfo& InfoOf(PlacementFormat format);
[[nodiscard]] std::optional<PlacementFormat> PlacementFormatOf(std::string_view name);

// What the files leave to the model and the deployment.
struct PlacementFileContext {
  std::uint32_t num_layers = 0;           // of the model, dense ones included
  std::vector<std::uint32_t> moe_layers;  // their indices in the model, ascending; not empty
  std::uint32_t experts = 0;              // routed experts of a layer, at least 1
  std::uint32_t ranks = 0;                // of the expert-parallel group, at least 1
};

struct PlacementFile {
  PlacementFormat format = PlacementFormat::kSglang;
  // [moe_layers], all of one shape. Slots that the file leaves empty (omni-infer's devices need not
  // hold equally many experts) are kNoExpert.
  LayerPlacements layers;
  std::vector<std::string> warnings;  // what was assumed or left out; complete sentences
};

// Content decides the format: JSON by its members, YAML, or .npy by its shape; for kEplbTensors the
// path is that of phy2log.npy or log2phy.npy, or of the folder that holds phy2log.npy. Checked, all
// mistakes at once: every layer there once, ids below `experts`, equally many slots in all layers,
// slots % ranks == 0, every expert in at least one slot. An expert twice on a rank is a warning.
// Any bytes may be given: at most kMaxPlacementFileBytes are read, sizes are checked before memory
// is taken.
[[nodiscard]] Result<PlacementFile> LoadPlacementFile(const std::filesystem::path& path,
                                                      const PlacementFileContext& context);
// The same for bytes in memory; `name` stands for the file in messages.
[[nodiscard]] Result<PlacementFile> ParsePlacementFile(std::string_view bytes,
                                                       const std::string& name,
                                                       const PlacementFileContext& context);

inline constexpr std::size_t kMaxPlacementFileBytes = std::size_t{256} << 20;

// A file of an export, complete.
struct RenderedFile {
  std::filesystem::path path;
  std::string content;
};

// The file, or for kEplbTensors the three files in the folder `path`, so that a command can write
// them together with others through AtomicFile (sim/base/file.h). `placements` [moe_layers] are of
// one shape, the context's. Errors: a format that is not writable, empty slots (no server's file
// has them), experts that are nowhere. LoadPlacementFile reads back what was written, slot by slot.
[[nodiscard]] Result<std::vector<RenderedFile>> RenderPlacement(PlacementFormat format,
                                                                const LayerPlacements& placements,
                                                                const PlacementFileContext& context,
                                                                const std::filesystem::path& path);
// Renders, finishes all files, then puts them in place; on failure nothing is left half-written.
[[nodiscard]] Result<void> SavePlacement(PlacementFormat format, const LayerPlacements& placements,
                                         const PlacementFileContext& context,
                                         const std::filesystem::path& path);

}  // namespace switchyard
