#include "sim/routing/trace/trace_save.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_limits.h"
#include "sim/routing/trace/trace_writer.h"

namespace switchyard {
namespace {

using trace_pb::LayerChunk;

// Uncompressed ids and weights of one chunk: far below the limit, large enough for zstd.
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
// A Step record's runs (with position and domain) and token ids: a longer step is split.
constexpr std::size_t kStepBytes = std::size_t{3} << 20;
constexpr std::size_t kRunBytes = 13;

template <class T>
std::string Raw(std::span<const T> items) {
  return {reinterpret_cast<const char*>(items.data()), items.size_bytes()};
}

std::size_t WeightBytes(WeightFormat format) {
  if (format == WeightFormat::kNone) return 0;
  return format == WeightFormat::kF32 ? sizeof(float) : sizeof(std::uint16_t);
}

void SetIds(std::span<const ExpertIndex> ids, std::uint32_t experts, LayerChunk& chunk) {
  constexpr std::uint32_t kMaxNarrow = 256;
  const bool has_none = std::find(ids.begin(), ids.end(), kNoExpert) != ids.end();
  if (experts > kMaxNarrow || (experts == kMaxNarrow && has_none)) {
    chunk.set_id_code(LayerChunk::U16_RANKED);
    chunk.set_expert_id(Raw(ids));
    return;
  }
  std::string bytes(ids.size(), '\0');
  // kNoExpert, 0xffff, becomes 0xff.
  std::transform(ids.begin(), ids.end(), bytes.begin(),
                 [](ExpertIndex e) { return static_cast<char>(e & 0xffU); });
  chunk.set_id_code(LayerChunk::U8_RANKED);
  chunk.set_expert_id(std::move(bytes));
}

void SetWeights(const RouterTrace& trace, std::uint32_t layer, std::size_t first, std::size_t count,
                LayerChunk& chunk) {
  if (trace.weight_format == WeightFormat::kNone) return;
  const LayerWeights& weights = trace.weights[layer];
  if (trace.weight_format == WeightFormat::kF32) {
    chunk.set_weight_f32(Raw(std::span<const float>(weights.values).subspan(first, count)));
    return;
  }
  std::string bytes = Raw(std::span<const std::uint16_t>(weights.bits).subspan(first, count));
  if (trace.weight_format == WeightFormat::kF16) {
    chunk.set_weight_f16(std::move(bytes));
  } else {
    chunk.set_weight_bf16(std::move(bytes));
  }
}

void SetKept(std::span<const std::uint8_t> kept, LayerChunk& chunk) {
  constexpr std::size_t kBits = 8;
  std::string bits((kept.size() + kBits - 1) / kBits, '\0');
  for (std::size_t i = 0; i < kept.size(); ++i) {
    const auto bit = static_cast<unsigned>(kept[i] != 0) << i % kBits;
    bits[i / kBits] = static_cast<char>(static_cast<std::uint8_t>(bits[i / kBits]) | bit);
  }
  chunk.set_kept_bits(std::move(bits));
}

trace_pb::Record HeaderOf(const RouterTrace& trace) {
  trace_pb::Record record;
  trace_pb::Header& header = *record.mutable_header();
  header.set_format_major(kTraceFormatMajor);
  header.set_format_minor(kTraceFormatMinor);
  header.set_model_name(trace.model_name);
  header.set_tool(trace.tool);
  for (std::uint32_t l = 0; l < trace.layers(); ++l) {
    trace_pb::LayerSpec& layer = *header.add_layer();
    layer.set_layer_id(trace.layer_ids[l]);
    layer.set_experts(trace.num_experts);
    layer.set_top_k(trace.top_k);
    if (!trace.recipes.empty()) WriteRecipe(trace.recipes[l], layer);
  }
  trace_pb::Provenance& provenance = *header.mutable_provenance();
  provenance.set_kind(static_cast<trace_pb::Provenance::Kind>(trace.origin));
  provenance.set_device(trace.device);
  provenance.set_driver(trace.driver);
  provenance.set_corpus(trace.corpus);
  provenance.set_seed(trace.seed);
  for (const auto& [key, value] : trace.notes) {
    trace_pb::KeyValue& note = *header.add_note();
    note.set_key(key);
    note.set_value(value);
  }
  for (const std::string& name : trace.domains) header.add_domain_name(name);
  return record;
}

// Consecutive tokens that go into one Step record.
struct StepPart {
  std::uint64_t first_token = 0;
  std::uint32_t tokens = 0;
  std::vector<TraceRun> runs;
};

// Takes what fits one record from the step's next run on, `done` tokens of which are taken already.
class StepSplitter {
 public:
  explicit StepSplitter(const RouterTrace& trace) : trace_(trace) {}

  StepPart Next(std::uint32_t tokens_left) {
    const std::size_t token_bytes = trace_.token_ids.empty() ? 0 : sizeof(std::uint32_t);
    StepPart part;
    part.first_token = token_;
    std::size_t bytes = 0;
    while (part.tokens < tokens_left && bytes + kRunBytes + token_bytes <= kStepBytes) {
      const TraceRun run = trace_.runs[run_];
      std::size_t count = run.tokens - done_;
      if (token_bytes > 0) count = std::min(count, (kStepBytes - bytes - kRunBytes) / token_bytes);
      part.runs.push_back(run);
      part.runs.back().position += done_;
      part.runs.back().tokens = static_cast<std::uint32_t>(count);
      part.tokens += part.runs.back().tokens;
      bytes += kRunBytes + count * token_bytes;
      done_ += part.runs.back().tokens;
      if (done_ < run.tokens) continue;
      done_ = 0;
      ++run_;
    }
    token_ += part.tokens;
    return part;
  }

