// Megatron-LM's router_trace_rank{N}.jsonl: {"step": 0, "stage": "pre_dispatch", "block":
// "decoder", "layer": 3, "rank": 0, "num_tokens": 128, "topk": 2, "top_indices": [[12, 45], ...]},
// one layer of one step a line; in training several lines a step, one for each microbatch. Records
// of the sidecar files (hidden states, logits) are not opened; "logit_shape" says the number of
// experts. A router that returns a mask has its choices written by number, not best first. Layers
// of multi-token prediction (block "mtp", "mtp_idx") stand behind those of the decoder. Source:
// Megatron-LM megatron/core/transformer/moe/router_trace.py (pull request 5220).
#include <fmt/format.h>

#include <algorithm>

#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/import/json_text.h"
#include "sim/routing/trace/import/step_table.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "megatron_router_trace";
constexpr std::string_view kIndices = "top_indices";
constexpr std::int64_t kMaxNumber = 1 << 20;
constexpr std::uint32_t kPredictionLayers = 1U << 21;  // first id of layers of block "mtp"
constexpr std::uint32_t kPredictionStride = 1U << 10;
constexpr std::uint64_t kRanks = std::uint64_t{1} << 20;

bool Recognizes(const ImportFile& file) { return LooksLikeJsonWith(file, kIndices); }

class Reader {
 public:
  Reader(const ImportFile& file, const ImportOptions& options)
      : log_(file), table_(options, log_) {}

  Result<RouterTrace> Read(const ImportFile& file) && {
    ForEachJsonRecord(file, log_, [&](const DataNode& record) { Take(record); });
    constexpr std::size_t kEnoughRows = 16;
    if (rows_ >= kEnoughRows && ascending_ == rows_) {
      log_.Warn(
          "the choices of every token are in order of the experts' numbers (the router "
          "returned a mask): the first is not the best");
    }
    log_.Warn(
        "the file does not mark sequences: every step is taken to be one; rows of a micro-batch "
        "may interleave its sequences, so that overlaps of neighbouring tokens mean little");
    Result<RouterTrace> trace = std::move(table_).Finish(kName);
    if (trace.ok()) RenumberPrediction(trace.value().layer_ids);
    return trace;
  }

 private:
  void Take(const DataNode& record) {
    if (!std::holds_alternative<DataDict>(record.data)) {
      log_.Error({record.offset, ""}, "expected an object, found " + Describe(record));
      return;
    }
    const auto step = Number(record, "step", std::int64_t{1} << 40);
    const auto layer = Number(record, "layer", kMaxNumber);
    const DataNode* indices = FindMember(record, kIndices);
    if (indices == nullptr) {
      log_.Error({record.offset, std::string(kIndices)}, "is missing");
      return;
    }
    const auto* none = std::get_if<IntegerList>(&indices->data);
    if (none != nullptr && none->empty()) return;  // a batch without tokens
    const auto ids = ReadIntegers(*indices, std::string(kIndices), log_);
    const auto rank = ReadInteger(record, {"rank", false}, "", log_).value_or(0);
    if (!step || !layer || !ids || !CheckShape(record, *indices, *ids)) return;
    const std::optional<std::uint32_t> id = LayerId(record, static_cast<std::uint32_t>(*layer));
    if (!id) return;
    TakeExperts(record);
    CountAscending(*ids);
    const std::uint64_t key =
        static_cast<std::uint64_t>(*step) * kRanks + static_cast<std::uint64_t>(rank) % kRanks;
    // Inference writes a step as it runs, training one that also goes backward: the file does not
    // say which.
    table_.Append(table_.Step(key, TracePhase::kMixed), *id, {ids->values, ids->shape.back()},
                  {indices->offset, std::string(kIndices)});
  }

  std::optional<std::int64_t> Number(const DataNode& record, std::string_view key,
                                     std::int64_t most) {
    const auto value = ReadInteger(record, {key}, "", log_);
    if (!value || *value <= most) return value;
    log_.Error({record.offset, std::string(key)},
               fmt::format("{}; at most {} is read", *value, most));
    return std::nullopt;
  }

