#include "sim/base/file.h"

#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace switchyard {
namespace fs = std::filesystem;

Result<std::string> ReadFile(const fs::path& path, std::size_t max_bytes) {
  std::error_code error;
  const fs::file_status status = fs::status(path, error);
  if (!fs::exists(status)) return FileError(path.string(), "no such file");
  if (!fs::is_regular_file(status)) return FileError(path.string(), "is not a regular file");
  const auto size = fs::file_size(path, error);
  if (error) return FileError(path.string(), "cannot be read: " + error.message());
  if (size > max_bytes) {
    return FileError(path.string(), "has " + std::to_string(size) + " bytes; at most " +
                                        std::to_string(max_bytes) + " are read");
  }
  std::ifstream in(path, std::ios::binary);
  if (!in) return FileError(path.string(), std::string("cannot be read: ") + std::strerror(errno));
  std::string content(size, '\0');
  in.read(content.data(), static_cast<std::streamsize>(size));
  content.resize(static_cast<std::size_t>(in.gcount()));
  return content;
}

Result<void> WriteFileAtomically(const fs::path& path, std::string_view content) {
  AtomicFile file(path);
  file.stream().write(content.data(), static_cast<std::streamsize>(content.size()));
  return file.Commit();
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)) {
  std::error_code ignored;  // a missing folder shows when the file is opened
  if (path_.has_parent_path()) fs::create_directories(path_.parent_path(), ignored);
  temporary_ = path_;
  temporary_ += ".tmp." + std::to_string(::getpid());
  stream_.open(temporary_, std::ios::binary | std::ios::trunc);
}

AtomicFile::~AtomicFile() {
  if (temporary_.empty()) return;
  stream_.close();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

Result<void> AtomicFile::Commit() {
  stream_.flush();
  const bool good = stream_.good();
  stream_.close();
  if (!good || stream_.fail()) return FileError(path_.string(), "cannot be written");
  std::error_code error;
  fs::rename(temporary_, path_, error);
  if (error) return FileError(path_.string(), "cannot be written: " + error.message());
  temporary_.clear();
  return {};
}

}  // namespace switchyard
