// Does the trace say what the timeline says?
#include "sim/report/perfetto/perfetto.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <tuple>

#include "sim/base/check.h"
#include "sim/report/perfetto/reader.h"
#include "tests/unit/report/step_fixture.h"

namespace switchyard {
namespace {

// The decoded trace; fails the test when there is anything wrong with it.
PerfettoTrace ReadChecked(const std::string& bytes) {
  Result<PerfettoTrace> trace = ReadTrace(bytes);
  EXPECT_TRUE(trace.ok()) << (trace.ok() ? "" : ToString(trace.errors()));
  if (!trace.ok()) return {};
  EXPECT_EQ(ToString(CheckTrace(trace.value())), "");
  return std::move(trace).value();
}

std::map<std::uint64_t, TraceTrack> TracksByUuid(const PerfettoTrace& trace) {
  std::map<std::uint64_t, TraceTrack> tracks;
  for (const TraceTrack& track : trace.tracks) tracks[track.uuid] = track;
  return tracks;
}

constexpr std::uint64_t kFirstDevicePid = 1000;

// Device and stream, operation.
using SliceKey = std::tuple<std::uint64_t, std::string, std::string>;
struct SliceSum {
  std::size_t count = 0;
  double nanoseconds = 0;
};

std::map<SliceKey, SliceSum> SumsOfTrace(const PerfettoTrace& trace) {
  const auto tracks = TracksByUuid(trace);
  std::map<SliceKey, SliceSum> sums;
  for (const TraceSlice& slice : trace.slices) {
    const TraceTrack& track = tracks.at(slice.track_uuid);
    if (track.kind != TraceTrack::Kind::kThread) continue;
    SliceSum& sum =
        sums[{track.pid - kFirstDevicePid, track.name, *trace.events[slice.event].name}];
    ++sum.count;
    sum.nanoseconds += static_cast<double>(slice.duration);
  }
  return sums;
}

std::map<SliceKey, SliceSum> SumsOfTimeline(const StepFixture& step) {
  static const std::map<StreamKind, std::string> kThreads = {{StreamKind::kCompute, "compute"},
                                                             {StreamKind::kComm, "comm"},
                                                             {StreamKind::kCopyIn, "copy"}};
  std::map<SliceKey, SliceSum> sums;
  for (std::size_t t = 0; t < step.graph.tasks.size(); ++t) {
    const OpLabel& label = step.graph.tasks[t].label;
    for (std::size_t d = 0; d < step.graph.num_devices; ++d) {
      const Interval& interval = step.timeline.at(TaskId(t), DeviceId(d));
      SliceSum& sum = sums[{d, kThreads.at(label.stream), std::string(ToString(label.name))}];
      ++sum.count;
      sum.nanoseconds += 1e9 * (interval.end - interval.start).value;
    }
  }
  return sums;
}

void ExpectSameSums(const StepFixture& step, const PerfettoTrace& trace) {
  const auto expected = SumsOfTimeline(step);
  const auto measured = SumsOfTrace(trace);
  ASSERT_EQ(expected.size(), measured.size());
  for (const auto& [key, sum] : expected) {
    ASSERT_TRUE(measured.contains(key)) << std::get<1>(key) << " " << std::get<2>(key);
    EXPECT_EQ(measured.at(key).count, sum.count) << std::get<2>(key);
    // Both ends of a slice are rounded by at most half a nanosecond.
    EXPECT_NEAR(measured.at(key).nanoseconds, sum.nanoseconds, 1.0 * static_cast<double>(sum.count))
        << std::get<2>(key);
  }
}

double IntegralOf(const std::vector<TraceSample>& samples) {
  double bytes = 0;  // GB/s are bytes per nanosecond
  for (std::size_t i = 0; i + 1 < samples.size(); ++i)
    bytes +=
        samples[i].value * static_cast<double>(samples[i + 1].timestamp - samples[i].timestamp);
  return bytes;
}

TEST(Perfetto, SlicesAreTheTimelines) {
  const StepFixture step;
  ExpectSameSums(step, ReadChecked(step.Trace()));
}

TEST(Perfetto, SlicesStayApartWhenRoundingMatters) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    const StepFixture step({4, 4, 2, 1e-9, seed});
    ExpectSameSums(step, ReadChecked(step.Trace()));
  }
}

