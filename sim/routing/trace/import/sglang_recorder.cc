// SGLang's expert distribution recorder, --expert-distribution-recorder-mode per_token: one record
// a forward pass with topk_ids_of_layer [layers, tokens, 8] (-1 behind the model's top-k),
// positions and extend_seq_lens. The ids are of physical experts; last_physical_to_logical_map
// [layers, physical experts] turns them into logical ones. The dump is a .pt file; as JSON it is
// what
//   json.dump(torch.load(path), out, default=lambda t: t.tolist())
// writes. The recorder does not write which request a sequence belongs to.
// Source: sglang python/sglang/srt/eplb/expert_distribution.py (_DetailSinglePassGatherer,
// _DetailAccumulator); ForwardMode in model_executor/forward_batch_info.py.
#include "sim/routing/trace/import/sglang_recorder.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/import/json_text.h"
#include "sim/routing/trace/import/step_table.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "sglang_recorder";
constexpr std::string_view kIds = "topk_ids_of_layer";
constexpr std::string_view kMap = "last_physical_to_logical_map";

class Reader {
 public:
  Reader(const ImportOptions& options, ImportLog& log)
      : options_(options), log_(log), table_(options, log) {}

  Result<RouterTrace> Read(const DataNode& root, std::string_view format) && {
    const DataNode* records = FindMember(root, "records");
    if (records == nullptr || !IsList(*records)) {
      log_.Error({root.offset, "records"}, "expected the list of a recorder's dump");
      return log_.errors();
    }
    ReadMap(root);
    if (const auto* list = std::get_if<DataList>(&records->data)) {
      for (std::size_t i = 0; i < list->size(); ++i) {
        Take((*list)[i], fmt::format("records[{}]", i));
      }
    }
    log_.Warn(
        "the recorder keeps no request ids: every part of a sequence that a step computes is "
        "taken to be a sequence of its own");
    if (!options_.first_layer) {
      log_.Warn("layer 0 of the arrays is taken to be layer 0 of the model: --first-layer says it");
    }
    return std::move(table_).Finish(format);
  }

 private:
  void ReadMap(const DataNode& root) {
    const DataNode* map = FindMember(root, kMap);
    if (map == nullptr) {
      log_.Warn("there is no last_physical_to_logical_map: ids are taken to be logical experts");
      return;
    }
    map_ = ReadIntegers(*map, std::string(kMap), log_);
    if (!map_) return;
    const ImportPlace place{map->offset, std::string(kMap)};
    const auto largest = std::max_element(map_->values.begin(), map_->values.end());
    const bool fits = map_->shape.size() == 2 && largest != map_->values.end() && *largest >= 0 &&
                      *largest < std::int64_t{kMaxTraceExperts};
    if (fits) {
      // Every logical expert is in at least one place.
      table_.SetExperts(static_cast<std::uint32_t>(*largest + 1), place);
    } else {
      log_.Error(place, "expected the logical expert of each place, [layers, physical experts]");
      map_.reset();
    }
  }

  void Take(const DataNode& record, const std::string& path) {
    const DataNode* ids = FindMember(record, kIds);
    const std::string at = path + "." + std::string(kIds);
    if (ids == nullptr) {
      log_.Error({record.offset, at},
                 "is missing; record with --expert-distribution-recorder-mode per_token");
      return;
    }
    std::optional<IntegerTensor> tensor = ReadIntegers(*ids, at, log_);
    if (!tensor) return;
    if (tensor->shape.size() != 3) {
      log_.Error({ids->offset, at}, fmt::format("has {} dimensions; expected [layers, tokens, "
                                                "top_k]",
                                                tensor->shape.size()));
      return;
    }
    if (map_ && !ToLogical(*tensor, {ids->offset, at})) return;
    const std::size_t step = table_.Step(table_.steps(), PhaseOf(record, path));
    const std::size_t tokens = tensor->shape[1];
    const std::size_t width = tensor->shape[2];
    for (std::size_t l = 0; l < tensor->shape[0]; ++l) {
      const std::span<const std::int64_t> all(tensor->values);
      table_.Append(step, options_.first_layer.value_or(0) + static_cast<std::uint32_t>(l),
                    {all.subspan(l * tokens * width, tokens * width), width},
                    {ids->offset, fmt::format("{}[{}]", at, l)});
    }
    AddRuns(record, step, tokens, path);
  }

