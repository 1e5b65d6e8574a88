// The files of a zip archive in memory (.npz, .pt), unpacked within a limit.
//
//   Result<std::vector<ZipEntry>> entries = ReadZip(file, 1 << 30);
//
// Unpacked bytes are counted as they appear, whatever sizes the archive states: a zip bomb ends at
// the limit. Refused: archives that libzip cannot read, encrypted entries, wrong checksums, more
// than 65,536 entries.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/result.h"
#include "sim/routing/trace/import/trace_importer.h"

namespace switchyard {

struct ZipEntry {
  std::string name;
  std::string bytes;
};

// Importers let an archive unpack to this share of ImportOptions::max_bytes: choices of two bytes
// become eight while they are read.
inline constexpr std::size_t kUnpackedShare = 4;

// The entries whose name `wanted` accepts, in the order of the archive; `max_bytes` together.
[[nodiscard]] Result<std::vector<ZipEntry>> ReadZip(
    const ImportFile& file, std::size_t max_bytes,
    const std::function<bool(std::string_view)>& wanted);

// Whether the bytes are a zip archive with an entry whose name ends like this.
[[nodiscard]] bool IsZipWith(const ImportFile& file, std::string_view suffix);

}  // namespace switchyard
