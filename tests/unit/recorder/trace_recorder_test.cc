// Does the trace hold what was written into the ring, and say so where it does not?
#include "kernels/recorder/trace_recorder.h"

#include <gtest/gtest.h>

#include <condition_variable>
#include <memory>
#include <mutex>
#include <sstream>
#include <stdexcept>

#include "sim/base/check.h"

namespace switchyard::kernels {
namespace {

constexpr std::uint32_t kLayers = 3;
constexpr std::uint32_t kTopK = 2;
constexpr std::uint32_t kExperts = 300;  // more than a byte
constexpr std::uint32_t kMaxTokens = 8;

RingShape Shape() {
  RingShape shape;
  shape.slots = 2;
  shape.layers = kLayers;
  shape.max_tokens = kMaxTokens;
  shape.top_k = kTopK;
  shape.weights = true;
  shape.drops = true;
  return shape;
}

RouterTrace About() {
  RouterTrace about;
  about.model_name = "test";
  about.num_experts = kExperts;
  about.top_k = kTopK;
  about.layer_ids = {1, 2, 4};
  about.domains = {"prose", "code"};
  return about;
}

// Distinct for each step, layer, token and choice; below kExperts.
std::uint16_t ExpertOf(std::uint64_t step, std::uint32_t layer, std::uint32_t token,
                       std::uint32_t choice) {
  return static_cast<std::uint16_t>((step * 97 + layer * 31 + token * 7 + choice * 150) % kExperts);
}

float WeightOf(std::uint32_t token, std::uint32_t choice) {
  return 1.0F / static_cast<float>(2 + token + choice);
}

// As a kernel would: into the slot's own memory.
void Fill(const StepSlot& slot, std::uint64_t step) {
  for (std::uint32_t l = 0; l < kLayers; ++l) {
    const auto out = slot.Output<Memory::kHost>(l);
    const auto slots = slot.Slots<Memory::kHost>(l);
    for (std::uint32_t t = 0; t < slot.tokens(); ++t) {
      for (std::uint32_t k = 0; k < kTopK; ++k) {
        out.expert.At(t, k) = ExpertOf(step, l, t, k);
        out.weight.At(t, k) = WeightOf(t, k);
        slots.At(t, k) = k == 1 && t % 2 == 1 ? -1 : 0;
      }
    }
  }
}

StepInfo Step(std::uint64_t step, std::uint32_t tokens) {
  StepInfo info;
  info.step = step;
  info.phase = TracePhase::kDecode;
  info.runs = {{7, tokens, static_cast<std::uint32_t>(step), 1}};
  for (std::uint32_t t = 0; t < tokens; ++t) info.token_ids.push_back(100 + t);
  return info;
}

RouterTrace Load(const std::string& bytes) {
  std::istringstream in(bytes);
  Result<RouterTrace> trace = LoadTrace(in, "recorded.trace");
  EXPECT_TRUE(trace.ok()) << (trace.ok() ? "" : ToString(trace.errors()));
  return trace.ok() ? std::move(trace).value() : RouterTrace();
}

std::string Record(std::uint32_t steps, const RecorderOptions& options) {
  std::ostringstream out;
  TraceRecorder recorder(About(), options, MakeHostRing(options.ring), out);
  for (std::uint64_t n = 0; n < steps; ++n) {
    // Steps of different sizes, so that rows of an earlier step lie behind those of a later one.
    const std::optional<StepSlot> slot =
        recorder.Begin(Step(n, kMaxTokens - static_cast<std::uint32_t>(n % 3)));
    if (!slot) continue;
    Fill(*slot, n);
    recorder.End(*slot);
  }
  EXPECT_TRUE(recorder.Finish().ok());
  return out.str();
}

// Token t of step n, which is token `token` of the trace.
void ExpectAsFilled(const RouterTrace& trace, std::uint64_t token, std::uint64_t n,
                    std::uint32_t t) {
  EXPECT_EQ(trace.token_ids[token], 100 + t);
  for (std::uint32_t i = 0; i < kLayers * kTopK; ++i) {
    const std::uint32_t l = i / kTopK;
    const std::uint32_t k = i % kTopK;
    const std::size_t at = token * kTopK + k;
    ASSERT_EQ(trace.experts[l][at], ExpertOf(n, l, t, k));
    ASSERT_EQ(trace.Weight(l, at), WeightOf(t, k));
    ASSERT_EQ(trace.kept[l][at], k == 1 && t % 2 == 1 ? 0 : 1);
  }
}

TEST(TraceRecorder, TheTraceHoldsWhatTheKernelsWrote) {
  constexpr std::uint32_t kSteps = 50;
  const RouterTrace trace = Load(Record(kSteps, {Shape(), BackPressure::kBlock}));
  ASSERT_EQ(trace.steps.size(), kSteps);
  EXPECT_EQ(trace.domains, About().domains);
  std::uint64_t token = 0;
  for (std::uint64_t n = 0; n < kSteps; ++n) {
    EXPECT_EQ(trace.steps[n].tokens, kMaxTokens - n % 3);
    EXPECT_EQ(trace.runs[n].sequence, 7U);
    EXPECT_EQ(trace.runs[n].position, n);
    EXPECT_EQ(trace.runs[n].domain, 1U);
    for (std::uint32_t t = 0; t < trace.steps[n].tokens; ++t, ++token) {
      ExpectAsFilled(trace, token, n, t);
    }
  }
  EXPECT_EQ(token, trace.tokens());
}

// Which thread runs when must not show in the file.
TEST(TraceRecorder, TheSameStepsGiveTheSameBytes) {
  const RecorderOptions options{Shape(), BackPressure::kBlock};
  const std::string first = Record(40, options);
  for (int again = 0; again < 5; ++again) EXPECT_EQ(Record(40, options), first);
}

TEST(TraceRecorder, WeightsCanBeHalvedOrLeftOut) {
  RecorderOptions options{Shape(), BackPressure::kBlock};
  options.weight_format = WeightFormat::kBf16;
  const RouterTrace half = Load(Record(1, options));
  ASSERT_EQ(half.weight_format, WeightFormat::kBf16);
  // bf16 has 8 bits of significand: at 1.0 neighbours are 2^-7 apart, so rounding errs by at most
  // 2^-8 of the value.
  for (std::uint32_t t = 0; t < kMaxTokens; ++t) {
    EXPECT_NEAR(half.Weight(0, t * kTopK), WeightOf(t, 0), WeightOf(t, 0) / 256);
  }
  options.write_weights = false;
  EXPECT_EQ(Load(Record(1, options)).weight_format, WeightFormat::kNone);
}

TEST(TraceRecorder, AStepWithoutTokensIsLeftOut) {
  std::ostringstream out;
  const RecorderOptions options{Shape(), BackPressure::kBlock};
  TraceRecorder recorder(About(), options, MakeHostRing(Shape()), out);
  for (const std::uint32_t tokens : {3U, 0U, 2U}) {
    const auto slot = recorder.Begin(Step(tokens, tokens));
    ASSERT_TRUE(slot.has_value());
    Fill(*slot, tokens);
    recorder.End(*slot);
  }
  const Result<RecorderReport> report = recorder.Finish();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report.value().steps, 2U);  // the empty one leaves nothing to write
  const RouterTrace trace = Load(out.str());
  ASSERT_EQ(trace.steps.size(), 2U);
  EXPECT_EQ(trace.steps[1].step, 2U);
  EXPECT_EQ(trace.tokens(), 5U);
}

// A ring whose copies end only when the test says so, or fail.
class SlowRing final : public RingMemory {
 public:
  struct Control {
    std::mutex mutex;
    std::condition_variable changed;
    bool open = false;
    Status result;
  };
  SlowRing(const RingShape& shape, std::shared_ptr<Control> control)
      : ring_(MakeHostRing(shape)), control_(std::move(control)) {}
  [[nodiscard]] Memory where() const override { return Memory::kHost; }
  [[nodiscard]] SlotArrays Slot(std::uint32_t slot) override { return ring_->Slot(slot); }
  Status BeginCopy(std::uint32_t slot, std::uint32_t tokens, StreamHandle stream) override {
    return ring_->BeginCopy(slot, tokens, stream);
  }
  Status FinishCopy(std::uint32_t slot, SlotArrays& host) override {
    std::unique_lock lock(control_->mutex);
    control_->changed.wait(lock, [this] { return control_->open; });
    const Status copied = ring_->FinishCopy(slot, host);
    return control_->result.ok() ? copied : control_->result;
  }

