// RouterTrace from a .trace container.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_detail.h"
#include "sim/routing/trace/trace_reader.h"

namespace switchyard {
namespace {

using trace_pb::LayerChunk;

struct ChunkWeights {
  WeightFormat format = WeightFormat::kNone;
  const std::string* bytes = nullptr;
};

ChunkWeights WeightsOf(const LayerChunk& chunk) {
  if (!chunk.weight_f16().empty()) return {WeightFormat::kF16, &chunk.weight_f16()};
  if (!chunk.weight_bf16().empty()) return {WeightFormat::kBf16, &chunk.weight_bf16()};
  if (!chunk.weight_f32().empty()) return {WeightFormat::kF32, &chunk.weight_f32()};
  return {};
}

template <class T>
void AppendRaw(const std::string& bytes, std::vector<T>& to) {
  const std::size_t old = to.size();
  to.resize(old + bytes.size() / sizeof(T));
  std::memcpy(to.data() + old, bytes.data(), bytes.size());
}

// Collects the chunks of a step layer by layer; a layer's tokens come in order. When a step ends
// with layers of different lengths (a cut-off file, a gap, a skipped chunk), all are cut to the
// shortest.
class Loader {
 public:
  Loader(std::string file, const LoadTraceOptions& options)
      : file_(std::move(file)), budget_(options.max_bytes) {}

  std::string Take(const trace_pb::Record& record) {
    switch (record.body_case()) {
      case trace_pb::Record::kHeader:
        return TakeHeader(record.header());
      case trace_pb::Record::kStep:
        EndStep();
        return TakeStep(record.step());
      case trace_pb::Record::kChunk:
        return TakeChunk(record.chunk());
      case trace_pb::Record::kGap:
        Warn(fmt::format("step {}: {} layers from {} on were not recorded: {}", record.gap().step(),
                         record.gap().layers(), record.gap().first_layer(), record.gap().reason()));
        return "";
      case trace_pb::Record::kFooter:
      case trace_pb::Record::BODY_NOT_SET:
        break;
    }
    return "";
  }

  Result<RouterTrace> Finish(const TraceReader& reader) {
    if (reader.truncated()) Warn("the file is cut off inside its last record");
    if (reader.skipped() > 0) {
      Warn(fmt::format("{} records of an unknown kind were skipped", reader.skipped()));
    }
    EndStep();
    if (suppressed_ > 0) {
      trace_.warnings.push_back(fmt::format("{} further warnings", suppressed_));
    }
    if (trace_.tokens() == 0) return FileError(file_, "holds no token that has all its layers");
    const std::string error = CheckDistinct(trace_);
    if (!error.empty()) return FileError(file_, error);
    return std::move(trace_);
  }

 private:
  void Warn(std::string message) {
    constexpr std::size_t kMaxWarnings = 20;
    if (trace_.warnings.size() < kMaxWarnings) {
      trace_.warnings.push_back(std::move(message));
    } else {
      ++suppressed_;
    }
  }

  // Memory is counted before it is taken.
  std::string Spend(std::size_t bytes) {
    if (bytes > budget_) return "needs more memory than allowed for a trace";
    budget_ -= bytes;
    return "";
  }

  std::string TakeHeader(const trace_pb::Header& header) {
    trace_.model_name = header.model_name();
    trace_.tool = header.tool();
    trace_.origin = static_cast<TraceOrigin>(
        std::clamp<int>(header.provenance().kind(), 0, trace_pb::Provenance::Kind_MAX));
    trace_.device = header.provenance().device();
    trace_.corpus = header.provenance().corpus();
    trace_.seed = header.provenance().seed();
    for (const auto& note : header.note()) trace_.notes[note.key()] = note.value();
    const auto experts = trace_.notes.find(kNoteExperts);
    trace_.experts_inferred = experts != trace_.notes.end() && experts->second == kInferred;
    trace_.num_experts = header.layer(0).experts();
    trace_.top_k = header.layer(0).top_k();
    for (const auto& layer : header.layer()) {
      if (layer.experts() != trace_.num_experts || layer.top_k() != trace_.top_k) {
        return fmt::format("layers of different shapes: {} experts top-{} and {} experts top-{}",
                           trace_.num_experts, trace_.top_k, layer.experts(), layer.top_k());
      }
      trace_.layer_ids.push_back(layer.layer_id());
    }
    trace_.experts.resize(trace_.layers());
    return "";
  }