// Bytes of each counter, sorted: links with the same owner and name share one.
std::multiset<long long> BytesOfCounters(const StepFixture& step) {
  std::map<std::tuple<TraceOwner, std::uint32_t, std::string>, double> bytes;
  for (std::size_t l = 0; l < step.links.size(); ++l) {
    const TraceLink& link = step.links[l];
    if (link.owner != TraceOwner::kNobody)
      bytes[{link.owner, link.index, link.name}] += step.timeline.links[l].bytes.value;
  }
  std::multiset<long long> sums;
  for (const auto& [key, sum] : bytes)
    if (sum > 0) sums.insert(std::llround(sum));
  return sums;
}

TEST(Perfetto, CounterIntegralsAreTheLinksBytes) {
  for (const double scale : {1e-3, 1e-6, 1e-9}) {
    const StepFixture step({4, 3, 2, scale, 7});
    const PerfettoTrace trace = ReadChecked(step.Trace());
    std::multiset<long long> measured;
    for (const TraceTrack& track : trace.tracks) {
      if (track.unit != "GB/s") continue;
      const std::vector<TraceSample>& samples = trace.counters.at(track.uuid);
      EXPECT_EQ(samples.back().value, 0.0) << track.name;
      const double bytes = IntegralOf(samples);
      EXPECT_NEAR(bytes, std::round(bytes), 1e-3) << "whole but for the last bits";
      measured.insert(std::llround(bytes));
    }
    EXPECT_EQ(measured, BytesOfCounters(step)) << "time scale " << scale;
  }
}

TEST(Perfetto, OverlappingTransfersOfALinkAddUp) {
  // 1000 bytes in 0-100 ns and 400 bytes in 60-140 ns: 10 GB/s, then 10 + 5, then 5, then 0.
  StepFixture step({2, 1, 2, 1e-6, 3});
  const auto is_dispatch = [](const Task& t) { return t.label.name == OpName::kDispatch; };
  const auto first = std::find_if(step.graph.tasks.begin(), step.graph.tasks.end(), is_dispatch);
  const TaskId a(static_cast<std::size_t>(first - step.graph.tasks.begin()));
  step.timeline.link_activity = {{LinkId(0), a, 0_s, Seconds{100e-9}, 1000_B},
                                 {LinkId(0), a, Seconds{60e-9}, Seconds{140e-9}, 400_B}};
  const PerfettoTrace trace = ReadChecked(step.Trace());
  const auto track = std::find_if(trace.tracks.begin(), trace.tracks.end(),
                                  [](const TraceTrack& t) { return t.name == "NVLink TX"; });
  ASSERT_NE(track, trace.tracks.end());
  std::vector<std::pair<std::uint64_t, double>> samples;
  for (const TraceSample& s : trace.counters.at(track->uuid))
    samples.emplace_back(s.timestamp, s.value);
  EXPECT_EQ(samples, (std::vector<std::pair<std::uint64_t, double>>{
                         {0, 10.0}, {60, 15.0}, {100, 5.0}, {140, 0.0}}));
}

// "dispatch 0 l1 mb0": operation, device, layer and micro-batch of an arrow's end.
std::string DescribeEnd(const std::string& op, std::uint64_t device, std::uint64_t layer,
                        std::uint64_t micro_batch) {
  return fmt::format("{} {} l{} mb{}", op, device, layer, micro_batch);
}

std::string DescribeArrow(const std::string& source, const std::string& sink) {
  return fmt::format("{} > {}", source, sink);
}

std::multiset<std::string> MeasuredArrows(const PerfettoTrace& trace) {
  const auto tracks = TracksByUuid(trace);
  const auto end = [&](std::size_t slice) {
    const TraceSlice& s = trace.slices[slice];
    const TraceEvent& event = trace.events[s.event];
    return DescribeEnd(*event.name, tracks.at(s.track_uuid).pid - kFirstDevicePid,
                       event.args.at("layer"), event.args.at("micro_batch"));
  };
  std::multiset<std::string> arrows;
  for (const TraceFlow& flow : trace.flows)
    arrows.insert(DescribeArrow(end(flow.source), end(flow.sink)));
  return arrows;
}

TaskId FindTask(const StepFixture& step, OpName name, std::uint64_t layer,
                std::uint64_t micro_batch) {
  const auto& tasks = step.graph.tasks;
  const auto found = std::find_if(tasks.begin(), tasks.end(), [&](const Task& task) {
    return task.label.name == name && task.label.layer == layer &&
           task.label.micro_batch == micro_batch;
  });
  return TaskId(static_cast<std::size_t>(found - tasks.begin()));
}