 private:
  std::unique_ptr<RingMemory> ring_;
  std::shared_ptr<Control> control_;
};

void Open(SlowRing::Control& control) {
  {
    const std::lock_guard lock(control.mutex);
    control.open = true;
  }
  control.changed.notify_all();
}

// Two slots, both held by a copy that does not end: steps 2 and 3 find none.
TEST(TraceRecorder, AStepThatFindsNoSlotBecomesAGap) {
  std::ostringstream out;
  auto control = std::make_shared<SlowRing::Control>();
  TraceRecorder recorder(About(), {Shape(), BackPressure::kDropAndCount},
                         std::make_unique<SlowRing>(Shape(), control), out);
  for (std::uint64_t n = 0; n < 4; ++n) {
    const auto slot = recorder.Begin(Step(n, kMaxTokens));
    EXPECT_EQ(slot.has_value(), n < 2);
    if (!slot) continue;
    Fill(*slot, n);
    recorder.End(*slot);
  }
  Open(*control);
  const Result<RecorderReport> report = recorder.Finish();
  ASSERT_TRUE(report.ok());
  EXPECT_EQ(report.value().steps, 2U);
  EXPECT_EQ(report.value().gaps, 2U);
  const RouterTrace trace = Load(out.str());
  EXPECT_EQ(trace.steps.size(), 2U);
  ASSERT_EQ(trace.gaps.size(), 2U);
  EXPECT_EQ(trace.gaps[0].step, 2U);
  EXPECT_EQ(trace.gaps[1].step, 3U);
  EXPECT_EQ(trace.gaps[1].layers, kLayers);
}

TEST(TraceRecorder, FailingBackPressureFailsTheRecording) {
  std::ostringstream out;
  auto control = std::make_shared<SlowRing::Control>();
  TraceRecorder recorder(About(), {Shape(), BackPressure::kFail},
                         std::make_unique<SlowRing>(Shape(), control), out);
  for (std::uint64_t n = 0; n < 3; ++n) {
    const auto slot = recorder.Begin(Step(n, 1));
    EXPECT_EQ(slot.has_value(), n < 2);
    if (slot) recorder.End(*slot);
  }
  Open(*control);
  const Result<RecorderReport> report = recorder.Finish();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.errors()[0].message.find("step 2"), std::string::npos);
}

