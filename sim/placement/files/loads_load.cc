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

std::optional<DataNode> ReadTree(const ImportFile& file, ImportLog& log) {
  if (IsTorchFile(file)) return ReadTorchFile(file, kMaxPlacementFileBytes * kUnpackedShare, log);
  return ParseJsonText(file, 0, file.bytes.size(), log);
}

std::optional<LoadsContent> FromTree(DataNode root, ImportLog& log) {
  if (IsList(root) || FindMember(root, kCounts) != nullptr) {
    return LoadsContent{LoadsKind::kCounts, std::move(root)};
  }
  if (FindMember(root, kRecords) != nullptr) {
    return LoadsContent{LoadsKind::kRecords, std::move(root)};
  }
  log.Error({}, FindMember(root, "physical_to_logical_map") != nullptr
                    ? "holds 'physical_to_logical_map': a placement, not loads"
                    : fmt::format("holds no loads: {} without 'logical_count' or 'records' "
                                  "(SGLang)",
                                  Describe(root)));
  return std::nullopt;
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

std::optional<LoadsContent> OpenLoads(const ImportFile& file, ImportLog& log) {
  const std::string_view bytes = file.bytes;
  if (bytes.size() > kMaxPlacementFileBytes) {
    log.Error({},
              fmt::format("{} bytes; at most {} are read", bytes.size(), kMaxPlacementFileBytes));
    return std::nullopt;
  }
  if (bytes.starts_with("\x93NUMPY")) return LoadsContent{LoadsKind::kNpy, {}};
  if (IsCountsCsv(bytes)) return LoadsContent{LoadsKind::kCsv, {}};
  std::optional<DataNode> root = ReadTree(file, log);
  if (!root || !log.ok()) return std::nullopt;
  return FromTree(*std::move(root), log);
}

const DataNode& CountsOf(const DataNode& root) {
  return IsList(root) ? root : *FindMember(root, kCounts);
}

Result<LoadsFile> ParseExpertLoads(std::string_view bytes, const std::string& name,
                                   const PlacementFileContext& context) {
  SWITCHYARD_CHECK(!context.moe_layers.empty() && context.experts > 0 &&
                       context.moe_layers.back() < context.num_layers,
                   "loads are of at least one MoE layer of the model and one expert");
  const ImportFile file{name, bytes};
  ImportLog log(file);
  const std::optional<LoadsContent> content = OpenLoads(file, log);
  if (!content || !log.ok()) return log.errors();
  CountTable table(context, log);
  switch (content->kind) {
    case LoadsKind::kNpy:
      ReadCountsNpy(bytes, table, log);
      return std::move(table).Finish("counts, .npy");
    case LoadsKind::kCsv:
      ReadCountsCsv(bytes, context, table, log);
      return std::move(table).Finish("counts, CSV");
    case LoadsKind::kCounts:
      ReadLogicalCount(CountsOf(content->root), table, log);
      return std::move(table).Finish("SGLang logical_count");
    case LoadsKind::kRecords:
      break;
  }
  ReadRecords(content->root, context, table, log);
  return std::move(table).Finish("SGLang recorder, per_pass");
}

Result<LoadsFile> LoadExpertLoads(const std::filesystem::path& path,
                                  const PlacementFileContext& context) {
  const Result<std::string> bytes = ReadFile(path, kMaxPlacementFileBytes);
  if (!bytes.ok()) return bytes.errors();
  return ParseExpertLoads(bytes.value(), path.generic_string(), context);
}

}  // namespace switchyard