 private:
  const RouterTrace& trace_;
  std::uint64_t token_ = 0;
  std::size_t run_ = 0;
  std::uint32_t done_ = 0;
};

void SetLabels(const RouterTrace& trace, const StepPart& part, trace_pb::Step& step) {
  const auto known = [](std::uint32_t id) { return id != kNoTokenId; };
  if (!trace.token_ids.empty()) {
    const auto ids = std::span(trace.token_ids).subspan(part.first_token, part.tokens);
    if (std::any_of(ids.begin(), ids.end(), known)) step.set_token_id(Raw(ids));
  }
  std::string domains;
  for (const TraceRun& run : part.runs) domains.push_back(static_cast<char>(run.domain));
  const auto labelled = [](const TraceRun& run) { return run.domain != kNoDomain; };
  if (std::any_of(part.runs.begin(), part.runs.end(), labelled)) step.set_domain(domains);
}

trace_pb::Record StepOf(const RouterTrace& trace, const TraceStep& step, const StepPart& part) {
  trace_pb::Record record;
  trace_pb::Step& out = *record.mutable_step();
  out.set_step(step.step);
  out.set_phase(static_cast<trace_pb::Step::Phase>(step.phase));
  out.set_tokens(part.tokens);
  for (const TraceRun& run : part.runs) {
    const std::uint32_t pair[] = {run.sequence, run.tokens};
    out.mutable_sequence_id()->append(Raw(std::span<const std::uint32_t>(pair)));
    out.mutable_position()->append(Raw(std::span<const std::uint32_t>(&run.position, 1)));
  }
  SetLabels(trace, part, out);
  return record;
}

trace_pb::Record GapOf(const TraceGap& gap) {
  trace_pb::Record record;
  trace_pb::Gap& out = *record.mutable_gap();
  out.set_step(gap.step);
  out.set_first_layer(gap.first_layer);
  out.set_layers(gap.layers);
  out.set_reason(gap.reason);
  return record;
}

void WriteGaps(const RouterTrace& trace, const std::vector<std::size_t>& which,
               TraceWriter& writer) {
  for (const std::size_t i : which) writer.Write(GapOf(trace.gaps[i]));
}

// The chunks of `tokens` tokens from `first` on: block by block, so that a cut-off file loses only
// its last block.
void WriteChunks(const RouterTrace& trace, std::uint64_t step, std::uint64_t first,
                 std::uint32_t tokens, TraceWriter& writer) {
  const std::size_t token_bytes =
      trace.top_k * (sizeof(ExpertIndex) + WeightBytes(trace.weight_format));
  const auto block =
      static_cast<std::uint32_t>(std::max<std::size_t>(kChunkBytes / token_bytes, 1));
  for (std::uint32_t begin = 0; begin < tokens; begin += block) {
    const std::uint32_t count = std::min(block, tokens - begin);
    const std::size_t at = (first + begin) * trace.top_k;
    const std::size_t choices = std::size_t{count} * trace.top_k;
    for (std::uint32_t l = 0; l < trace.layers(); ++l) {
      trace_pb::Record record;
      LayerChunk& chunk = *record.mutable_chunk();
      chunk.set_step(step);
      chunk.set_layer_index(l);
      chunk.set_first_token(begin);
      chunk.set_token_count(count);
      SetIds(std::span(trace.experts[l]).subspan(at, choices), trace.num_experts, chunk);
      SetWeights(trace, l, at, choices, chunk);
      if (!trace.kept.empty()) SetKept(std::span(trace.kept[l]).subspan(at, choices), chunk);
      writer.Write(record);
    }
  }
}

}  // namespace

std::string CheckSmallRecords(const RouterTrace& trace) {
  const std::size_t header = HeaderOf(trace).ByteSizeLong();
  if (header > kMaxSmallRecordBytes) {
    return fmt::format(
        "cannot be written: its header (names, notes, layers) takes {} bytes; "
        "allowed: up to {}",
        header, kMaxSmallRecordBytes);
  }
  for (std::size_t i = 0; i < trace.gaps.size(); ++i) {
    const std::size_t gap = GapOf(trace.gaps[i]).ByteSizeLong();
    if (gap <= kMaxSmallRecordBytes) continue;
    return fmt::format("cannot be written: the reason of gap {} takes {} bytes; allowed: up to {}",
                       i, gap, kMaxSmallRecordBytes);
  }
  return "";
}

void WriteTraceHeader(const RouterTrace& trace, TraceWriter& writer) {
  writer.Write(HeaderOf(trace));
}

void WriteTraceSteps(const RouterTrace& trace, TraceWriter& writer) {
  std::map<std::uint64_t, std::vector<std::size_t>> gaps;  // by step, not written yet
  for (std::size_t i = 0; i < trace.gaps.size(); ++i) gaps[trace.gaps[i].step].push_back(i);
  StepSplitter splitter(trace);
  for (const TraceStep& step : trace.steps) {
    for (std::uint32_t done = 0; done < step.tokens;) {
      const StepPart part = splitter.Next(step.tokens - done);
      writer.Write(StepOf(trace, step, part));
      WriteChunks(trace, step.step, part.first_token, part.tokens, writer);
      done += part.tokens;
      // The choices that a gap lacks are in the chunks, as "no choice".
      const auto of_step = gaps.extract(step.step);
      if (!of_step.empty()) WriteGaps(trace, of_step.mapped(), writer);
    }
  }
  for (const auto& [step, which] : gaps) WriteGaps(trace, which, writer);
}

void SaveTrace(const RouterTrace& trace, std::ostream& out) {
  TraceWriter writer(out);
  WriteTraceHeader(trace, writer);
  WriteTraceSteps(trace, writer);
  writer.Finish();
}

}  // namespace switchyard