// Of one (layer, micro-batch).
void AddExpectedArrows(const StepFixture& step, std::uint32_t layer, std::uint32_t mb,
                       std::multiset<std::string>& arrows) {
  const TaskId dispatch = FindTask(step, OpName::kDispatch, layer, mb);
  const TaskId gemm = FindTask(step, OpName::kExpertGemm, layer, mb);
  const TaskId combine = FindTask(step, OpName::kCombine, layer, mb);
  for (std::uint32_t d = 0; d < step.graph.num_devices; ++d) {
    const auto start_ns = [&](TaskId task) {
      return std::llround(1e9 * step.timeline.at(task, DeviceId(d)).start.value);
    };
    const std::string experts = DescribeEnd("expert_gemm", d, layer, mb);
    arrows.insert(DescribeArrow(DescribeEnd("dispatch", d, layer, mb), experts));
    const std::uint32_t last_sender = step.timeline.at(dispatch, DeviceId(d)).end_cause_device;
    if (last_sender != d)
      arrows.insert(DescribeArrow(DescribeEnd("dispatch", last_sender, layer, mb), experts));
    // Nothing to draw when the experts took no time and both begin together.
    if (start_ns(combine) > start_ns(gemm))
      arrows.insert(DescribeArrow(experts, DescribeEnd("combine", d, layer, mb)));
  }
}

TEST(Perfetto, ArrowsFollowTheTokens) {
  const StepFixture step;
  std::multiset<std::string> expected;
  for (std::uint32_t layer = 0; layer < 3; ++layer)
    for (std::uint32_t mb = 0; mb < 2; ++mb) AddExpectedArrows(step, layer, mb, expected);
  EXPECT_EQ(MeasuredArrows(ReadChecked(step.Trace())), expected);
}

TEST(Perfetto, SlicesCarryWhatVariesAsArguments) {
  const StepFixture step;
  const PerfettoTrace trace = ReadChecked(step.Trace());
  const auto tracks = TracksByUuid(trace);
  std::size_t dispatches = 0;
  for (const TraceSlice& slice : trace.slices) {
    const TraceEvent& event = trace.events[slice.event];
    const std::uint64_t device = tracks.at(slice.track_uuid).pid - kFirstDevicePid;
    if (*event.name == "expert_gemm") {
      const TraceMoeLoad& load =
          step.loads[event.args.at("layer") * 2 + event.args.at("micro_batch")];
      EXPECT_EQ(event.args.at("tokens"), load.device_tokens[device]);
    }
    if (*event.name == "lm_head") {
      EXPECT_FALSE(event.args.contains("layer"));
    }
    if (*event.name != "dispatch") continue;
    ++dispatches;
    EXPECT_EQ(event.categories, std::vector<std::string>{"comm"});
    const std::size_t t =
        FindTask(step, OpName::kDispatch, event.args.at("layer"), event.args.at("micro_batch"))
            .index();
    EXPECT_EQ(static_cast<double>(event.args.at("bytes_send")),
              step.transfer_bytes[t].sent[device]);
    EXPECT_EQ(static_cast<double>(event.args.at("bytes_recv")),
              step.transfer_bytes[t].received[device]);
  }
  EXPECT_EQ(dispatches, 4U * 3U * 2U);
}

TEST(Perfetto, TracksAreLaidOutByNodeAndDevice) {
  const StepFixture step;
  const PerfettoTrace trace = ReadChecked(step.Trace());
  std::vector<std::string> processes;
  for (const TraceTrack& track : trace.tracks)
    if (track.kind == TraceTrack::Kind::kProcess) processes.push_back(track.name);
  EXPECT_EQ(processes,
            (std::vector<std::string>{"Cluster", "Fabric", "GPU 0000 (node 00 gpu 0)",
                                      "GPU 0001 (node 00 gpu 1)", "Node 001",
                                      "GPU 0002 (node 01 gpu 0)", "GPU 0003 (node 01 gpu 1)"}));
  EXPECT_EQ(trace.attributes.at("scenario"), "fixture");
  EXPECT_EQ(trace.attributes.at("layers_in_step"), "3");
  EXPECT_FALSE(trace.attributes.contains("left_out"));
}

