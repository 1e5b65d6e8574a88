#include "kernels/recorder/trace_recorder.h"

#include <exception>
#include <utility>

#include "sim/base/check.h"
#include "sim/routing/trace/half.h"
#include "sim/routing/trace/router_trace.h"
#include "sim/routing/trace/trace_save.h"
#include "sim/routing/trace/trace_writer.h"

namespace switchyard::kernels {
namespace {

std::uint32_t TokensOf(const StepInfo& info) {
  std::uint32_t tokens = 0;
  for (const TraceRun& run : info.runs) tokens += run.tokens;
  return tokens;
}

void TakeWeights(const float* from, std::size_t count, WeightFormat format, LayerWeights& to) {
  if (format == WeightFormat::kF32) {
    to.values.assign(from, from + count);
    return;
  }
  to.bits.resize(count);
  for (std::size_t i = 0; i < count; ++i) to.bits[i] = FloatToBf16(from[i]);
}

trace_pb::Record GapOf(std::uint64_t step, std::uint32_t layers) {
  trace_pb::Record record;
  trace_pb::Gap& gap = *record.mutable_gap();
  gap.set_step(step);
  gap.set_layers(layers);
  gap.set_reason("every slot of the recorder was in use");
  return record;
}

}  // namespace

StepSlot::StepSlot(const RingShape& shape, Memory where, SlotArrays arrays, std::uint32_t index,
                   std::uint32_t tokens)
    : shape_(shape), where_(where), arrays_(arrays), index_(index), tokens_(tokens) {}

void StepSlot::CheckAccess(Memory memory, std::uint32_t layer) const {
  SWITCHYARD_CHECK(memory == where_, "a slot is asked for memory where it does not lie");
  SWITCHYARD_CHECK(layer < shape_.layers, "a slot is asked for a layer that the ring has not");
}

void StepSlot::CheckDrops() const {
  SWITCHYARD_CHECK(arrays_.slot != nullptr, "a ring without drops has no slots");
}

struct TraceRecorder::Output {
  explicit Output(std::ostream& to) : stream(to), writer(to) {}
  std::ostream& stream;
  TraceWriter writer;
};

TraceRecorder::TraceRecorder(const RouterTrace& about, const RecorderOptions& options,
                             std::unique_ptr<RingMemory> ring, std::ostream& out)
    : options_(options),
      step_trace_(about),
      ring_(std::move(ring)),
      output_(std::make_unique<Output>(out)),
      begun_(options.ring.slots),
      states_(options.ring.slots, SlotState::kFree) {
  const RingShape& shape = options_.ring;
  SWITCHYARD_CHECK(shape.slots >= 1 && shape.layers == about.layers() && shape.top_k == about.top_k,
                   "the ring's shape is not that of the trace");
  SWITCHYARD_CHECK(
      options_.weight_format == WeightFormat::kF32 || options_.weight_format == WeightFormat::kBf16,
      "weights are written as f32 or bf16");
  options_.write_weights = options_.write_weights && shape.weights;
  step_trace_.weight_format = options_.write_weights ? options_.weight_format : WeightFormat::kNone;
  step_trace_.experts.resize(shape.layers);
  step_trace_.weights.resize(options_.write_weights ? shape.layers : 0);
  step_trace_.kept.resize(shape.drops ? shape.layers : 0);
  for (std::uint32_t slot = shape.slots; slot > 0; --slot) free_.push_back(slot - 1);
  WriteTraceHeader(step_trace_, output_->writer);
  writer_ = std::thread([this] { Work(); });
}

TraceRecorder::~TraceRecorder() { Stop(); }

std::optional<std::uint32_t> TraceRecorder::TakeSlot() {
  std::unique_lock lock(mutex_);
  if (free_.empty() && options_.back_pressure == BackPressure::kBlock) {
    SWITCHYARD_CHECK(on_their_way_ > 0, "every slot was begun and none ended");
    changed_.wait(lock, [this] { return !free_.empty() || !failure_.empty(); });
  }
  if (!failure_.empty() || free_.empty()) return std::nullopt;
  const std::uint32_t slot = free_.back();
  free_.pop_back();
  states_[slot] = SlotState::kBegun;
  return slot;
}

std::optional<StepSlot> TraceRecorder::Begin(StepInfo info) {
  const std::uint32_t tokens = TokensOf(info);
  SWITCHYARD_CHECK(!stopping_, "a step is begun after Finish()");
  SWITCHYARD_CHECK(tokens <= options_.ring.max_tokens, "a step has more tokens than a slot");
  SWITCHYARD_CHECK(info.token_ids.empty() || info.token_ids.size() == tokens,
                   "one token id per token");
  const std::optional<std::uint32_t> slot = TakeSlot();
  if (slot) {
    begun_[*slot] = std::move(info);
    return StepSlot(options_.ring, ring_->where(), ring_->Slot(*slot), *slot, tokens);
  }
  const std::lock_guard lock(mutex_);
  if (!failure_.empty()) return std::nullopt;
  if (options_.back_pressure == BackPressure::kFail) {
    failure_ = "the trace could not be written as fast as it was recorded (step " +
               std::to_string(info.step) + ")";
    return std::nullopt;
  }
  // Only the number: while the writer is stuck, gaps are all that grows.
  StepInfo gap;
  gap.step = info.step;
  jobs_.push_back({std::nullopt, std::move(gap), 0});
  changed_.notify_all();
  return std::nullopt;
}

void TraceRecorder::End(const StepSlot& slot, StreamHandle stream) {
  {
    const std::lock_guard lock(mutex_);
    SWITCHYARD_CHECK(!stopping_ && states_[slot.index()] == SlotState::kBegun,
                     "a slot is ended that was not begun, or ended before");
    states_[slot.index()] = SlotState::kOnItsWay;
  }
  const Status copy = ring_->BeginCopy(slot.index(), slot.tokens(), stream);
  const std::lock_guard lock(mutex_);
  ++on_their_way_;
  if (!copy.ok() && failure_.empty()) failure_ = copy.what;
  jobs_.push_back({slot.index(), std::move(begun_[slot.index()]), slot.tokens()});
  changed_.notify_all();
}

void TraceRecorder::Work() {
  for (;;) {
    Job job;
    bool failed = false;
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !jobs_.empty() || stopping_; });
      if (jobs_.empty()) return;
      job = std::move(jobs_.front());
      jobs_.pop_front();
      failed = !failure_.empty();
    }
    if (!failed) TryWrite(job);
    const std::lock_guard lock(mutex_);
    if (job.slot) {
      states_[*job.slot] = SlotState::kFree;
      free_.push_back(*job.slot);
      --on_their_way_;
    }
    changed_.notify_all();
  }
}

