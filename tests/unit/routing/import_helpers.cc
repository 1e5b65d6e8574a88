#include "tests/unit/routing/import_helpers.h"

#include <gtest/gtest.h>
#include <zip.h>

#include <algorithm>
#include <cstring>

#include "sim/routing/trace/npy.h"

namespace switchyard::testing {

Result<RouterTrace> ImportText(const std::string& bytes, const ImportOptions& options,
                               const std::string& file) {
  return ImportTrace(ImportFile{file, bytes}, options);
}

std::string Messages(const Result<RouterTrace>& trace) {
  if (trace.ok()) return "accepted";
  std::string all = ToString(trace.errors());
  all.pop_back();
  return all;
}

std::string FormatOf(const std::string& bytes) {
  std::string names;
  int count = 0;
  for (const TraceImporter& importer : TraceImporters()) {
    if (!importer.recognizes({"x", bytes})) continue;
    names += importer.name;
    ++count;
  }
  return count == 1 ? names : "";
}

std::vector<int> Choices(const RouterTrace& trace, std::uint32_t layer) {
  std::vector<int> choices;
  for (const ExpertIndex e : trace.experts.at(layer)) choices.push_back(e == kNoExpert ? -1 : e);
  return choices;
}

bool Warned(const RouterTrace& trace, const std::string& words) {
  return std::any_of(trace.warnings.begin(), trace.warnings.end(), [&](const std::string& warning) {
    return warning.find(words) != std::string::npos;
  });
}

std::string Zip(const std::vector<std::pair<std::string, std::string>>& entries, bool compress) {
  zip_error_t error;
  zip_source_t* out = zip_source_buffer_create(nullptr, 0, 0, &error);
  zip_source_keep(out);
  zip_t* archive = zip_open_from_source(out, ZIP_TRUNCATE, &error);
  for (const auto& [name, bytes] : entries) {
    zip_source_t* from = zip_source_buffer(archive, bytes.data(), bytes.size(), 0);
    const zip_int64_t index = zip_file_add(archive, name.c_str(), from, 0);
    EXPECT_GE(index, 0);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index),
                             compress ? ZIP_CM_DEFLATE : ZIP_CM_STORE, 0);
  }
  EXPECT_EQ(zip_close(archive), 0);
  zip_source_open(out);
  zip_source_seek(out, 0, SEEK_END);
  std::string zip(static_cast<std::size_t>(zip_source_tell(out)), '\0');
  zip_source_seek(out, 0, SEEK_SET);
  zip_source_read(out, zip.data(), zip.size());
  zip_source_close(out);
  zip_source_free(out);
  return zip;
}

std::string Npy16(const std::vector<std::uint64_t>& shape, const std::vector<int>& values) {
  std::string data;
  for (const int value : values) {
    const auto narrow = static_cast<std::int16_t>(value);
    data.append(reinterpret_cast<const char*>(&narrow), sizeof(narrow));
  }
  return FormatNpy({NpyType::kI2, shape, data});
}

std::string Base64(const std::string& bytes) {
  constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t held = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      held = held << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0U);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      text += i + j > bytes.size() ? '=' : kDigits[held >> (18 - 6 * j) & 63];
    }
  }
  return text;
}

std::string Raw32(const std::vector<int>& values) {
  std::string bytes;
  for (const std::int32_t value : values) {
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return bytes;
}

}  // namespace switchyard::testing