  bool CheckShape(const DataNode& record, const DataNode& indices, const IntegerTensor& ids) {
    const ImportPlace place{indices.offset, std::string(kIndices)};
    if (ids.shape.size() != 2) {
      log_.Error(place, "is not a list of lists, one for each token");
      return false;
    }
    const auto tokens = ReadInteger(record, {"num_tokens", false}, "", log_);
    const auto top_k = ReadInteger(record, {"topk", false}, "", log_);
    const auto found_tokens = static_cast<std::int64_t>(ids.shape[0]);
    const auto found_k = static_cast<std::int64_t>(ids.shape[1]);
    if (tokens.value_or(found_tokens) == found_tokens && top_k.value_or(found_k) == found_k) {
      return true;
    }
    log_.Error(place,
               fmt::format("has {} tokens with {} choices; num_tokens is {}, topk {}", found_tokens,
                           found_k, tokens.value_or(found_tokens), top_k.value_or(found_k)));
    return false;
  }

  std::optional<std::uint32_t> LayerId(const DataNode& record, std::uint32_t layer) {
    const DataNode* block = FindMember(record, "block");
    const auto* name = block == nullptr ? nullptr : std::get_if<std::string>(&block->data);
    if (block == nullptr || (name != nullptr && *name == "decoder")) return layer;
    if (name == nullptr || *name != "mtp") {
      log_.Error({block->offset, "block"},
                 "expected \"decoder\" or \"mtp\", found " + Describe(*block));
      return std::nullopt;
    }
    const auto index = ReadInteger(record, {"mtp_idx"}, "", log_);
    if (!index) return std::nullopt;
    if (*index >= kPredictionStride || layer >= kPredictionStride) {
      log_.Error({block->offset, "block"},
                 fmt::format("more than {} layers of prediction", kPredictionStride));
      return std::nullopt;
    }
    log_.Warn("layers of multi-token prediction are numbered behind the decoder's last MoE layer");
    return kPredictionLayers + static_cast<std::uint32_t>(*index) * kPredictionStride + layer;
  }

  void TakeExperts(const DataNode& record) {
    const DataNode* shape = FindMember(record, "logit_shape");
    if (shape == nullptr) return;
    const auto* sizes = std::get_if<IntegerList>(&shape->data);
    if (sizes == nullptr || sizes->size() != 2 || sizes->back() < 1 ||
        sizes->back() > std::int64_t{kMaxTraceExperts}) {
      log_.Error({shape->offset, "logit_shape"},
                 "expected [num_tokens, num_experts], found " + Describe(*shape));
      return;
    }
    table_.SetExperts(static_cast<std::uint32_t>(sizes->back()), {shape->offset, "logit_shape"});
  }

  void CountAscending(const IntegerTensor& ids) {
    const auto width = static_cast<std::ptrdiff_t>(ids.shape.back());
    if (width < 2) return;
    for (auto row = ids.values.begin(); row != ids.values.end(); row += width) {
      ++rows_;
      if (std::is_sorted(row, row + width)) ++ascending_;
    }
  }

  // Layers of prediction follow the decoder's last one that is in the file.
  static void RenumberPrediction(std::vector<std::uint32_t>& layers) {
    std::uint32_t next = 0;
    for (std::uint32_t& layer : layers) {
      if (layer >= kPredictionLayers) layer = next;
      next = layer + 1;
    }
  }

  ImportLog log_;
  StepTable table_;
  std::size_t rows_ = 0;
  std::size_t ascending_ = 0;
};

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  return Reader(file, options).Read(file);
}

}  // namespace

TraceImporter MegatronImporter() {
  return {kName, "Megatron-LM router_trace_rank{N}.jsonl (--moe-routing-trace-path)", 0, Recognizes,
          Import};
}

}  // namespace switchyard
