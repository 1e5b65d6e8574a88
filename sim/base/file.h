// Whole files in and out. Nothing half-written is left behind: a file is written under a temporary
// name beside its place, flushed, and renamed only when complete.
#pragma once

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

#include "sim/base/result.h"

namespace switchyard {

// The file's bytes. Fails when it cannot be read, is not a regular file, or has more than
// `max_bytes` (the limit is checked before memory is taken).
Result<std::string> ReadFile(const std::filesystem::path& path, std::size_t max_bytes);

// Writes all of `content`, or leaves what was there before. Creates missing parent folders.
Result<void> WriteFileAtomically(const std::filesystem::path& path, std::string_view content);

// The same for output that is streamed: write to stream(), then Commit(). Without Commit the
// destructor removes the temporary file.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  [[nodiscard]] std::ostream& stream() { return stream_; }
  // Fails when any write failed; the target is then untouched.
  Result<void> Commit();

 private:
  std::filesystem::path path_;
  std::filesystem::path temporary_;
  std::ofstream stream_;
};

}  // namespace switchyard
