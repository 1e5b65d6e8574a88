#include <fmt/format.h>

#include "sim/base/check.h"
#include "sim/base/file.h"
#include "sim/placement/files/load_readers.h"
#include "sim/routing/trace/import/json_text.h"
#include "sim/routing/trace/import/torch_pickle.h"
#include "sim/routing/trace/import/zip_archive.h"
#include "sim/routing/trace/npy.h"

namespace switchyard {
namespace {

constexpr std::string_view kCounts = "logical_count";
constexpr std::string_view kRecords = "records";

bool IsTorchFile(const ImportFile& file) { return IsZipWith(file, "/data.pkl"); }

Result<LoadsFile> FromTree(const DataNode& root, const PlacementFileContext& context,
                           ImportLog& log) {
  CountTable table(context, log);
  const DataNode* counts = IsList(root) ? &root : FindMember(root, kCounts);
  if (counts != nullptr) {
    ReadLogicalCount(*counts, table, log);
    return std::move(table).Finish("SGLang logical_count");
  }
  if (FindMember(root, kRecords) != nullptr) {
    ReadRecords(root, context, table, log);
    return std::move(table).Finish("SGLang recorder, per_pass");
  }
  if (FindMember(root, "physical_to_logical_map") != nullptr) {
    return FileError(log.file(), "holds 'physical_to_logical_map': a placement, not loads");
  }
  return FileError(log.file(), fmt::format("holds no loads: {} without 'logical_count' or "
                                           "'records' (SGLang)",
                                           Describe(root)));
}

}  // namespace

bool LooksLikeExpertLoads(std::string_view bytes, const std::string& name) {
  const ImportFile file{name, bytes};
  if (bytes.starts_with("\x93NUMPY")) {
    // Arrays of choices have three dimensions of integers as well, [tokens, layers, top_k].
    const Result<std::vector<std::uint64_t>> shape = NpyShape(bytes, name);
    constexpr std::size_t kHeader = 128;
    const bool floats = bytes.substr(0, kHeader).find("'<f") != std::string_view::npos;
    return shape.ok() && (shape.value().size() == 2 || (shape.value().size() == 3 && floats));
  }
  if (IsCountsCsv(bytes)) return true;
  if (LooksLikeJsonWith(file, "topk_ids_of_layer")) return false;
  if (LooksLikeJsonWith(file, kCounts) || LooksLikeJsonWith(file, kRecords)) return true;
  // torch.save does not compress: the pickle's text can be seen.
  return IsTorchFile(file) && bytes.find("topk_ids_of_layer") == std::string_view::npos;
}

Result<LoadsFile> ParseExpertLoads(std::string_view bytes, const std::string& name,
                                   const PlacementFileContext& context) {
  SWITCHYARD_CHECK(!context.moe_layers.empty() && context.experts > 0 &&
                       context.moe_layers.back() < context.num_layers,
                   "loads are of at least one MoE layer of the model and one expert");
  const ImportFile file{name, bytes};
  ImportLog log(file);
  if (bytes.size() > kMaxPlacementFileBytes) {
    return FileError(
        name, fmt::format("{} bytes; at most {} are read", bytes.size(), kMaxPlacementFileBytes));
  }
  if (bytes.starts_with("\x93NUMPY")) {
    CountTable table(context, log);
    ReadCountsNpy(bytes, table, log);
    return std::move(table).Finish("counts, .npy");
  }
  if (IsCountsCsv(bytes)) {
    CountTable table(context, log);
    ReadCountsCsv(bytes, context, table, log);
    return std::move(table).Finish("counts, CSV");
  }
  std::optional<DataNode> root;
  if (IsTorchFile(file)) {
    root = ReadTorchFile(file, kMaxPlacementFileBytes * kUnpackedShare, log);
  } else {
    root = ParseJsonText(file, 0, bytes.size(), log);
  }
  if (!root || !log.ok()) return log.errors();
  return FromTree(*root, context, log);
}

Result<LoadsFile> LoadExpertLoads(const std::filesystem::path& path,
                                  const PlacementFileContext& context) {
  const Result<std::string> bytes = ReadFile(path, kMaxPlacementFileBytes);
  if (!bytes.ok()) return bytes.errors();
  return ParseExpertLoads(bytes.value(), path.generic_string(), context);
}

}  // namespace switchyard
