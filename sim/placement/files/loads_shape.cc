#include "sim/base/file.h"
#include "sim/placement/files/loads_file.h"
#include "sim/routing/trace/npy.h"

namespace switchyard {

Result<LoadsShape> ShapeOfExpertLoads(const std::filesystem::path& path) {
  const Result<std::string> bytes = ReadFile(path, kMaxPlacementFileBytes);
  if (!bytes.ok()) return bytes.errors();
  const auto shape = NpyShape(bytes.value(), path.generic_string());
  if (!shape.ok()) return shape.errors();
  const auto& s = shape.value();
  return LoadsShape{static_cast<std::uint32_t>(s[s.size() - 2]), static_cast<std::uint32_t>(s.back())};
}

}  // namespace switchyard
