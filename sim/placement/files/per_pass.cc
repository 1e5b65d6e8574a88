// SGLang's recorder in mode per_pass: one record for each forward pass of each rank, with
// global_physical_count [layers, physical experts]. last_physical_to_logical_map says which expert
// each of them is; records of one forward_pass_id are added up. Source: sglang
// python/sglang/srt/eplb/expert_distribution.py (_DetailAccumulator, _SinglePassGatherer).
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "sim/placement/files/load_readers.h"
#include "sim/routing/trace/import/shown_layers.h"

namespace switchyard {
namespace {

constexpr std::string_view kCounts = "global_physical_count";
constexpr std::string_view kMap = "last_physical_to_logical_map";

// [layers, physical experts]; absent, with an error, when it is not there or has another shape.
std::optional<IntegerTensor> ReadPhysicalMap(const DataNode& root, ImportLog& log) {
  const DataNode* node = FindMember(root, kMap);
  const std::string path(kMap);
  if (node == nullptr) {
    log.Error({root.offset, path}, "is missing: counts of physical experts say nothing without it");
    return std::nullopt;
  }
  std::optional<IntegerTensor> map = ReadIntegers(*node, path, log);
  if (map && map->shape.size() != 2) {
    log.Error(
        {node->offset, path},
        fmt::format("has {} dimensions; expected [layers, physical experts]", map->shape.size()));
    return std::nullopt;
  }
  return map;
}

class Reader {
 public:
  Reader(const PlacementFileContext& context, CountTable& table, ImportLog& log)
      : context_(context), table_(table), log_(log) {}

  void Read(const DataNode& root) {
    const DataNode& records = *FindMember(root, "records");
    const auto* list = std::get_if<DataList>(&records.data);
    if (list == nullptr) {
      log_.Error({records.offset, "records"},
                 "expected the records of forward passes, found " + Describe(records));
      return;
    }
    if (!ReadMap(root) || !table_.CheckSize(list->size(), {records.offset, "records"})) return;
    for (std::size_t i = 0; i < list->size(); ++i) {
      Take((*list)[i], fmt::format("records[{}]", i));
    }
    if (log_.ok()) GiveWindows();
  }

 private:
  bool ReadMap(const DataNode& root) {
    std::optional<IntegerTensor> map = ReadPhysicalMap(root, log_);
    if (!map) return false;
    map_ = std::move(*map);
    const ImportPlace place{FindMember(root, kMap)->offset, std::string(kMap)};
    const bool known = table_.BeginRows(map_.shape[0], place);
    CheckExperts(map_.values, context_, place, log_);
    return known && log_.ok();
  }

  void Take(const DataNode& record, const std::string& path) {
    const DataNode* counts = FindMember(record, kCounts);
    const std::string at = path + "." + std::string(kCounts);
    if (counts == nullptr) {
      const bool choices = FindMember(record, "topk_ids_of_layer") != nullptr;
      log_.Error({record.offset, at},
                 choices ? "is missing: the dump holds router decisions (mode per_token), which "
                           "'trace convert' makes a trace of"
                         : "is missing");
      return;
    }
    const auto pass = ReadInteger(record, {"forward_pass_id", true, 0}, path, log_);
    const auto rank = ReadInteger(record, {"rank", false, 0}, path, log_);
    if (rank) ranks_.insert(*rank);
    const std::optional<IntegerTensor> tensor = ReadIntegers(*counts, at, log_);
    if (!pass || !tensor) return;
    if (tensor->shape != map_.shape) {
      log_.Error({counts->offset, at}, fmt::format("has not the shape of {}, [{}, {}]", kMap,
                                                   map_.shape[0], map_.shape[1]));
      return;
    }
    Add(Window(*pass), *tensor, {counts->offset, at});
  }

  std::vector<double>& Window(std::int64_t pass) {
    const auto [found, made] = pass_index_.try_emplace(pass, windows_.size());
    if (made) windows_.emplace_back(map_.shape[0] * context_.experts);
    return windows_[found->second];
  }

  // window[layers * experts]
  void Add(std::vector<double>& window, const IntegerTensor& counts, const ImportPlace& place) {
    const std::size_t physical = map_.shape[1];
    for (std::size_t i = 0; i < counts.values.size(); ++i) {
      const std::int64_t count = counts.values[i];
      if (count < 0) {
        log_.Error(place, fmt::format("physical expert {} of row {} has count {}; allowed: 0 and "
                                      "more",
                                      i % physical, i / physical, count));
        return;
      }
      const auto expert = static_cast<std::size_t>(map_.values[i]);
      window[i / physical * context_.experts + expert] += static_cast<double>(count);
    }
  }

  void GiveWindows() {
    const std::size_t experts = context_.experts;
    for (const std::vector<double>& window : windows_) {
      for (std::size_t l = 0; l < map_.shape[0]; ++l) {
        table_.SetRow(l, std::span(window).subspan(l * experts, experts),
                      {{}, fmt::format("records, layer {}", table_.layers()[l])});
      }
      table_.EndWindow();
    }
    log_.Warn(
        fmt::format("{} is taken to hold for all records; it is the map at the time of the "
                    "dump",
                    kMap));
    if (ranks_.size() == 1) {
      log_.Warn(
          fmt::format("the counts are those of rank {} alone: every rank dumps a file of "
                      "its own in mode per_pass; mode stat adds them up",
                      *ranks_.begin()));
    }
    WarnOfUnseen();
  }

  // A rank that counts what it receives sees the experts that it holds, and no others.
  void WarnOfUnseen() {
    std::vector<bool> seen(context_.experts);
    for (const std::vector<double>& window : windows_) {
      for (std::size_t i = 0; i < window.size(); ++i) {
        if (window[i] > 0) seen[i % context_.experts] = true;
      }
    }
    std::vector<std::uint32_t> unseen;
    for (std::uint32_t e = 0; e < context_.experts; ++e) {
      if (!seen[e]) unseen.push_back(e);
    }
    if (unseen.empty()) return;
    log_.Warn(
        fmt::format("the experts {} were chosen in no layer at all: a rank that counts what "
                    "it receives sees its own experts alone",
                    ShownLayers(unseen)));
  }

  const PlacementFileContext& context_;
  CountTable& table_;
  ImportLog& log_;
  IntegerTensor map_;
  std::map<std::int64_t, std::size_t> pass_index_;  // of windows_, by forward_pass_id
  std::vector<std::vector<double>> windows_;        // [passes][layers * experts]
  std::set<std::int64_t> ranks_;
};

}  // namespace

std::optional<LoadsExtent> ShapeOfRecords(const DataNode& root, ImportLog& log) {
  const std::optional<IntegerTensor> map = ReadPhysicalMap(root, log);
  if (!map) return std::nullopt;
  // Every expert of a model has a slot.
  std::int64_t last = -1;
  for (const std::int64_t expert : map->values) last = std::max(last, expert);
  return LoadsExtent{map->shape[0], static_cast<std::uint64_t>(last) + 1};
}

void ReadRecords(const DataNode& root, const PlacementFileContext& context, CountTable& table,
                 ImportLog& log) {
  Reader(context, table, log).Read(root);
}

}  // namespace switchyard
