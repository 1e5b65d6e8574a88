// RouterTrace to a .trace container.
#include <algorithm>
#include <cstring>

#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_limits.h"
#include "sim/routing/trace/trace_writer.h"

namespace switchyard {
namespace {

using trace_pb::LayerChunk;

// Uncompressed ids and weights of one chunk: far below the limit, large enough for zstd.
constexpr std::size_t kChunkBytes = std::size_t{1} << 20;
// Runs of one Step record (8 bytes each with their positions 12): a longer step is split.
constexpr std::size_t kMaxRunsPerStep = std::size_t{1} << 18;

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

trace_pb::Record HeaderOf(const RouterTrace& trace) {
  trace_pb::Record record;
  trace_pb::Header& header = *record.mutable_header();
  header.set_format_major(kTraceFormatMajor);
  header.set_format_minor(kTraceFormatMinor);
  header.set_model_name(trace.model_name);
  header.set_tool(trace.tool);
  for (const std::uint32_t id : trace.layer_ids) {
    trace_pb::LayerSpec& layer = *header.add_layer();
    layer.set_layer_id(id);
    layer.set_experts(trace.num_experts);
    layer.set_top_k(trace.top_k);
  }
  trace_pb::Provenance& provenance = *header.mutable_provenance();
  provenance.set_kind(static_cast<trace_pb::Provenance::Kind>(trace.origin));
  provenance.set_device(trace.device);
  provenance.set_corpus(trace.corpus);
  provenance.set_seed(trace.seed);
  for (const auto& [key, value] : trace.notes) {
    trace_pb::KeyValue& note = *header.add_note();
    note.set_key(key);
    note.set_value(value);
  }
  return record;
}

trace_pb::Record StepOf(const TraceStep& step, std::uint32_t tokens,
                        std::span<const TraceRun> runs) {
  trace_pb::Record record;
  trace_pb::Step& out = *record.mutable_step();
  out.set_step(step.step);
  out.set_phase(static_cast<trace_pb::Step::Phase>(step.phase));
  out.set_tokens(tokens);
  for (const TraceRun& run : runs) {
    const std::uint32_t pair[] = {run.sequence, run.tokens};
    out.mutable_sequence_id()->append(Raw(std::span<const std::uint32_t>(pair)));
    out.mutable_position()->append(Raw(std::span<const std::uint32_t>(&run.position, 1)));
  }
  return record;
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
      writer.Write(record);
    }
  }
}

}  // namespace

void SaveTrace(const RouterTrace& trace, std::ostream& out) {
  TraceWriter writer(out);
  writer.Write(HeaderOf(trace));
  std::uint64_t token = 0;
  std::span<const TraceRun> runs(trace.runs);
  for (const TraceStep& step : trace.steps) {
    for (std::uint32_t done = 0; done < step.tokens;) {
      std::uint32_t tokens = 0;
      std::size_t taken = 0;
      while (done + tokens < step.tokens && taken < kMaxRunsPerStep) tokens += runs[taken++].tokens;
      writer.Write(StepOf(step, tokens, runs.first(taken)));
      WriteChunks(trace, step.step, token, tokens, writer);
      runs = runs.subspan(taken);
      token += tokens;
      done += tokens;
    }
  }
  writer.Finish();
}

}  // namespace switchyard
