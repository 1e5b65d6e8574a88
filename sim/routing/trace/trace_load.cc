// RouterTrace from a .trace container.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>

#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_detail.h"
#include "sim/routing/trace/trace_limits.h"
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

// Appends the choices of a chunk. In one byte, 255 is "no choice" where it is no expert.
void AppendIds(const LayerChunk& chunk, std::uint32_t num_experts, std::vector<ExpertIndex>& to) {
  if (chunk.id_code() == LayerChunk::U16_RANKED) {
    AppendRaw(chunk.expert_id(), to);
    return;
  }
  const std::string& ids = chunk.expert_id();
  const std::size_t old = to.size();
  to.resize(old + ids.size());
  ExpertIndex* const out = to.data() + old;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto id = static_cast<std::uint8_t>(ids[i]);
    out[i] = id < num_experts ? id : kNoExpert;
  }
}

// Kept bits of `choices`; all are kept where there are none. No choice is never kept.
void AppendKept(const std::string& bits, std::span<const ExpertIndex> choices, KeptMask& to) {
  constexpr std::size_t kBits = 8;
  for (std::size_t i = 0; i < choices.size(); ++i) {
    const bool bit = bits.empty() || (static_cast<std::uint8_t>(bits[i / kBits]) >> i % kBits & 1);
    to.push_back(bit && choices[i] != kNoExpert ? 1 : 0);
  }
}

// Collects the chunks of a step layer by layer; a layer's tokens come in order. When a step ends
// with layers of different lengths, those with a gap are filled up with "no choice", and then all
// are cut to the shortest (a cut-off file, a skipped chunk).
class Loader {
 public:
  Loader(std::string file, const LoadTraceOptions& options)
      : file_(std::move(file)), budget_(options.max_bytes), wanted_experts_(options.num_experts) {}

