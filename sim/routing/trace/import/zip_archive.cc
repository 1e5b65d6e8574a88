#include "sim/routing/trace/import/zip_archive.h"

#include <fmt/format.h>
#include <zip.h>

#include <memory>

namespace switchyard {
namespace {

constexpr std::string_view kLocalHeader = "PK\x03\x04";
constexpr zip_int64_t kMaxEntries = 65536;

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
using Archive = std::unique_ptr<zip_t, CloseArchive>;
struct CloseEntry {
  void operator()(zip_file_t* file) const { zip_fclose(file); }
};
using Entry = std::unique_ptr<zip_file_t, CloseEntry>;

std::string TextOf(zip_error_t& error) {
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

Result<Archive> Open(const ImportFile& file) {
  zip_error_t error;
  zip_error_init(&error);
  zip_source_t* source = zip_source_buffer_create(file.bytes.data(), file.bytes.size(), 0, &error);
  if (source == nullptr) {
    return FileError(file.name, "cannot be read as a zip archive: " + TextOf(error));
  }
  Archive archive(zip_open_from_source(source, ZIP_RDONLY, &error));
  if (archive == nullptr) {
    zip_source_free(source);
    return FileError(file.name, "cannot be read as a zip archive: " + TextOf(error));
  }
  zip_error_fini(&error);
  const zip_int64_t entries = zip_get_num_entries(archive.get(), 0);
  if (entries > kMaxEntries) {
    return FileError(file.name, fmt::format("a zip archive of {} entries; at most {} are read",
                                            entries, kMaxEntries));
  }
  return archive;
}

std::string NameOf(zip_t* archive, zip_int64_t index) {
  const char* name = zip_get_name(archive, static_cast<zip_uint64_t>(index), ZIP_FL_ENC_GUESS);
  return name == nullptr ? "" : name;
}

// What all entries share: a buffer, and the bytes that they may still unpack to.
struct Unpacking {
  std::string buffer;
  std::size_t left = 0;
  bool too_much = false;
};

// Unpacks an entry within what is left; returns what is wrong, or "".
std::string Unpack(zip_t* archive, zip_int64_t index, Unpacking& unpacking, std::string& bytes) {
  std::string& buffer = unpacking.buffer;
  const Entry entry(zip_fopen_index(archive, static_cast<zip_uint64_t>(index), 0));
  if (entry == nullptr) return zip_error_strerror(zip_get_error(archive));
  for (;;) {
    const zip_int64_t got = zip_fread(entry.get(), buffer.data(), buffer.size());
    if (got < 0) return zip_error_strerror(zip_file_get_error(entry.get()));
    if (got == 0) return "";
    unpacking.too_much = static_cast<std::size_t>(got) > unpacking.left;
    if (unpacking.too_much) return "unpacks to more than is allowed";
    unpacking.left -= static_cast<std::size_t>(got);
    bytes.append(buffer, 0, static_cast<std::size_t>(got));
  }
}

}  // namespace

Result<std::vector<ZipEntry>> ReadZip(const ImportFile& file, std::size_t max_bytes,
                                      const std::function<bool(std::string_view)>& wanted) {
  Result<Archive> archive = Open(file);
  if (!archive.ok()) return archive.errors();
  zip_t* const zip = archive.value().get();
  std::vector<ZipEntry> entries;
  constexpr std::size_t kStep = std::size_t{1} << 20;
  Unpacking unpacking{std::string(kStep, '\0'), max_bytes};
  Diagnostics errors;
  for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0) && !unpacking.too_much; ++i) {
    ZipEntry entry{NameOf(zip, i), {}};
    if (!wanted(entry.name)) continue;
    const std::string error = Unpack(zip, i, unpacking, entry.bytes);
    if (!error.empty()) errors.push_back(FileError(file.name + "/" + entry.name, error));
    entries.push_back(std::move(entry));
  }
  if (!errors.empty()) return errors;
  return entries;
}

bool IsZipWith(const ImportFile& file, std::string_view suffix) {
  if (!file.bytes.starts_with(kLocalHeader)) return false;
  const Result<Archive> archive = Open(file);
  if (!archive.ok()) return false;
  zip_t* const zip = archive.value().get();
  for (zip_int64_t i = 0; i < zip_get_num_entries(zip, 0); ++i) {
    if (NameOf(zip, i).ends_with(suffix)) return true;
  }
  return false;
}

}  // namespace switchyard
