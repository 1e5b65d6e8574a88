#include <fmt/format.h>

#include "sim/base/file.h"
#include "sim/placement/files/load_readers.h"

namespace switchyard {
namespace {

std::optional<LoadsExtent> ShapeOf(const LoadsContent& content, std::string_view bytes,
                                   ImportLog& log) {
  switch (content.kind) {
    case LoadsKind::kNpy:
      return ShapeOfCountsNpy(bytes, log);
    case LoadsKind::kCsv:
      return ShapeOfCountsCsv(bytes, log);
    case LoadsKind::kCounts:
      return ShapeOfLogicalCount(CountsOf(content.root), log);
    case LoadsKind::kRecords:
      break;
  }
  return ShapeOfRecords(content.root, log);
}

}  // namespace

Result<LoadsShape> ParseShapeOfExpertLoads(std::string_view bytes, const std::string& name) {
  const ImportFile file{name, bytes};
  ImportLog log(file);
  const std::optional<LoadsContent> content = OpenLoads(file, log);
  if (!content) return log.errors();
  const std::optional<LoadsExtent> shape = ShapeOf(*content, bytes, log);
  if (!shape || !log.ok()) return log.errors();
  const auto [layers, experts] = *shape;
  if (layers == 0 || experts == 0 || layers > kMaxLoadsLayers || experts > kMaxLoadsExperts) {
    return FileError(name,
                     fmt::format("counts of {} layers and {} experts; allowed: 1 to {} layers "
                                 "and 1 to {} experts",
                                 layers, experts, kMaxLoadsLayers, kMaxLoadsExperts));
  }
  return LoadsShape{static_cast<std::uint32_t>(layers), static_cast<std::uint32_t>(experts)};
}

Result<LoadsShape> ShapeOfExpertLoads(const std::filesystem::path& path) {
  const Result<std::string> bytes = ReadFile(path, kMaxPlacementFileBytes);
  if (!bytes.ok()) return bytes.errors();
  return ParseShapeOfExpertLoads(bytes.value(), path.generic_string());
}

}  // namespace switchyard
