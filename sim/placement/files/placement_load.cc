#include <fmt/format.h>

#include "sim/base/check.h"
#include "sim/base/file.h"
#include "sim/placement/files/eplb_folder.h"
#include "sim/placement/files/placement_file.h"
#include "sim/placement/files/readers.h"
#include "sim/placement/files/yaml_tree.h"
#include "sim/routing/trace/import/json_text.h"
#include "sim/routing/trace/import/torch_pickle.h"
#include "sim/routing/trace/import/zip_archive.h"

namespace switchyard {
namespace {

// Trees take up to forty times their text in memory. A table of 100 layers and 1,000 slots has
// 500 KB.
constexpr std::size_t kMaxJsonText = std::size_t{8} << 20;

std::optional<DataNode> ParseTree(const ImportFile& file, ImportLog& log) {
  if (IsZipWith(file, "/data.pkl")) return ReadTorchFile(file, kMaxPlacementFileBytes, log);
  const std::size_t first = file.bytes.find_first_not_of(" \t\r\n");
  const char begin = first == std::string_view::npos ? '\0' : file.bytes[first];
  if (begin != '{' && begin != '[') return ParseYamlTree(file, log);
  if (file.bytes.size() > kMaxJsonText) {
    log.Error({}, fmt::format("{} bytes of JSON; at most {} are read as a placement",
                              file.bytes.size(), kMaxJsonText));
    return std::nullopt;
  }
  return ParseJsonText(file, 0, file.bytes.size(), log);
}

struct Door {
  std::string_view key;  // that only this format has
  PlacementFormat format;
  PlacementRows (*read)(const DataNode& root, const PlacementFileContext& context, ImportLog& log);
};
constexpr Door kDoors[] = {
    {"physical_to_logical_map", PlacementFormat::kSglang, ReadSglang},
    {"layer_list", PlacementFormat::kVllmAscend, ReadVllmAscend},
    {"moe_layer_count", PlacementFormat::kVllmAscend, ReadVllmAscend},
    {"initial_global_assignments", PlacementFormat::kTensorRtLlm, ReadTensorRtLlm},
    {"num_slots", PlacementFormat::kTensorRtLlm, ReadTensorRtLlm},
    {"moe_config", PlacementFormat::kTensorRtLlm, ReadTensorRtLlm},
    {"load_balancer", PlacementFormat::kTensorRtLlm, ReadTensorRtLlm},
};

Diagnostic UnknownContent(const DataNode& root, const std::string& name) {
  for (const std::string_view key : {"logical_count", "records"}) {
    if (FindMember(root, key) == nullptr) continue;
    return FileError(name, fmt::format("holds '{}': loads, not a placement; they are what a "
                                       "placement is made from",
                                       key));
  }
  return FileError(
      name, fmt::format("is no placement file: {} without physical_to_logical_map (SGLang), "
                        "layer_list (vLLM-Ascend) or initial_global_assignments (TensorRT-LLM)",
                        Describe(root)));
}

void CheckContext(const PlacementFileContext& context) {
  constexpr std::uint32_t kMostRanks = 65535;
  SWITCHYARD_CHECK(!context.moe_layers.empty() && context.experts > 0 && context.ranks > 0,
                   "a placement is of at least one layer, expert and rank");
  SWITCHYARD_CHECK(context.experts < kNoExpert && context.ranks <= kMostRanks,
                   "experts and ranks have 16 bits");
  SWITCHYARD_CHECK(context.moe_layers.back() < context.num_layers,
                   "the MoE layers are layers of the model");
}

}  // namespace

Result<PlacementFile> ParsePlacementFile(std::string_view bytes, const std::string& name,
                                         const PlacementFileContext& context) {
  CheckContext(context);
  const ImportFile file{name, bytes};
  ImportLog log(file);
  if (bytes.size() > kMaxPlacementFileBytes) {
    return FileError(
        name, fmt::format("{} bytes; at most {} are read", bytes.size(), kMaxPlacementFileBytes));
  }
  if (bytes.starts_with("\x93NUMPY")) {
    PlacementFormat format{};
    const PlacementRows rows = ReadPlacementNpy(bytes, context, log, format);
    return FinishPlacement(format, rows, context, log);
  }
  const std::optional<DataNode> root = ParseTree(file, log);
  if (!root || !log.ok()) return log.errors();
  for (const Door& door : kDoors) {
    if (FindMember(*root, door.key) == nullptr) continue;
    const PlacementRows rows = door.read(*root, context, log);
    return FinishPlacement(door.format, rows, context, log);
  }
  return UnknownContent(*root, name);
}

Result<PlacementFile> LoadPlacementFile(const std::filesystem::path& path,
                                        const PlacementFileContext& context) {
  std::error_code ignored;
  if (std::filesystem::is_directory(path, ignored)) return LoadEplbFolder(path, context);
  const Result<std::string> bytes = ReadFile(path, kMaxPlacementFileBytes);
  if (!bytes.ok()) return bytes.errors();
  return ParsePlacementFile(bytes.value(), path.generic_string(), context);
}

}  // namespace switchyard
