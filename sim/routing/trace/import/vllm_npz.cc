// vLLM's routed experts as people save them: numpy.savez of CompletionOutput.routed_experts, one
// array [tokens, layers, top_k] per request (int16; int32 before v0.21).
// Source: vllm pull request 28284 and docs.vllm.ai/en/v0.21.0/training/routed_experts_replay.
#include <fmt/format.h>

#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/import/npy_cube.h"
#include "sim/routing/trace/import/zip_archive.h"
#include "sim/routing/trace/npy.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "vllm_npz";
constexpr std::string_view kSuffix = ".npy";

bool Recognizes(const ImportFile& file) { return IsZipWith(file, kSuffix); }

// Prompts, token ids and the like lie beside the choices: arrays of other dimensions.
bool HasThreeDimensions(const ZipEntry& entry) {
  const auto shape = NpyShape(entry.bytes, entry.name);
  return !shape.ok() || shape.value().size() == 3;
}

class Reader {
 public:
  Reader(const ImportFile& file, const ImportOptions& options)
      : options_(options), log_(file), table_(options, log_) {}

  Result<RouterTrace> Read(const std::vector<ZipEntry>& entries) && {
    const std::size_t step = table_.Step(0, TracePhase::kMixed);
    for (const ZipEntry& entry : entries) {
      const std::string name = entry.name.substr(0, entry.name.size() - kSuffix.size());
      if (HasThreeDimensions(entry)) {
        Add(step, name, entry.bytes);
      } else {
        log_.Warn(fmt::format("array '{}' is not [tokens, layers, top_k]: left out", Shown(name)));
      }
    }
    if (arrays_ == 0) log_.Error({}, "holds no array [tokens, layers, top_k]");
    if (!options_.first_layer) {
      log_.Warn("layer 0 of the arrays is taken to be layer 0 of the model: --first-layer says it");
    }
    return std::move(table_).Finish(kName);
  }

 private:
  void Add(std::size_t step, const std::string& name, const std::string& bytes) {
    const ImportPlace place{{}, Shown(name)};
    const std::optional<IdCube> cube = CubeFromNpy(bytes, {place.path, options_.max_bytes}, log_);
    ++arrays_;
    if (!cube) return;
    if (layers_ == 0) {
      layers_ = cube->layers;
      width_ = cube->width;
    }
    if (cube->layers != layers_ || cube->width != width_) {
      log_.Error(place, fmt::format("has {} layers and {} choices; the arrays before it have {} "
                                    "and {}",
                                    cube->layers, cube->width, layers_, width_));
      return;
    }
    table_.AppendCube(step, cube->View(), place);
    table_.AddRun(step, {sequence_++, static_cast<std::uint32_t>(cube->tokens), 0});
  }

  ImportOptions options_;
  ImportLog log_;
  StepTable table_;
  std::size_t arrays_ = 0;
  std::size_t layers_ = 0;
  std::size_t width_ = 0;
  std::uint32_t sequence_ = 0;
};

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  const auto entries = ReadZip(file, options.max_bytes / kUnpackedShare,
                               [](std::string_view name) { return name.ends_with(kSuffix); });
  if (!entries.ok()) return entries.errors();
  return Reader(file, options).Read(entries.value());
}

}  // namespace

TraceImporter VllmNpzImporter() {
  return {kName,
          "vLLM routed_experts saved with numpy.savez: one [tokens, layers, top_k] a request",
          kImportFirstLayer, Recognizes, Import};
}

}  // namespace switchyard