TEST(TraceRecorder, ACopyThatFailsFailsTheRecordingAndBlocksNobody) {
  std::ostringstream out;
  auto control = std::make_shared<SlowRing::Control>();
  control->open = true;
  control->result = {StatusCode::kCuda, 700, "an illegal address was met"};
  TraceRecorder recorder(About(), {Shape(), BackPressure::kBlock},
                         std::make_unique<SlowRing>(Shape(), control), out);
  for (std::uint64_t n = 0; n < 20; ++n) {
    const auto slot = recorder.Begin(Step(n, 1));
    if (slot) recorder.End(*slot);
  }
  const Result<RecorderReport> report = recorder.Finish();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.errors()[0].message.find("an illegal address was met"), std::string::npos);
}

// Accepts so many bytes, then fails: a full disk. Or throws.
class FullDisk final : public std::stringbuf {
 public:
  FullDisk(std::streamsize room, bool throws) : room_(room), throws_(throws) {}

 protected:
  std::streamsize xsputn(const char* /*text*/, std::streamsize count) override {
    room_ -= count;
    if (room_ < 0 && throws_) throw std::runtime_error("the disk is on fire");
    return room_ < 0 ? 0 : count;
  }

 private:
  std::streamsize room_;
  bool throws_;
};

TEST(TraceRecorder, AFileThatCannotBeWrittenFailsTheRecording) {
  for (const bool throws : {false, true}) {
    FullDisk disk(1000, throws);
    std::ostream out(&disk);
    if (throws) out.exceptions(std::ios::badbit);
    TraceRecorder recorder(About(), {Shape(), BackPressure::kBlock}, MakeHostRing(Shape()), out);
    for (std::uint64_t n = 0; n < 50; ++n) {
      const auto slot = recorder.Begin(Step(n, kMaxTokens));
      if (!slot) break;
      Fill(*slot, n);
      recorder.End(*slot);
    }
    const Result<RecorderReport> report = recorder.Finish();
    ASSERT_FALSE(report.ok());
    const char* expected = throws ? "the disk is on fire" : "could not be written";
    EXPECT_NE(report.errors()[0].message.find(expected), std::string::npos)
        << report.errors()[0].message;
  }
}

// A recorder that is thrown away without Finish() leaves a trace without footer: cut off, but
// readable.
TEST(TraceRecorder, WithoutFinishTheStepsAreStillReadable) {
  std::ostringstream out;
  {
    TraceRecorder recorder(About(), {Shape(), BackPressure::kBlock}, MakeHostRing(Shape()), out);
    const auto slot = recorder.Begin(Step(0, kMaxTokens));
    ASSERT_TRUE(slot.has_value());
    Fill(*slot, 0);
    recorder.End(*slot);
  }
  EXPECT_EQ(Load(out.str()).tokens(), kMaxTokens);
}

TEST(TraceRecorder, MisuseIsFoundAtOnce) {
  std::ostringstream out;
  const RecorderOptions options{Shape(), BackPressure::kBlock};
  TraceRecorder recorder(About(), options, MakeHostRing(Shape()), out);
  EXPECT_THROW((void)recorder.Begin(Step(0, kMaxTokens + 1)), InternalError);
  const auto first = recorder.Begin(Step(0, 1));
  const auto second = recorder.Begin(Step(1, 1));
  ASSERT_TRUE(first && second);
  EXPECT_THROW((void)first->Output<Memory::kDevice>(0), InternalError);
  EXPECT_THROW((void)first->Output<Memory::kHost>(kLayers), InternalError);
  // Blocking here would wait for ever: nobody can give a slot back.
  EXPECT_THROW((void)recorder.Begin(Step(2, 1)), InternalError);
  recorder.End(*first);
  EXPECT_THROW(recorder.End(*first), InternalError);
  recorder.End(*second);
  EXPECT_TRUE(recorder.Finish().ok());
  EXPECT_THROW((void)recorder.Begin(Step(3, 1)), InternalError);
  EXPECT_THROW((void)recorder.Finish(), InternalError);
}

}  // namespace
}  // namespace switchyard::kernels
