// Records the routing of a running model into a .trace container, without holding it up: kernels
// write their choices straight into a ring, a thread of the recorder's own encodes and writes them.
//
//   TraceRecorder recorder(about, {.ring = shape}, MakeHostRing(shape), file.stream());
//   for (each step) {
//     std::optional<StepSlot> slot = recorder.Begin({.step = n, .runs = runs});
//     for (each layer l) RouteTopK(spec, logits, bias, slot->Output<Memory::kHost>(l));
//     recorder.End(*slot, stream);
//   }
//   Result<RecorderReport> report = recorder.Finish();
//
// On a GPU the same with MakeDeviceRing and Memory::kDevice: End() returns at once, the copy
// follows the stream. A step that cannot be taken is never left out in silence: it becomes a gap in
// the trace.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <ostream>
#include <string>
#include <thread>
#include <vector>

#include "kernels/recorder/ring_memory.h"
#include "kernels/routing.h"
#include "sim/base/result.h"
#include "sim/routing/trace/trace.h"

namespace switchyard::kernels {

// What Begin() does when every slot is still on its way to the file.
enum class BackPressure : std::uint8_t {
  kBlock,         // wait: complete, and the model waits too
  kDropAndCount,  // leave the step out; the trace has a gap record in its place
  kFail           // stop recording; Finish() says so
};

struct RecorderOptions {
  RingShape ring;
  BackPressure back_pressure = BackPressure::kBlock;
  WeightFormat weight_format =
      WeightFormat::kF32;     // of the file; kF32 or kBf16, where ring.weights
  bool write_weights = true;  // false: the ring's weights stay out of the file
};

// A step about to run. Rows are valid tokens only: padding is not recorded.
struct StepInfo {
  std::uint64_t step = 0;
  TracePhase phase = TracePhase::kMixed;
  std::vector<TraceRun> runs;            // in row order; their tokens are the step's
  std::vector<std::uint32_t> token_ids;  // one per token, or none
};

// Where the kernels of a step write. Copies are views of the same slot.
class StepSlot {
 public:
  StepSlot(const RingShape& shape, Memory where, SlotArrays arrays, std::uint32_t index,
           std::uint32_t tokens);

  // Layer l's choices and weights [tokens, top_k]; kMemory is that of the ring.
  template <Memory kMemory>
  [[nodiscard]] RouteOutput<kMemory> Output(std::uint32_t layer) const {
    CheckAccess(kMemory, layer);
    const std::size_t at = shape_.LayerItems() * layer;
    RouteOutput<kMemory> out;
    out.expert = {arrays_.expert + at, tokens_, shape_.top_k};
    if (arrays_.weight != nullptr) out.weight = {arrays_.weight + at, tokens_, shape_.top_k};
    return out;
  }
  // Layer l's slots, -1 where dropped; only when the ring has drops.
  template <Memory kMemory>
  [[nodiscard]] Matrix<std::int32_t, kMemory> Slots(std::uint32_t layer) const {
    CheckAccess(kMemory, layer);
    CheckDrops();
    return {arrays_.slot + shape_.LayerItems() * layer, tokens_, shape_.top_k};
  }
  [[nodiscard]] std::uint32_t index() const { return index_; }
  [[nodiscard]] std::uint32_t tokens() const { return tokens_; }

 private:
  void CheckAccess(Memory memory, std::uint32_t layer) const;
  void CheckDrops() const;

  RingShape shape_;
  Memory where_;
  SlotArrays arrays_;
  std::uint32_t index_;
  std::uint32_t tokens_;
};

struct RecorderReport {
  std::uint64_t steps = 0;  // written; a step without tokens leaves nothing to write
  std::uint64_t gaps = 0;
};

// Begin, End and Finish from one thread.
class TraceRecorder {
 public:
  // `about` is the trace's header: model, provenance, experts, top_k, layer_ids; without tokens.
  // `out` outlives the recorder.
  TraceRecorder(const RouterTrace& about, const RecorderOptions& options,
                std::unique_ptr<RingMemory> ring, std::ostream& out);
  ~TraceRecorder();
  TraceRecorder(const TraceRecorder&) = delete;
  TraceRecorder& operator=(const TraceRecorder&) = delete;

  // A slot for the step; none when it becomes a gap or recording has failed. Its tokens are at most
  // ring.max_tokens. At least one of the slots begun before must have been ended.
  [[nodiscard]] std::optional<StepSlot> Begin(StepInfo info);
  // What `stream` was given so far writes the slot. The slot is the recorder's again.
  void End(const StepSlot& slot, StreamHandle stream = nullptr);
  // Waits until everything is written, then writes the footer. Fails when a copy or the recording
  // failed.
  Result<RecorderReport> Finish();

 private:
  struct Job {
    std::optional<std::uint32_t> slot;  // none: a gap
    StepInfo info;
    std::uint32_t tokens = 0;
  };
  enum class SlotState : std::uint8_t { kFree, kBegun, kOnItsWay };
  void Work();
  void TryWrite(const Job& job);
  void Write(const Job& job);
  void WriteStep(const Job& job, const SlotArrays& arrays);
  void Fail(const std::string& why);
  void Stop();
  [[nodiscard]] std::optional<std::uint32_t> TakeSlot();

  RecorderOptions options_;
  RouterTrace step_trace_;  // the header's shape with one step's content, reused
  std::unique_ptr<RingMemory> ring_;
  struct Output;
  std::unique_ptr<Output> output_;
  std::vector<StepInfo> begun_;  // by slot

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // guarded, as what follows
  std::vector<std::uint32_t> free_;
  std::vector<SlotState> states_;   // by slot
  std::uint32_t on_their_way_ = 0;  // slots with the writer
  bool stopping_ = false;
  std::string failure_;
  RecorderReport report_;
  std::thread writer_;
};

}  // namespace switchyard::kernels
