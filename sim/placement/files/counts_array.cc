// Counts as an array [layers, experts] or [windows, layers, experts] of any number type, and as CSV
// layer_id,expert_id,count (SGLang's recorder before it wrote .pt files, one file a rank).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/placement/files/load_readers.h"
#include "sim/routing/trace/import/csv_rows.h"
#include "sim/routing/trace/npy.h"

namespace switchyard {
namespace {

const std::vector<std::string_view>& Header() {
  static const std::vector<std::string_view> kNames = {"layer_id", "expert_id", "count"};
  return kNames;
}

struct Count {
  std::size_t layer = 0;
  std::size_t expert = 0;
  double count = 0;
};
// How many layers and experts there may be.
struct CountLimits {
  std::int64_t layers = 0;
  std::int64_t experts = 0;
};

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

// Absent for a header, which is also between files put behind one another; else with an error.
std::optional<Count> CountOf(const CsvRow& row, const CountLimits& limits, ImportLog& log) {
  if (HasFields(row, Header())) return std::nullopt;
  if (row.fields.size() != Header().size()) {
    log.ErrorAt(row.offset, "",
                fmt::format("{} fields; expected layer_id,expert_id,count", row.fields.size()));
    return std::nullopt;
  }
  const auto layer = Number(row, 0, limits.layers - 1, log);
  const auto expert = Number(row, 1, limits.experts - 1, log);
  const auto count = Number(row, 2, std::int64_t{1} << 46, log);
  if (!layer || !expert || !count) return std::nullopt;
  return Count{static_cast<std::size_t>(*layer), static_cast<std::size_t>(*expert),
               static_cast<double>(*count)};
}

class CsvReader {
 public:
  CsvReader(const PlacementFileContext& context, CountTable& table, ImportLog& log)
      : context_(context), table_(table), log_(log) {}

  void Take(const CsvRow& row) {
    const auto read = CountOf(row, {context_.num_layers, context_.experts}, log_);
    if (!read) return;
    std::vector<double>& counts =
        rows_.try_emplace(static_cast<std::uint32_t>(read->layer), context_.experts, -1)
            .first->second;
    double& entry = counts[read->expert];
    if (entry >= 0) {
      log_.ErrorAt(row.offset, "",
                   fmt::format("expert {} of layer {} is counted twice; files of several ranks "
                               "are added up before",
                               read->expert, read->layer));
    }
    entry = read->count;
  }

  void Finish() {
    if (rows_.empty()) return log_.Error({}, "holds no counts");
    const bool ordinals = AreOrdinals();
    if (!table_.BeginRows(ordinals ? context_.moe_layers.size() : context_.num_layers, {})) return;
    for (auto& [layer, counts] : rows_) {
      std::replace(counts.begin(), counts.end(), -1.0, 0.0);  // not named: never chosen
      table_.SetRow(layer, counts, {{}, fmt::format("layer {}", layer)});
    }
    table_.EndWindow();
  }

 private:
  // 0, 1, ... up to the number of MoE layers, in a model with dense layers.
  bool AreOrdinals() {
    const std::size_t layers = context_.moe_layers.size();
    const bool all = rows_.size() == layers && rows_.rbegin()->first + 1 == layers;
    if (!all || layers == context_.num_layers) return false;
    log_.Warn(fmt::format("layers 0 to {} are taken to be the model's MoE layers, {} to {}",
                          layers - 1, context_.moe_layers.front(), context_.moe_layers.back()));
    return true;
  }

  const PlacementFileContext& context_;
  CountTable& table_;
  ImportLog& log_;
  std::map<std::uint32_t, std::vector<double>> rows_;  // -1: not named
};

}  // namespace

std::optional<LoadsExtent> ShapeOfCountsNpy(std::string_view bytes, ImportLog& log) {
  const Result<std::vector<std::uint64_t>> read = NpyShape(bytes, log.file());
  if (!read.ok()) {
    log.Error({}, read.errors().front().message);
    return std::nullopt;
  }
  const auto& shape = read.value();
  if (shape.size() != 2 && shape.size() != 3) {
    log.Error({}, fmt::format("has {} dimensions; counts are [layers, experts] or [windows, "
                              "layers, experts]",
                              shape.size()));
    return std::nullopt;
  }
  return LoadsExtent{shape[shape.size() - 2], shape.back()};
}

void ReadCountsNpy(std::string_view bytes, CountTable& table, ImportLog& log) {
  const std::optional<LoadsExtent> extent = ShapeOfCountsNpy(bytes, log);
  if (!extent) return;
  const Result<NpyArray> read = ParseNpy(bytes, log.file());
  if (!read.ok()) return log.Error({}, read.errors().front().message);
  const NpyArray& array = read.value();
  const auto& shape = array.shape;
  const std::uint64_t windows = shape.size() == 3 ? shape.front() : 1;
  const auto [layers, experts] = *extent;
  if (!table.CheckSize(windows, {}) || !table.BeginRows(layers, {})) return;
  std::vector<double> counts(array.size() == 0 ? 0 : experts);
  for (std::uint64_t w = 0; w < windows && log.ok(); ++w) {
    for (std::uint64_t l = 0; l < layers; ++l) {
      for (std::uint64_t e = 0; e < counts.size(); ++e) {
        counts[e] = array.Number((w * layers + l) * experts + e);
      }
      table.SetRow(l, counts, {{}, fmt::format("[{}, {}]", w, l)});
    }
    table.EndWindow();
  }
}

bool IsCountsCsv(std::string_view text) { return CsvHeaderIs(text, Header()); }

std::optional<LoadsExtent> ShapeOfCountsCsv(std::string_view text, ImportLog& log) {
  LoadsExtent extent;
  ForEachCsvRow(text, [&](const CsvRow& row) {
    const auto read = CountOf(row, {kMaxLoadsLayers, kMaxLoadsExperts}, log);
    if (!read) return;
    extent.layers = std::max<std::uint64_t>(extent.layers, read->layer + 1);
    extent.experts = std::max<std::uint64_t>(extent.experts, read->expert + 1);
  });
  if (log.ok() && extent.layers == 0) log.Error({}, "holds no counts");
  if (!log.ok()) return std::nullopt;
  return extent;
}

void ReadCountsCsv(std::string_view text, const PlacementFileContext& context, CountTable& table,
                   ImportLog& log) {
  CsvReader reader(context, table, log);
  ForEachCsvRow(text, [&](const CsvRow& row) { reader.Take(row); });
  if (log.ok()) reader.Finish();
}

}  // namespace switchyard
