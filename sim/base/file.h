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

// The file that writing to `path` replaces: what a symbolic link points to, also when nothing is
// there yet.
[[nodiscard]] std::filesystem::path LinkTarget(const std::filesystem::path& path);

// The same for output that is streamed: write to stream(), then Commit(). Without Commit the
// destructor removes the temporary file. What cannot be replaced (a pipe, /dev/null) is written
// straight into; a symbolic link stays one.
class AtomicFile {
 public:
  explicit AtomicFile(std::filesystem::path path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  [[nodiscard]] std::ostream& stream() { return stream_; }
  // Everything written is complete under the temporary name, so that of several files all can be
  // finished before the first is committed. Fails when any write failed.
  Result<void> Finish();
  // Finishes if need be and takes the target's place. On failure the target is untouched.
  Result<void> Commit();

 private:
  [[nodiscard]] Diagnostic CannotWrite(const std::string& reason) const;

  std::filesystem::path path_;
  std::filesystem::path target_;     // links followed
  std::filesystem::path temporary_;  // empty: nothing to remove
  std::ofstream stream_;
  std::string open_error_;
};

}  // namespace switchyard
