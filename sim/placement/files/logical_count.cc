// SGLang: logical_count [layers, experts] or [windows, layers, experts], as its recorder dumps it
// in modes stat and stat_approx (a circular buffer of windows, zero where it was not used yet) and
// as --init-expert-location takes it. Source: sglang python/sglang/srt/eplb/expert_distribution.py
// (_StatAccumulator), expert_location.py (init_by_eplb).
#include <fmt/format.h>

#include "sim/placement/files/load_readers.h"

namespace switchyard {
namespace {

constexpr std::string_view kKey = "logical_count";

// A list of lists, or an error.
const DataList* Rows(const DataNode& node, const std::string& path, ImportLog& log) {
  const auto* list = std::get_if<DataList>(&node.data);
  if (list == nullptr) {
    log.Error(
        {node.offset, path},
        "expected counts [layers, experts] or [windows, layers, experts], found " + Describe(node));
  }
  return list;
}

void ReadWindow(const DataNode& node, const std::string& path, CountTable& table, ImportLog& log) {
  const DataList* rows = Rows(node, path, log);
  if (rows == nullptr || !table.BeginRows(rows->size(), {node.offset, path})) return;
  for (std::size_t r = 0; r < rows->size(); ++r) {
    const std::string at = fmt::format("{}[{}]", path, r);
    const std::optional<NumberList> counts = ReadNumbers((*rows)[r], at, log);
    if (counts) table.SetRow(r, *counts, {(*rows)[r].offset, at});
  }
  table.EndWindow();
}

}  // namespace

std::optional<LoadsExtent> ShapeOfLogicalCount(const DataNode& counts, ImportLog& log) {
  const std::string path(kKey);
  const DataList* rows = Rows(counts, path, log);
  const bool windows = rows != nullptr && std::holds_alternative<DataList>(rows->front().data);
  if (windows) rows = &std::get<DataList>(rows->front().data);
  if (rows == nullptr) return std::nullopt;
  const std::string at = path + (windows ? "[0][0]" : "[0]");
  const std::optional<NumberList> first = ReadNumbers(rows->front(), at, log);
  if (!first) return std::nullopt;
  return LoadsExtent{rows->size(), first->size()};
}

void ReadLogicalCount(const DataNode& counts, CountTable& table, ImportLog& log) {
  const std::string path(kKey);
  const DataList* list = Rows(counts, path, log);
  if (list == nullptr) return;
  // An item is a layer's counts, or a window's list of layers.
  if (!std::holds_alternative<DataList>(list->front().data)) {
    return ReadWindow(counts, path, table, log);
  }
  if (!table.CheckSize(list->size(), {counts.offset, path})) return;
  for (std::size_t w = 0; w < list->size(); ++w) {
    ReadWindow((*list)[w], fmt::format("{}[{}]", path, w), table, log);
  }
}

}  // namespace switchyard
