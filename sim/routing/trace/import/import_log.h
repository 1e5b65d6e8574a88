// What an importer has found wrong with a file, and what it assumed.
//
//   ImportLog log(file);
//   log.ErrorAt(offset, "records[3].positions", "512 positions for 513 tokens");
//   if (!log.ok()) return log.errors();
//
// Of very many errors the first 50 are kept, of warnings 20, and the others counted; the same
// warning is kept once.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sim/base/diagnostics.h"
#include "sim/routing/trace/import/trace_importer.h"

namespace switchyard {

// Where in the file: the offset of a byte in a text, a path of fields, either or both.
struct ImportPlace {
  std::optional<std::size_t> offset;
  std::string path;
};

class ImportLog {
 public:
  // Keeps `file`; its bytes must stay.
  explicit ImportLog(const ImportFile& file) : file_(file) {}

  void Error(const ImportPlace& place, std::string message);
  void ErrorAt(std::size_t offset, std::string path, std::string message) {
    Error({offset, std::move(path)}, std::move(message));
  }
  void Warn(std::string message);

  [[nodiscard]] bool ok() const { return errors_.empty(); }
  [[nodiscard]] const std::string& file() const { return file_.name; }
  [[nodiscard]] Diagnostics errors() const;
  [[nodiscard]] std::vector<std::string> warnings() const;

 private:
  ImportFile file_;
  Diagnostics errors_;
  std::size_t more_errors_ = 0;
  std::vector<std::string> warnings_;
  std::size_t more_warnings_ = 0;
};

// Text of a file as a message may show it: the first 40 bytes, control characters as '?'.
[[nodiscard]] std::string Shown(std::string_view text);

}  // namespace switchyard
