// Expert counts as JSON: SGLang's recorder in mode stat ({"logical_count": [steps, layers,
// experts]}, also the file that its --init-expert-location takes, with or without the steps), or
// the bare nested list. Dense layers are rows of zeros. Source: sglang
// python/sglang/srt/eplb/expert_distribution.py, expert_location.py.
#include <fmt/format.h>

#include <span>

#include "sim/routing/trace/import/expert_counts.h"
#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/import/json_text.h"
#include "sim/routing/trace/import/logical_count.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "counts_json";
constexpr std::string_view kKey = "logical_count";

bool Recognizes(const ImportFile& file) {
  return LooksLikeJsonWith(file, kKey) && !LooksLikeJsonWith(file, "topk_ids_of_layer");
}

// The counts of one layer.
std::vector<std::uint64_t> ReadCounts(std::span<const std::int64_t> values,
                                      const ImportPlace& place, ImportLog& log) {
  constexpr std::int64_t kMost = std::int64_t{1} << 46;
  std::vector<std::uint64_t> counts;
  counts.reserve(values.size());
  for (const std::int64_t value : values) {
    if (value < 0 || value > kMost) {
      log.Error(place,
                fmt::format("expert {} has count {}; allowed: 0 to 2^46", counts.size(), value));
    }
    counts.push_back(static_cast<std::uint64_t>(value));
  }
  return counts;
}

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  ImportLog log(file);
  const auto node = ParseJsonText(file, 0, file.bytes.size(), log);
  if (!node) return log.errors();
  const DataNode* counts = IsList(*node) ? &*node : FindMember(*node, kKey);
  if (counts == nullptr) {
    return FileError(file.name, "holds no member 'logical_count', and is no list of counts");
  }
  return TraceFromLogicalCount(*counts, options, log, kName);
}

}  // namespace

Result<RouterTrace> TraceFromLogicalCount(const DataNode& node, const ImportOptions& options,
                                          ImportLog& log, std::string_view format) {
  const std::string path(kKey);
  const std::optional<IntegerTensor> tensor = ReadIntegers(node, path, log);
  if (!tensor) return log.errors();
  const auto& shape = tensor->shape;
  if (shape.size() != 2 && shape.size() != 3) {
    log.Error({node.offset, path},
              fmt::format("has {} dimensions; counts are [layers, experts] or [steps, layers, "
                          "experts]",
                          shape.size()));
    return log.errors();
  }
  const std::uint64_t experts = shape.back();
  const std::uint64_t layers = shape[shape.size() - 2];
  std::vector<CountedStep> steps(shape.size() == 3 ? shape.front() : 1);
  const std::span<const std::int64_t> values(tensor->values);
  for (std::size_t s = 0; s < steps.size(); ++s) {
    steps[s].step = s;
    for (std::size_t l = 0; l < layers; ++l) {
      LayerCounts counts{options.first_layer.value_or(0) + static_cast<std::uint32_t>(l), {}};
      const std::string row = fmt::format("{}, step {}, layer {}", path, s, l);
      counts.counts =
          ReadCounts(values.subspan((s * layers + l) * experts, experts), {node.offset, row}, log);
      steps[s].layers.push_back(std::move(counts));
    }
  }
  if (!log.ok()) return log.errors();
  return DrawFromCounts(steps, options, log, format);
}

TraceImporter CountsJsonImporter() {
  return {kName,
          "expert counts, JSON {\"logical_count\": [steps, layers, experts]} (SGLang, mode stat)",
          kImportTopK | kImportTokens | kImportFirstLayer, Recognizes, Import};
}

}  // namespace switchyard
