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

fs::path LinkTarget(const fs::path& path) {
  constexpr int kMaxLinks = 40;  // as Linux: longer chains are loops
  std::error_code error;
  fs::path target = path;
  for (int i = 0; i < kMaxLinks && fs::is_symlink(fs::symlink_status(target, error)); ++i) {
    const fs::path next = fs::read_symlink(target, error);
    if (error) break;
    target = target.parent_path() / next;  // an absolute `next` replaces it all
  }
  return target;
}

AtomicFile::AtomicFile(fs::path path) : path_(std::move(path)), target_(path_) {
  std::error_code ignored;  // a missing folder shows when the file is opened
  const fs::file_status status = fs::status(path_, ignored);
  if (fs::exists(status) && !fs::is_regular_file(status) && !fs::is_directory(status)) {
    stream_.open(path_, std::ios::binary);
  } else {
    target_ = LinkTarget(path_);
    if (fs::is_symlink(fs::symlink_status(target_, ignored))) {
      open_error_ = std::strerror(ELOOP);
      return;
    }
    if (target_.has_parent_path()) fs::create_directories(target_.parent_path(), ignored);
    temporary_ = target_;
    temporary_ += ".tmp." + std::to_string(::getpid());
    stream_.open(temporary_, std::ios::binary | std::ios::trunc);
  }
  if (!stream_) {
    open_error_ = std::strerror(errno);
    temporary_.clear();
  }
}

AtomicFile::~AtomicFile() {
  if (temporary_.empty()) return;
  stream_.close();
  std::error_code ignored;
  fs::remove(temporary_, ignored);
}

Diagnostic AtomicFile::CannotWrite(const std::string& reason) const {
  return FileError(path_.string(), "cannot be written" + (reason.empty() ? "" : ": " + reason));
}

Result<void> AtomicFile::Finish() {
  if (!open_error_.empty()) return CannotWrite(open_error_);
  if (stream_.is_open()) {
    stream_.flush();
    const bool good = stream_.good();
    stream_.close();
    if (!good) stream_.setstate(std::ios::badbit);
  }
  if (!stream_) return CannotWrite("");
  return {};
}

Result<void> AtomicFile::Commit() {
  Result<void> finished = Finish();
  if (!finished.ok() || temporary_.empty()) return finished;
  std::error_code error;
  fs::rename(temporary_, target_, error);
  if (error) return CannotWrite(error.message());
  temporary_.clear();
  return {};
}

}  // namespace switchyard
