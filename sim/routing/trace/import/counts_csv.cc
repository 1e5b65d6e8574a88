// Expert counts as CSV: layer_id,expert_id,count, as SGLang's recorder wrote them before it wrote
// .pt files, one file a rank. The ranks' counts differ and are not added up here (sglang#5275).
// Source: sglang python/sglang/srt/managers/expert_distribution.py of April 2025.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "sim/routing/trace/import/csv_rows.h"
#include "sim/routing/trace/import/expert_counts.h"
#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/trace_detail.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "counts_csv";
const std::vector<std::string_view>& Header() {
  static const std::vector<std::string_view> kNames = {"layer_id", "expert_id", "count"};
  return kNames;
}

bool Recognizes(const ImportFile& file) { return CsvHeaderIs(file.bytes, Header()); }

// A field as a number from 0 to `most`; absent with an error.
std::optional<std::int64_t> Number(const CsvRow& row, std::size_t column, std::int64_t most,
                                   ImportLog& log) {
  const CsvField& field = row.fields[column];
  const auto value = WholeNumber(field.text);
  if (value && *value >= 0 && *value <= most) return value;
  log.ErrorAt(
      field.offset, std::string(Header()[column]),
      fmt::format("expected a whole number from 0 to {}, found '{}'", most, Shown(field.text)));
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(ImportLog& log) : log_(log) {}

  void Take(const CsvRow& row) {
    if (HasFields(row, Header())) return;  // also of files put behind one another
    if (row.fields.size() != Header().size()) {
      log_.ErrorAt(row.offset, "",
                   fmt::format("{} fields; expected layer_id,expert_id,count", row.fields.size()));
      return;
    }
    constexpr std::int64_t kMostLayer = 1 << 20;
    constexpr std::int64_t kMostCount = std::int64_t{1} << 46;
    const auto layer = Number(row, 0, kMostLayer, log_);
    const auto expert = Number(row, 1, kMaxTraceExperts - 1, log_);
    const auto count = Number(row, 2, kMostCount, log_);
    if (!layer || !expert || !count) return;
    const auto added = layers_[static_cast<std::uint32_t>(*layer)].try_emplace(
        static_cast<std::size_t>(*expert), static_cast<std::uint64_t>(*count));
    if (added.second) {
      experts_ = std::max(experts_, static_cast<std::size_t>(*expert) + 1);
      return;
    }
    log_.ErrorAt(row.offset, "",
                 fmt::format("expert {} of layer {} is counted twice; files of several ranks are "
                             "converted one by one",
                             *expert, *layer));
  }

  Result<RouterTrace> Finish(const ImportOptions& options) {
    const std::size_t experts =
        std::max<std::size_t>(experts_, std::min(options.experts.value_or(0), kMaxTraceExperts));
    if (layers_.size() > kMaxTraceLayers ||
        layers_.size() * experts > options.max_bytes / sizeof(std::uint64_t)) {
      log_.Error({}, fmt::format("{} layers of {} experts are more than is read", layers_.size(),
                                 experts));
      return log_.errors();
    }
    if (!options.experts) {
      log_.Warn(
          fmt::format("the number of experts is taken to be {}, the largest id plus one: "
                      "--experts says it",
                      experts));
    }
    CountedStep step;
    for (const auto& [layer, counts] : layers_) {
      LayerCounts& to = step.layers.emplace_back(LayerCounts{layer, {}});
      to.counts.resize(experts, 0);
      for (const auto& [expert, count] : counts) to.counts[expert] = count;
    }
    Result<RouterTrace> trace = DrawFromCounts({step}, options, log_, kName);
    if (trace.ok() && !options.experts) {
      trace.value().experts_inferred = true;
      trace.value().notes[kNoteExperts] = kInferred;
    }
    return trace;
  }

 private:
  ImportLog& log_;
  std::map<std::uint32_t, std::map<std::size_t, std::uint64_t>> layers_;
  std::size_t experts_ = 0;
};

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  ImportLog log(file);
  Reader reader(log);
  ForEachCsvRow(file.bytes, [&](const CsvRow& row) { reader.Take(row); });
  return reader.Finish(options);
}

}  // namespace

TraceImporter CountsCsvImporter() {
  return {kName, "expert counts, CSV layer_id,expert_id,count (SGLang, vLLM)",
          kImportTopK | kImportTokens, Recognizes, Import};
}

}  // namespace switchyard