  std::string TakeStep(const trace_pb::Step& step) {
    const std::size_t runs = std::max<std::size_t>(step.sequence_id().size() / 8, 1);
    std::string error = Spend(sizeof(TraceStep) + runs * sizeof(TraceRun));
    if (!error.empty()) return error;
    first_run_ = trace_.runs.size();
    first_token_ = trace_.tokens();
    open_ = true;
    const int phase = std::clamp<int>(step.phase(), 0, trace_pb::Step::Phase_MAX);
    trace_.steps.push_back({step.step(), static_cast<TracePhase>(phase), step.tokens()});
    if (step.sequence_id().empty()) {
      // Nothing is known of the sequences: the step is one of its own.
      trace_.runs.push_back(
          {static_cast<std::uint32_t>(trace_.steps.size() - 1), step.tokens(), 0});
      return "";
    }
    for (std::size_t i = 0; i < runs; ++i) {
      TraceRun run;
      std::memcpy(&run.sequence, step.sequence_id().data() + i * 8, sizeof(run.sequence));
      std::memcpy(&run.tokens, step.sequence_id().data() + i * 8 + 4, sizeof(run.tokens));
      if (!step.position().empty()) {
        std::memcpy(&run.position, step.position().data() + i * 4, sizeof(run.position));
      }
      trace_.runs.push_back(run);
    }
    return "";
  }

  std::string TakeChunk(const LayerChunk& chunk) {
    std::vector<ExpertIndex>& experts = trace_.experts[chunk.layer_index()];
    // Tokens of this layer already missing: the rest of the step will be cut anyway.
    if (experts.size() / trace_.top_k != first_token_ + chunk.first_token()) return "";
    const ChunkWeights weights = WeightsOf(chunk);
    if (!any_chunk_) {
      trace_.weight_format = weights.format;
      if (weights.format != WeightFormat::kNone) trace_.weights.resize(trace_.layers());
      any_chunk_ = true;
    }
    if (weights.format != trace_.weight_format) return "chunks differ in the format of weights";
    const std::size_t choices = std::size_t{chunk.token_count()} * trace_.top_k;
    std::string error =
        Spend(choices * sizeof(ExpertIndex) + (weights.bytes ? weights.bytes->size() : 0));
    if (!error.empty()) return error;
    AppendIds(chunk, experts);
    if (weights.bytes == nullptr) return "";
    LayerWeights& to = trace_.weights[chunk.layer_index()];
    if (weights.format == WeightFormat::kF32) {
      AppendRaw(*weights.bytes, to.values);
    } else {
      AppendRaw(*weights.bytes, to.bits);
    }
    return "";
  }

  void AppendIds(const LayerChunk& chunk, std::vector<ExpertIndex>& to) const {
    if (chunk.id_code() == LayerChunk::U16_RANKED) {
      AppendRaw(chunk.expert_id(), to);
      return;
    }
    for (const char c : chunk.expert_id()) {
      const auto id = static_cast<unsigned char>(c);
      to.push_back(id < trace_.num_experts ? id : kNoExpert);
    }
  }

  void EndStep() {
    if (!open_) return;
    open_ = false;
    std::size_t choices = trace_.experts.front().size();
    for (const auto& layer : trace_.experts) choices = std::min(choices, layer.size());
    for (auto& layer : trace_.experts) layer.resize(choices);
    for (LayerWeights& layer : trace_.weights) {
      layer.bits.resize(std::min(layer.bits.size(), choices));
      layer.values.resize(std::min(layer.values.size(), choices));
    }
    const auto kept = static_cast<std::uint32_t>(choices / trace_.top_k - first_token_);
    TraceStep& step = trace_.steps.back();
    if (kept < step.tokens) {
      Warn(fmt::format("step {}: {} of {} tokens have all their layers; the others are left out",
                       step.step, kept, step.tokens));
      CutRuns(kept);
      step.tokens = kept;
    }
    if (kept == 0) trace_.steps.pop_back();
  }

  void CutRuns(std::uint32_t tokens) {
    std::size_t i = first_run_;
    for (; i < trace_.runs.size() && tokens > 0; ++i) {
      trace_.runs[i].tokens = std::min(trace_.runs[i].tokens, tokens);
      tokens -= trace_.runs[i].tokens;
    }
    trace_.runs.resize(i);
  }

  std::string file_;
  std::size_t budget_;
  RouterTrace trace_;
  bool open_ = false;
  bool any_chunk_ = false;
  std::size_t first_run_ = 0;
  std::uint64_t first_token_ = 0;
  std::size_t suppressed_ = 0;
};

}  // namespace

Result<RouterTrace> LoadTrace(std::istream& in, const std::string& file,
                              const LoadTraceOptions& options) {
  TraceReader reader(in, file, options.verify_checksums);
  Loader loader(file, options);
  trace_pb::Record record;
  for (;;) {
    const Result<bool> more = reader.Next(record);
    if (!more.ok()) return more.errors();
    if (!more.value()) break;
    const std::string error = loader.Take(record);
    if (!error.empty()) return FileError(file, error);
  }
  return loader.Finish(reader);
}

}  // namespace switchyard