  // Physical experts to logical ones; false when one is not in the map.
  bool ToLogical(IntegerTensor& tensor, const ImportPlace& place) {
    const std::size_t layers = map_->shape[0];
    const auto physical = static_cast<std::int64_t>(map_->shape[1]);
    if (tensor.shape[0] != layers) {
      log_.Error(place, fmt::format("has {} layers; {} has {}", tensor.shape[0], kMap, layers));
      return false;
    }
    const std::size_t per_layer = tensor.shape[1] * tensor.shape[2];
    for (std::size_t i = 0; i < tensor.values.size(); ++i) {
      std::int64_t& id = tensor.values[i];
      if (id < -1 || id >= physical) {
        log_.Error(place, fmt::format("physical expert {}; allowed: 0 to {}, or -1 for none", id,
                                      physical - 1));
        return false;
      }
      if (id >= 0) id = map_->values[i / per_layer * map_->shape[1] + static_cast<std::size_t>(id)];
    }
    return true;
  }

  TracePhase PhaseOf(const DataNode& record, const std::string& path) {
    constexpr std::int64_t kExtend = 1, kDecode = 2;  // ForwardMode
    const auto mode = ReadInteger(record, {"forward_mode", false}, path, log_);
    if (mode == kExtend) return TracePhase::kPrefill;
    return mode == kDecode ? TracePhase::kDecode : TracePhase::kMixed;
  }

  void AddRuns(const DataNode& record, std::size_t step, std::size_t tokens,
               const std::string& path) {
    // Of a decode step, extend_seq_lens is null and every token is of another sequence.
    const IntegerList lengths =
        ReadList(record, "extend_seq_lens", path).value_or(IntegerList(tokens, 1));
    const auto positions = ReadList(record, "positions", path);
    std::size_t first = 0;
    for (const std::int64_t length : lengths) {
      if (length < 1 || first + static_cast<std::size_t>(length) > tokens) break;
      std::int64_t position = 0;
      if (positions && first < positions->size()) position = (*positions)[first];
      constexpr std::int64_t kMost = std::int64_t{1} << 31;
      if (position < 0 || position > kMost) {
        log_.Error({record.offset, path + ".positions"}, fmt::format("position {}", position));
        return;
      }
      table_.AddRun(step, {sequence_++, static_cast<std::uint32_t>(length),
                           static_cast<std::uint32_t>(position)});
      first += static_cast<std::size_t>(length);
    }
    if (first != tokens) {
      log_.Error({record.offset, path + ".extend_seq_lens"},
                 fmt::format("the lengths do not add up to the {} tokens of the pass", tokens));
    }
  }

  std::optional<IntegerList> ReadList(const DataNode& record, std::string_view key,
                                      const std::string& path) {
    const DataNode* node = FindMember(record, key);
    if (node == nullptr || std::holds_alternative<std::nullptr_t>(node->data)) return std::nullopt;
    if (const auto* list = std::get_if<IntegerList>(&node->data)) return *list;
    log_.Error({node->offset, path + "." + std::string(key)},
               "expected a list of whole numbers, found " + Describe(*node));
    return std::nullopt;
  }

  ImportOptions options_;
  ImportLog& log_;
  StepTable table_;
  std::optional<IntegerTensor> map_;
  std::uint32_t sequence_ = 0;
};

bool Recognizes(const ImportFile& file) { return LooksLikeJsonWith(file, kIds); }

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  ImportLog log(file);
  const auto root = ParseJsonText(file, 0, file.bytes.size(), log);
  if (!root) return log.errors();
  return TraceFromRecorder(*root, options, log, kName);
}

}  // namespace

Result<RouterTrace> TraceFromRecorder(const DataNode& root, const ImportOptions& options,
                                      ImportLog& log, std::string_view format) {
  return Reader(options, log).Read(root, format);
}

TraceImporter SglangRecorderImporter() {
  return {kName, "SGLang expert distribution recorder, mode per_token, its dump as JSON",
          kImportFirstLayer, Recognizes, Import};
}

}  // namespace switchyard