TEST(Perfetto, TokenCountersFollowTheLayers) {
  const StepFixture step({4, 3, 1, 1e-6, 5});
  const PerfettoTrace trace = ReadChecked(step.Trace());
  std::vector<double> totals;
  for (const TraceTrack& track : trace.tracks) {
    if (track.name != "tokens") continue;
    const std::vector<TraceSample>& samples = trace.counters.at(track.uuid);
    for (std::size_t i = 0; i + 1 < samples.size(); ++i)
      EXPECT_NE(samples[i].value, samples[i + 1].value) << "samples only on change";
    EXPECT_EQ(samples.back().value, 0.0);
    totals.push_back(samples.front().value);
  }
  ASSERT_EQ(totals.size(), 4U);
  for (std::size_t d = 0; d < 4; ++d)
    EXPECT_EQ(totals[d], static_cast<double>(step.loads[0].device_tokens[d]));
}

TEST(Perfetto, SameInputSameBytes) {
  const StepFixture step;
  EXPECT_EQ(step.Trace(), step.Trace());
  EXPECT_EQ(step.Trace(), StepFixture().Trace());
}

TEST(Perfetto, BudgetLeavesOutWholeLayersFromTheEnd) {
  const StepFixture step({4, 12, 2, 1e-6, 9});
  std::ostringstream all;
  const PerfettoSummary whole = WritePerfetto(step.Input(), {}, all).value();
  EXPECT_EQ(whole.layers_written, 12U);
  std::uint32_t last_layers = 12;
  for (std::uint64_t budget = whole.events * 2; budget > 0; budget = budget * 2 / 3) {
    std::ostringstream out;
    const PerfettoSummary summary = WritePerfetto(step.Input(), {budget}, out).value();
    const PerfettoTrace trace = ReadChecked(out.str());
    EXPECT_LE(summary.events, std::max<std::uint64_t>(budget, 2)) << "the step itself is two";
    EXPECT_EQ(trace.events.size(), summary.events);
    EXPECT_LE(summary.layers_written, last_layers);
    last_layers = summary.layers_written;
    std::map<std::uint64_t, std::size_t> slices_of_layer;
    for (const TraceSlice& slice : trace.slices) {
      const auto& args = trace.events[slice.event].args;
      if (args.contains("layer")) ++slices_of_layer[args.at("layer")];
    }
    EXPECT_EQ(slices_of_layer.size(), summary.layers_written);
    // 4 devices x (5 operations x 2 micro-batches + 1 copy).
    for (const auto& [layer, slices] : slices_of_layer) {
      EXPECT_LT(layer, summary.layers_written);
      EXPECT_EQ(slices, 4U * (5U * 2U + 1U));
    }
    EXPECT_EQ(trace.attributes.at("layers_written"), std::to_string(summary.layers_written));
    EXPECT_EQ(trace.attributes.contains("left_out"), summary.layers_written < 12);
  }
  EXPECT_EQ(last_layers, 0U);
}

TEST(Perfetto, StepTooLongForTheFormatIsAnError) {
  StepFixture step;
  step.timeline.makespan = Seconds{1e12};
  std::ostringstream out;
  const Result<PerfettoSummary> written = WritePerfetto(step.Input(), {}, out);
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(ToString(written.errors()),
            "error: the step lasts 1e+12 s; a Perfetto trace holds at most 4.6e+09 s\n");
  EXPECT_EQ(out.str(), "");
}

TEST(Perfetto, OverlapOnAStreamIsOurBug) {
  StepFixture step;
  // The first attention runs on into the router.
  step.timeline.intervals[0].end += 10_us;
  std::ostringstream out;
  EXPECT_THROW((void)WritePerfetto(step.Input(), {}, out), InternalError);
  step.timeline.intervals[0].end = Seconds{std::numeric_limits<double>::quiet_NaN()};
  EXPECT_THROW((void)WritePerfetto(step.Input(), {}, out), InternalError);
}

TEST(Perfetto, WorksWithoutTheOptionalParts) {
  const StepFixture step;
  std::ostringstream out;
  const PerfettoInput bare{
      step.graph, step.timeline, DeviceTrackNames(step.nodes), step.nodes, {}, {}, {}, {}};
  ASSERT_TRUE(WritePerfetto(bare, {}, out).ok());
  const PerfettoTrace trace = ReadChecked(out.str());
  ExpectSameSums(step, trace);
  EXPECT_TRUE(trace.counters.empty());
}

}  // namespace
}  // namespace switchyard
