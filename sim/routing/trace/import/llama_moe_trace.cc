// llama.cpp's moe-trace (pull request 28544): one line layer,expert per choice, in the order of
// evaluation: for every batch the layers in order, for every layer its tokens, for every token its
// choices, best first. Neither tokens nor batches are marked, so --top-k says where a token ends,
// and a layer that is not behind the one before it begins the next batch. Forks that write the
// columns `token` and `rank` as well need no --top-k (a header names the columns).
//
// A batch of several tokens is prefill, one token is decode. llama.cpp computes the last layer only
// for tokens whose output is asked for, so that of a prompt that layer has the last token alone:
// the others get no choice there.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "sim/routing/trace/import/csv_rows.h"
#include "sim/routing/trace/import/importers.h"
#include "sim/routing/trace/import/step_table.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

constexpr std::string_view kName = "llama_moe_trace";
constexpr std::int64_t kMaxLayer = 1 << 20;

// Lines of one layer that follow one another.
struct Block {
  std::size_t offset = 0;
  std::uint32_t layer = 0;
  std::vector<std::int64_t> experts;
  std::size_t width = 0;  // of a token, where the columns say so; 0: not yet known
};

// Where the columns are; a file without a header has two.
struct Columns {
  std::size_t layer = 0;
  std::size_t expert = 1;
  std::optional<std::size_t> token;
  std::size_t count = 2;
};

std::optional<std::size_t> Find(const CsvRow& row, std::string_view name) {
  for (std::size_t i = 0; i < row.fields.size(); ++i) {
    if (row.fields[i].text == name) return i;
  }
  return std::nullopt;
}

std::optional<Columns> ReadHeader(const CsvRow& row) {
  const auto layer = Find(row, "layer");
  const auto expert = Find(row, "expert");
  if (!layer || !expert) return std::nullopt;
  return Columns{*layer, *expert, Find(row, "token"), row.fields.size()};
}

bool Recognizes(const ImportFile& file) {
  constexpr std::size_t kEnough = 4096;
  bool first = true;
  bool same = false;
  ForEachCsvRow(file.bytes.substr(0, kEnough), [&](const CsvRow& row) {
    // Two bare numbers are a trace without a header.
    if (first) {
      same = ReadHeader(row) || (row.fields.size() == 2 && WholeNumber(row.fields[0].text) &&
                                 WholeNumber(row.fields[1].text));
    }
    first = false;
  });
  return same;
}

// The view that the tool reads is strided, and early versions read it as contiguous: after a
// batch's first token come the rest of that token's ranking, so that experts / top_k tokens in a
// row have no expert in common. Real tokens do.
class StrideCheck {
 public:
  void Look(const Block& block, std::size_t width) {
    const std::size_t tokens = block.experts.size() / width;
    for (const std::int64_t e : block.experts) experts_ = std::max(experts_, e + 1);
    if (tokens < 2) return;
    const std::size_t group = static_cast<std::size_t>(experts_) / width;
    if (group < 2 || tokens < group) return;
    ++groups_;
    std::vector<std::int64_t> ids(
        block.experts.begin(), block.experts.begin() + static_cast<std::ptrdiff_t>(group * width));
    std::sort(ids.begin(), ids.end());
    if (std::adjacent_find(ids.begin(), ids.end()) == ids.end()) ++disjoint_;
  }
  [[nodiscard]] bool Suspicious() const {
    constexpr std::size_t kEnough = 4;
    return groups_ >= kEnough && disjoint_ == groups_;
  }

 private:
  std::int64_t experts_ = 0;
  std::size_t groups_ = 0;
  std::size_t disjoint_ = 0;
};

class Reader {
 public:
  Reader(const ImportFile& file, const ImportOptions& options)
      : options_(options), log_(file), table_(options, log_) {
    table_.ShortLayersLackTheFirstTokens();
  }

  Result<RouterTrace> Read(const ImportFile& file) && {
    ForEachCsvRow(file.bytes, [&](const CsvRow& row) { Take(row); });
    EndBlock();
    EndStep();
    if (stride_.Suspicious()) {
      log_.Warn(
          "tokens that follow one another in a batch never share an expert: early versions "
          "of moe-trace wrote wrong ids for all but a batch's first token; record anew");
    }
    log_.Warn(fmt::format("the file does not mark sequences: {} from its headers", sequence_ + 1));
    return std::move(table_).Finish(kName);
  }