// An exception that left this thread would end the process, and the model with it.
void TraceRecorder::TryWrite(const Job& job) {
  try {
    Write(job);
    if (!output_->stream) Fail("the trace could not be written");
  } catch (const std::exception& error) {
    Fail(error.what());
  } catch (...) {
    Fail("an unknown exception");
  }
}

void TraceRecorder::Write(const Job& job) {
  if (!job.slot) {
    output_->writer.Write(GapOf(job.info.step, options_.ring.layers));
    const std::lock_guard lock(mutex_);
    ++report_.gaps;
    return;
  }
  SlotArrays arrays;
  if (const Status copy = ring_->FinishCopy(*job.slot, arrays); !copy.ok()) {
    Fail(copy.what);
    return;
  }
  if (job.tokens == 0) return;  // a trace holds no steps without tokens
  WriteStep(job, arrays);
  const std::lock_guard lock(mutex_);
  ++report_.steps;
}

void TraceRecorder::WriteStep(const Job& job, const SlotArrays& arrays) {
  const RingShape& shape = options_.ring;
  const std::size_t choices = std::size_t{job.tokens} * shape.top_k;
  step_trace_.steps = {{job.info.step, job.info.phase, job.tokens}};
  step_trace_.runs = job.info.runs;
  step_trace_.token_ids = job.info.token_ids;
  for (std::uint32_t l = 0; l < shape.layers; ++l) {
    const std::size_t at = shape.LayerItems() * l;
    step_trace_.experts[l].assign(arrays.expert + at, arrays.expert + at + choices);
    if (options_.write_weights) {
      TakeWeights(arrays.weight + at, choices, options_.weight_format, step_trace_.weights[l]);
    }
    if (!shape.drops) continue;
    KeptMask& kept = step_trace_.kept[l];
    kept.resize(choices);
    for (std::size_t i = 0; i < choices; ++i) kept[i] = arrays.slot[at + i] >= 0 ? 1 : 0;
  }
  WriteTraceSteps(step_trace_, output_->writer);
}

void TraceRecorder::Fail(const std::string& why) {
  const std::lock_guard lock(mutex_);
  if (failure_.empty()) failure_ = why;
}

void TraceRecorder::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (writer_.joinable()) writer_.join();
}

Result<RecorderReport> TraceRecorder::Finish() {
  SWITCHYARD_CHECK(!stopping_, "Finish() is called twice");
  Stop();
  if (failure_.empty()) {
    output_->writer.Finish();
    output_->stream.flush();
    if (!output_->stream) failure_ = "the trace could not be written";
  }
  if (!failure_.empty()) return Problem("recording failed: " + failure_);
  return report_;
}

}  // namespace switchyard::kernels