  std::string Take(const trace_pb::Record& record) {
    switch (record.body_case()) {
      case trace_pb::Record::kHeader:
        return TakeHeader(record.header());
      case trace_pb::Record::kStep:
        return TakeStep(record.step());
      case trace_pb::Record::kChunk:
        return TakeChunk(record.chunk());
      case trace_pb::Record::kGap:
        return TakeGap(record.gap());
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
    std::string error = EndStep();
    if (!error.empty()) return FileError(file_, error);
    if (suppressed_ > 0) {
      trace_.warnings.push_back(fmt::format("{} further warnings", suppressed_));
    }
    if (trace_.tokens() == 0) return FileError(file_, "holds no token that has all its layers");
    error = CheckDistinct(trace_);
    if (!error.empty()) return FileError(file_, error);
    if (wanted_experts_ > 0) {
      trace_.num_experts = wanted_experts_;
      trace_.experts_inferred = false;
      trace_.notes.erase(kNoteExperts);
    }
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
    trace_.driver = header.provenance().driver();
    trace_.corpus = header.provenance().corpus();
    trace_.seed = header.provenance().seed();
    trace_.domains.assign(header.domain_name().begin(), header.domain_name().end());
    for (const auto& note : header.note()) trace_.notes[note.key()] = note.value();
    const auto experts = trace_.notes.find(kNoteExperts);
    trace_.experts_inferred = experts != trace_.notes.end() && experts->second == kInferred;
    trace_.num_experts = header.layer(0).experts();
    if (!MayHaveWantedExperts()) {
      return fmt::format("has {} experts by its own header, not {} as asked for",
                         trace_.num_experts, wanted_experts_);
    }
    trace_.top_k = header.layer(0).top_k();
    for (const auto& layer : header.layer()) {
      if (layer.experts() != trace_.num_experts || layer.top_k() != trace_.top_k) {
        return fmt::format("layers of different shapes: {} experts top-{} and {} experts top-{}",
                           trace_.num_experts, trace_.top_k, layer.experts(), layer.top_k());
      }
      trace_.layer_ids.push_back(layer.layer_id());
      if (auto recipe = ReadRecipe(layer)) trace_.recipes.push_back(std::move(*recipe));
    }
    // All layers or none: what a newer version says of one is not understood in part.
    if (trace_.recipes.size() != trace_.layer_ids.size()) trace_.recipes.clear();
    trace_.experts.resize(trace_.layers());
    has_gap_.assign(trace_.layers(), false);
    return "";
  }

  // A number that is only the largest id seen may be told to be larger.
  [[nodiscard]] bool MayHaveWantedExperts() const {
    if (wanted_experts_ == 0 || wanted_experts_ == trace_.num_experts) return true;
    return trace_.experts_inferred && wanted_experts_ > trace_.num_experts &&
           wanted_experts_ <= kMaxTraceExperts;
  }

  std::string TakeStep(const trace_pb::Step& step) {
    const std::size_t runs = std::max<std::size_t>(step.sequence_id().size() / 8, 1);
    constexpr std::size_t kNode = 64;  // of next_position_
    std::string error = EndStep();
    if (error.empty()) error = Spend(sizeof(TraceStep) + runs * (sizeof(TraceRun) + kNode));
    if (error.empty()) error = TakeTokenIds(step.token_id());
    if (!error.empty()) return error;
    first_run_ = trace_.runs.size();
    first_token_ = trace_.tokens();
    open_ = true;
    const int phase = std::clamp<int>(step.phase(), 0, trace_pb::Step::Phase_MAX);
    trace_.steps.push_back({step.step(), static_cast<TracePhase>(phase), step.tokens()});
    if (step.sequence_id().empty()) {
      // Nothing is known of the sequences: the step is one of its own.
      trace_.runs.push_back(
          {static_cast<std::uint32_t>(trace_.steps.size() - 1), step.tokens(), 0, kNoDomain});
      return "";
    }
    for (std::size_t i = 0; i < runs; ++i) {
      TraceRun run;
      std::memcpy(&run.sequence, step.sequence_id().data() + i * 8, sizeof(run.sequence));
      std::memcpy(&run.tokens, step.sequence_id().data() + i * 8 + 4, sizeof(run.tokens));
      if (!step.position().empty()) {
        std::memcpy(&run.position, step.position().data() + i * 4, sizeof(run.position));
      } else {
        run.position = next_position_[run.sequence];
        next_position_[run.sequence] += run.tokens;
      }
      if (!step.domain().empty()) run.domain = static_cast<std::uint8_t>(step.domain()[i]);
      trace_.runs.push_back(run);
    }
    return "";
  }

  // Token ids of the tokens that begin now; unknown for those before when they are the first.
  std::string TakeTokenIds(const std::string& ids) {
    if (ids.empty()) return "";
    const std::size_t before = trace_.tokens() - trace_.token_ids.size();
    std::string error = Spend(before * sizeof(kNoTokenId) + ids.size());
    if (!error.empty()) return error;
    trace_.token_ids.resize(trace_.tokens(), kNoTokenId);
    AppendRaw(ids, trace_.token_ids);
    return "";
  }

  std::string TakeGap(const trace_pb::Gap& gap) {
    std::string error = Spend(sizeof(TraceGap) + gap.reason().size());
    if (!error.empty()) return error;
    trace_.gaps.push_back({gap.step(), gap.first_layer(), gap.layers(), gap.reason()});
    Warn(fmt::format("step {}: {} layers from {} on were not recorded: {}", gap.step(),
                     gap.layers(), gap.first_layer(), gap.reason()));
    if (!open_ || trace_.steps.back().step != gap.step()) return "";
    std::fill_n(has_gap_.begin() + gap.first_layer(), gap.layers(), true);
    return "";
  }

  std::string TakeChunk(const LayerChunk& chunk) {
    const std::uint32_t l = chunk.layer_index();
    const std::size_t begin = (first_token_ + chunk.first_token()) * trace_.top_k;
    std::string error = has_gap_[l] ? FillUp(l, begin) : "";
    // Tokens of this layer already missing: the rest of the step will be cut anyway.
    if (!error.empty() || trace_.experts[l].size() != begin) return error;
    const ChunkWeights weights = WeightsOf(chunk);
    error = Expect(weights.format, !chunk.kept_bits().empty());
    if (!error.empty()) return error;
    const std::size_t choices = std::size_t{chunk.token_count()} * trace_.top_k;
    error = Spend(choices * BytesPerChoice());
    if (!error.empty()) return error;
    AppendIds(chunk, trace_.num_experts, trace_.experts[l]);
    if (!trace_.kept.empty()) {
      AppendKept(chunk.kept_bits(), std::span(trace_.experts[l]).subspan(begin), trace_.kept[l]);
    }
    if (weights.format == WeightFormat::kF32) {
      AppendRaw(*weights.bytes, trace_.weights[l].values);
    } else if (weights.format != WeightFormat::kNone) {
      AppendRaw(*weights.bytes, trace_.weights[l].bits);
    }
    return "";
  }

  [[nodiscard]] std::size_t BytesPerChoice() const {
    std::size_t bytes = sizeof(ExpertIndex) + (trace_.kept.empty() ? 0 : 1);
    if (trace_.weight_format == WeightFormat::kF32) return bytes + sizeof(float);
    if (trace_.weight_format != WeightFormat::kNone) bytes += sizeof(std::uint16_t);
    return bytes;
  }

  // The first chunk says whether there are weights, any chunk that there are kept bits; what came
  // before gets them now.
  std::string Expect(WeightFormat weights, bool kept) {
    const bool first = !any_chunk_;
    any_chunk_ = true;
    if (!first && weights != trace_.weight_format) return "chunks differ in the format of weights";
    const bool new_weights = first && weights != WeightFormat::kNone;
    const bool new_kept = kept && trace_.kept.empty();
    if (!new_weights && !new_kept) return "";
    const std::size_t old_bytes = BytesPerChoice();
    if (new_weights) {
      trace_.weight_format = weights;
      trace_.weights.resize(trace_.layers());
    }
    if (new_kept) trace_.kept.resize(trace_.layers());
    std::size_t choices = 0;
    for (const auto& layer : trace_.experts) choices += layer.size();
    std::string error = Spend(choices * (BytesPerChoice() - old_bytes));
    if (!error.empty()) return error;
    for (std::uint32_t l = 0; l < trace_.layers(); ++l) {
      if (new_kept) AppendKept("", trace_.experts[l], trace_.kept[l]);
      if (new_weights) ResizeWeights(l, trace_.experts[l].size());
    }
    return "";
  }

  void ResizeWeights(std::uint32_t layer, std::size_t choices) {
    if (trace_.weight_format == WeightFormat::kNone) return;
    if (trace_.weight_format == WeightFormat::kF32) {
      trace_.weights[layer].values.resize(choices);
    } else {
      trace_.weights[layer].bits.resize(choices);
    }
  }

  void Resize(std::uint32_t layer, std::size_t choices) {
    trace_.experts[layer].resize(choices, kNoExpert);
    ResizeWeights(layer, choices);
    if (!trace_.kept.empty()) trace_.kept[layer].resize(choices, 0);
  }

  // The layer has at least so many choices: what it lacks is "no choice".
  std::string FillUp(std::uint32_t layer, std::size_t choices) {
    const std::size_t old = trace_.experts[layer].size();
    if (old >= choices) return "";
    std::string error = Spend((choices - old) * BytesPerChoice());
    if (error.empty()) Resize(layer, choices);
    return error;
  }

  // The choices per layer that the current step ends with: as many as the shortest layer has
  // without a gap; all, when every layer has one.
  [[nodiscard]] std::size_t ChoicesAtEnd() const {
    std::size_t choices = (first_token_ + trace_.steps.back().tokens) * trace_.top_k;
    for (std::uint32_t l = 0; l < trace_.layers(); ++l) {
      if (!has_gap_[l]) choices = std::min(choices, trace_.experts[l].size());
    }
    return choices;
  }

  std::string EndStep() {
    if (!open_) return "";
    open_ = false;
    const std::size_t choices = ChoicesAtEnd();
    for (std::uint32_t l = 0; l < trace_.layers(); ++l) {
      std::string error = has_gap_[l] ? FillUp(l, choices) : "";
      if (!error.empty()) return error;
      Resize(l, choices);
    }
    has_gap_.assign(trace_.layers(), false);
    const auto kept = static_cast<std::uint32_t>(choices / trace_.top_k - first_token_);
    TraceStep& step = trace_.steps.back();
    if (kept < step.tokens) {
      Warn(fmt::format("step {}: {} of {} tokens have all their layers; the others are left out",
                       step.step, kept, step.tokens));
      CutRuns(kept);
      step.tokens = kept;
    }
    if (kept == 0) trace_.steps.pop_back();
    if (trace_.token_ids.empty()) return "";
    const std::size_t ids = trace_.token_ids.size();
    std::string error =
        trace_.tokens() > ids ? Spend((trace_.tokens() - ids) * sizeof(kNoTokenId)) : "";
    if (error.empty()) trace_.token_ids.resize(trace_.tokens(), kNoTokenId);
    return error;
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
  std::uint32_t wanted_experts_;  // 0: as the file says
  RouterTrace trace_;
  bool open_ = false;
  bool any_chunk_ = false;
  std::vector<bool> has_gap_;  // [layer] in the current step
  std::size_t first_run_ = 0;
  std::uint64_t first_token_ = 0;
  // By sequence, in files without positions: runs of a sequence follow each other.
  std::map<std::uint32_t, std::uint32_t> next_position_;
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
