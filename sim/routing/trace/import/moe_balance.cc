// moe-balance's routing traces, JSON lines: {"layer": 0, "batch_id": 12, "origin_rows": [0, 0, 1],
// "topk_experts": [[3, 7], [7, 3], [2, 5]], "topk_weights": ..., "request_id": 12}, one batch of
// one layer a line. A batch is a step of one sequence. Source: docs of
// github.com/johanna-rock/moe-balance ("Routing trace format (JSONL)").
#include <fmt/format.h>

#include <map>

#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/import/json_text.h"
#include "sim/routing/trace/import/step_table.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "moe_balance";
constexpr std::string_view kExperts = "topk_experts";
constexpr std::int64_t kMaxLayer = 1 << 20;

bool Recognizes(const ImportFile& file) { return LooksLikeJsonWith(file, kExperts); }

class Reader {
 public:
  Reader(const ImportFile& file, const ImportOptions& options)
      : log_(file), table_(options, log_) {}

  Result<RouterTrace> Read(const ImportFile& file) && {
    ForEachJsonRecord(file, log_, [&](const DataNode& record) { Take(record); });
    for (const auto& [step, request] : requests_) {
      const auto tokens = static_cast<std::uint32_t>(table_.Tokens(step));
      std::uint32_t& position = positions_[request];
      table_.AddRun(step, {request, tokens, position});
      position += tokens;
    }
    return std::move(table_).Finish(kName);
  }

 private:
  void Take(const DataNode& record) {
    if (!std::holds_alternative<DataDict>(record.data)) {
      log_.Error({record.offset, ""}, "expected an object, found " + Describe(record));
      return;
    }
    const auto layer = ReadInteger(record, {"layer"}, "", log_);
    const auto batch = ReadInteger(record, {"batch_id"}, "", log_);
    const DataNode* experts = FindMember(record, kExperts);
    if (experts == nullptr) {
      log_.Error({record.offset, std::string(kExperts)}, "is missing");
      return;
    }
    const auto ids = ReadIntegers(*experts, std::string(kExperts), log_);
    if (!layer || !batch || !ids) return;
    if (*layer > kMaxLayer || ids->shape.size() != 2) {
      log_.Error({record.offset, ""},
                 *layer > kMaxLayer
                     ? fmt::format("layer {}; at most {} are read", *layer, kMaxLayer)
                     : "topk_experts is not a list of lists, one for each token");
      return;
    }
    CheckRows(record, ids->shape.front());
    const std::optional<NumberList> weights = Weights(record, *ids);
    const std::size_t step = StepOf(record, *batch);
    const ImportPlace place{experts->offset, std::string(kExperts)};
    if (!log_.ok()) return;  // only further mistakes are of interest
    table_.Append(step, static_cast<std::uint32_t>(*layer),
                  {ids->values, ids->shape.back(), weights ? *weights : NumberList{}}, place);
  }

  // The row that sent each token. Placement of tokens on ranks is the scenario's here.
  void CheckRows(const DataNode& record, std::size_t tokens) {
    const DataNode* rows = FindMember(record, "origin_rows");
    if (rows == nullptr) return;
    const auto* list = std::get_if<IntegerList>(&rows->data);
    if (list == nullptr || list->size() != tokens) {
      log_.Error({rows->offset, "origin_rows"},
                 fmt::format("expected a list of {} whole numbers, one for each token, found {}",
                             tokens, Describe(*rows)));
    }
    log_.Warn(
        "origin_rows, the senders of the tokens, are not kept: a scenario says which tokens "
        "a rank has");
  }

  std::optional<NumberList> Weights(const DataNode& record, const IntegerTensor& ids) {
    const DataNode* node = FindMember(record, "topk_weights");
    if (node == nullptr) return std::nullopt;
    NumberList all;
    const auto* rows = std::get_if<DataList>(&node->data);
    const std::size_t count = rows == nullptr ? 0 : rows->size();
    for (std::size_t i = 0; i < count; ++i) {
      const auto row = ReadNumbers((*rows)[i], "topk_weights", log_);
      if (row) all.insert(all.end(), row->begin(), row->end());
    }
    if (count != ids.shape.front() || all.size() != ids.values.size()) {
      log_.Error({node->offset, "topk_weights"}, "does not have the shape of topk_experts");
      return std::nullopt;
    }
    return all;
  }

  std::size_t StepOf(const DataNode& record, std::int64_t batch) {
    const std::size_t step = table_.Step(static_cast<std::uint64_t>(batch), TracePhase::kPrefill);
    const auto request = ReadInteger(record, {"request_id", false}, "", log_);
    // Requests are numbered as they appear.
    const auto sequence = static_cast<std::uint32_t>(sequences_.size());
    const auto found = sequences_.try_emplace(request.value_or(batch), sequence).first;
    requests_[step] = found->second;
    return step;
  }

  ImportLog log_;
  StepTable table_;
  std::map<std::int64_t, std::uint32_t> sequences_;   // by request
  std::map<std::size_t, std::uint32_t> requests_;     // of a step
  std::map<std::uint32_t, std::uint32_t> positions_;  // of the request's next token
};

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  return Reader(file, options).Read(file);
}

}  // namespace

TraceImporter MoeBalanceImporter() {
  return {kName, "moe-balance, JSON lines with layer, batch_id, origin_rows, topk_experts", 0,
          Recognizes, Import};
}

}  // namespace switchyard
