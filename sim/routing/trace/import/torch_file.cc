// The .pt files of SGLang's expert distribution recorder: mode stat holds logical_count [steps,
// layers, experts], mode per_token the records of every forward pass.
#include <fmt/format.h>

#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/import/logical_count.h"
#include "sim/routing/trace/import/sglang_recorder.h"
#include "sim/routing/trace/import/torch_pickle.h"
#include "sim/routing/trace/import/zip_archive.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "sglang_pt";

bool Recognizes(const ImportFile& file) { return IsZipWith(file, "/data.pkl"); }

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  ImportLog log(file);
  const auto root = ReadTorchFile(file, options.max_bytes, log);
  if (!root) return log.errors();
  const DataNode* counts = FindMember(*root, "logical_count");
  if (counts != nullptr) return TraceFromLogicalCount(*counts, options, log, kName);
  const bool counted = options.tokens || options.top_k || options.seed;
  if (counted) {
    return Problem("--tokens, --top-k and --seed are for counts, and the file holds choices");
  }
  return TraceFromRecorder(*root, options, log, kName);
}

}  // namespace

TraceImporter TorchFileImporter() {
  return {kName, "SGLang expert distribution recorder, .pt file of mode stat or per_token",
          kImportTopK | kImportTokens | kImportFirstLayer, Recognizes, Import};
}

}  // namespace switchyard
