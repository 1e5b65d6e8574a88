// Every format that can be imported, one line each. The order matters only for what people read.
#include <fmt/format.h>

#include <algorithm>

#include "sim/base/file.h"
#include "sim/routing/trace/import/importers.h"

namespace switchyard {
namespace {

const TraceImporter kImporters[] = {
    VllmNpzImporter(),       RoutedExpertsImporter(), SglangRecorderImporter(),
    TorchFileImporter(),     CountsJsonImporter(),    CountsCsvImporter(),
    LlamaMoeTraceImporter(), MoeBalanceImporter(),    MegatronImporter(),
};

std::vector<std::string> Names() {
  std::vector<std::string> names;
  for (const TraceImporter& importer : kImporters) names.emplace_back(importer.name);
  return names;
}

Result<const TraceImporter*> Find(const ImportFile& file, const std::string& format) {
  for (const TraceImporter& importer : kImporters) {
    if (format.empty() ? importer.recognizes(file) : importer.name == format) return &importer;
  }
  if (!format.empty()) {
    return Problem("no trace format '" + format + "'" + Suggestion(format, Names()));
  }
  return FileError(file.name,
                   fmt::format("is in no format that is recognised by its content; name one with "
                               "--format: {}",
                               fmt::join(Names(), ", ")));
}

}  // namespace

std::span<const TraceImporter> TraceImporters() { return kImporters; }

Result<const TraceImporter*> ChooseImporter(const ImportFile& file, const ImportOptions& options,
                                            const std::string& format) {
  Result<const TraceImporter*> found = Find(file, format);
  if (!found.ok()) return found;
  const TraceImporter& importer = *found.value();
  Diagnostics errors;
  const auto refuse = [&](std::string_view option, bool given, unsigned bit) {
    if (!given || (importer.options & bit) != 0) return;
    errors.push_back(
        Problem(fmt::format("{}: format {} has no use for it", option, importer.name)));
  };
  refuse("--layers", options.layers.has_value(), kImportLayers);
  refuse("--top-k", options.top_k.has_value(), kImportTopK);
  refuse("--first-layer", options.first_layer.has_value(), kImportFirstLayer);
  refuse("--tokens", options.tokens.has_value(), kImportTokens);
  refuse("--seed", options.seed.has_value(), kImportTokens);
  if (!errors.empty()) return errors;
  return found;
}

Result<RouterTrace> ImportTrace(const ImportFile& file, const ImportOptions& options,
                                const std::string& format) {
  const Result<const TraceImporter*> importer = ChooseImporter(file, options, format);
  if (!importer.ok()) return importer.errors();
  return importer.value()->import(file, options);
}

Result<RouterTrace> ImportTrace(const std::filesystem::path& path, const ImportOptions& options,
                                const std::string& format) {
  constexpr std::size_t kMaxFile = std::size_t{4} << 30;
  const Result<std::string> bytes = ReadFile(path, std::min(kMaxFile, options.max_bytes));
  if (!bytes.ok()) return bytes.errors();
  return ImportTrace(ImportFile{path.string(), bytes.value()}, options, format);
}

}  // namespace switchyard
