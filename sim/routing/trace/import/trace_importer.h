// Router decisions that other tools have written, as a RouterTrace. The door to this folder.
//
//   ImportOptions options;
//   options.top_k = 8;                                    // what the file cannot say
//   Result<RouterTrace> trace = ImportTrace("routed.npz", options);
//   trace.value().warnings                                // what was assumed or left out
//
// A format is one file of this folder and one line of the table in registry.cc. The contract of
// TraceImporter::import: a trace that SaveTrace can write, or everything that is wrong with the
// file at once, with line and column where it is text and a path into it ("records[3].positions");
// ids of padding and of tokens that were not recorded are kNoExpert, not expert 0 (a row of zeros
// that could be either is taken as not recorded when it is so in every layer, and said); what is
// assumed is said in RouterTrace::warnings and in its note "import.assumed"; nothing is drawn at
// random except from counts, and then the origin is kFitted. Any bytes may be given: memory stays
// below a multiple of the file's size and of max_bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "sim/base/result.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

// What files may leave open. An option that a format has no use for is refused.
struct ImportOptions {
  std::optional<std::uint32_t> experts;      // of the model; absent: the file's, or largest id + 1
  std::optional<std::uint32_t> layers;       // of an array without a shape
  std::optional<std::uint32_t> top_k;        // of an array without a shape; of counts and plain CSV
  std::optional<std::uint32_t> first_layer;  // index in the model of an array's layer 0; absent: 0
  std::optional<std::uint32_t> tokens;       // to draw from counts; absent: as many as were counted
  std::optional<std::uint64_t> seed;         // of the draw; absent: 1
  std::size_t max_bytes = std::size_t{8} << 30;  // of the trace; 1/4: what a zip unpacks to
};

struct ImportFile {
  std::string name;  // stands for the file in messages
  std::string_view bytes;
};

// Bits of TraceImporter::options.
inline constexpr unsigned kImportLayers = 1;
inline constexpr unsigned kImportTopK = 2;
inline constexpr unsigned kImportFirstLayer = 4;
inline constexpr unsigned kImportTokens = 8;  // with the seed

struct TraceImporter {
  std::string_view name;     // for --format
  std::string_view summary;  // one line: who writes it, what it holds
  unsigned options = 0;      // those it uses besides `experts`
  // Whether the content looks like this format; cheap, and true for at most one of the table.
  bool (*recognizes)(const ImportFile& file) = nullptr;
  Result<RouterTrace> (*import)(const ImportFile& file, const ImportOptions& options) = nullptr;
};

[[nodiscard]] std::span<const TraceImporter> TraceImporters();

// The importer of that name, or the one that recognises the content where `format` is empty.
// Errors: unknown name, unknown content, options that the format has no use for.
[[nodiscard]] Result<const TraceImporter*> ChooseImporter(const ImportFile& file,
                                                          const ImportOptions& options,
                                                          const std::string& format = "");

[[nodiscard]] Result<RouterTrace> ImportTrace(const ImportFile& file, const ImportOptions& options,
                                              const std::string& format = "");
[[nodiscard]] Result<RouterTrace> ImportTrace(const std::filesystem::path& path,
                                              const ImportOptions& options,
                                              const std::string& format = "");

}  // namespace switchyard