 private:
  void Take(const CsvRow& row) {
    if (const auto header = ReadHeader(row)) {
      TakeHeader(*header);
      return;
    }
    std::array<std::int64_t, 2> values{};  // layer, expert
    if (!Number(row, columns_.layer, kMaxLayer, values[0])) return;
    if (!Number(row, columns_.expert, kMaxTraceExperts - 1, values[1])) return;
    std::int64_t token = 0;
    constexpr std::int64_t kMaxToken = std::int64_t{1} << 40;
    if (columns_.token && !Number(row, *columns_.token, kMaxToken, token)) return;
    any_ = true;
    const auto layer = static_cast<std::uint32_t>(values[0]);
    if (block_.experts.empty() || layer != block_.layer) StartBlock(row, layer);
    if (columns_.token && !TakeToken(row, token)) return;
    block_.experts.push_back(values[1]);
    ++in_token_;
  }

  // A header behind data: traces put behind one another, a new sequence.
  void TakeHeader(const Columns& header) {
    EndBlock();
    EndStep();
    columns_ = header;
    if (!any_) return;
    ++sequence_;
    position_ = 0;
    any_ = false;
  }

  bool Number(const CsvRow& row, std::size_t column, std::int64_t most, std::int64_t& value) {
    if (row.fields.size() != columns_.count) {
      log_.ErrorAt(row.offset, "",
                   fmt::format("{} fields; expected {}", row.fields.size(), columns_.count));
      return false;
    }
    const CsvField& field = row.fields[column];
    const auto read = WholeNumber(field.text);
    if (!read || *read < 0 || *read > most) {
      log_.ErrorAt(field.offset, "",
                   fmt::format("expected {} from 0 to {}, found '{}'",
                               column == columns_.expert ? "an expert" : "a layer or token", most,
                               Shown(field.text)));
      return false;
    }
    value = *read;
    return true;
  }

  void StartBlock(const CsvRow& row, std::uint32_t layer) {
    EndBlock();
    if (last_layer_ && layer <= *last_layer_) EndStep();
    last_layer_ = layer;
    block_ = {row.offset, layer, {}, 0};
    in_token_ = 0;
  }

  // With a column for it: the token's number changes where a token ends.
  bool TakeToken(const CsvRow& row, std::int64_t token) {
    if (block_.experts.empty() || token == token_) {
      token_ = token;
      return true;
    }
    token_ = token;
    if (block_.width == 0) block_.width = in_token_;
    const bool same = block_.width == in_token_;
    if (!same) {
      log_.ErrorAt(row.offset, "",
                   fmt::format("the token before has {} choices; those before it "
                               "have {}",
                               in_token_, block_.width));
    }
    in_token_ = 0;
    return same;
  }

  [[nodiscard]] std::size_t Width() const {
    if (!columns_.token) return options_.top_k.value_or(0);
    return block_.width != 0 ? block_.width : in_token_;
  }

  void EndBlock() {
    if (block_.experts.empty()) return;
    const std::size_t width = Width();
    if (width == 0) {
      if (!asked_) {
        log_.Error({}, "does not say how many experts a token chooses: give --top-k");
      }
      asked_ = true;
    } else if (block_.experts.size() % width != 0) {
      log_.ErrorAt(block_.offset, "",
                   fmt::format("{} lines of layer {} from here on are no whole number of tokens "
                               "with {} choices",
                               block_.experts.size(), block_.layer, width));
    } else {
      stride_.Look(block_, width);
      table_.Append(Step(), block_.layer, {block_.experts, width},
                    {block_.offset, fmt::format("layer {}", block_.layer)});
    }
    block_.experts.clear();
  }

  std::size_t Step() {
    if (!step_) step_ = table_.Step(table_.steps(), TracePhase::kPrefill);
    return *step_;
  }

  void EndStep() {
    last_layer_.reset();
    if (!step_) return;
    const auto tokens = static_cast<std::uint32_t>(table_.Tokens(*step_));
    if (tokens == 1) table_.SetPhase(*step_, TracePhase::kDecode);
    table_.AddRun(*step_, {sequence_, tokens, position_});
    position_ += tokens;
    step_.reset();
  }

  ImportOptions options_;
  ImportLog log_;
  StepTable table_;
  StrideCheck stride_;
  Columns columns_;
  Block block_;
  std::size_t in_token_ = 0;  // lines of the present token
  std::int64_t token_ = 0;
  std::optional<std::uint32_t> last_layer_;
  std::optional<std::size_t> step_;
  std::uint32_t sequence_ = 0;
  std::uint32_t position_ = 0;
  bool any_ = false;    // data since the last header
  bool asked_ = false;  // for --top-k
};

Result<RouterTrace> Import(const ImportFile& file, const ImportOptions& options) {
  return Reader(file, options).Read(file);
}

}  // namespace

TraceImporter LlamaMoeTraceImporter() {
  return {kName, "llama.cpp moe-trace, CSV with one line layer,expert per choice", kImportTopK,
          Recognizes, Import};
}

}  // namespace switchyard
