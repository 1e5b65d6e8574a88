// Does the reader notice what Perfetto would silently get wrong?
#include "sim/report/perfetto/reader.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/report/perfetto/fields.h"
#include "sim/report/perfetto/wire_writer.h"
#include "tests/unit/report/step_fixture.h"

namespace switchyard {
namespace {

using perfetto::WireMessage;
using Ids = std::vector<std::uint64_t>;

// Traces packet by packet, right or wrong. Interned: category 1 "c", name 1 "slice", argument 1.
class TraceDraft {
 public:
  TraceDraft& Names(std::uint64_t flags = 3) {
    WireMessage table;
    for (const auto field : {perfetto::interned::kCategories, perfetto::interned::kEventNames,
                             perfetto::interned::kAnnotationNames}) {
      WireMessage entry;
      entry.Uint(perfetto::interned::kIid, 1);
      entry.Text(perfetto::interned::kText, "slice");
      table.Message(field, entry);
    }
    return Add(perfetto::packet::kInternedData, table, {}, flags);
  }
  TraceDraft& Process(std::uint64_t uuid, std::int64_t pid) {
    WireMessage process;
    process.Int(perfetto::process::kPid, pid);
    process.Text(perfetto::process::kName, "P" + std::to_string(uuid));
    return Track(uuid, 0, "", perfetto::descriptor::kProcess, process);
  }
  TraceDraft& Thread(std::uint64_t uuid, std::int64_t pid, std::int64_t tid) {
    WireMessage thread;
    thread.Int(perfetto::thread::kPid, pid);
    thread.Int(perfetto::thread::kTid, tid);
    thread.Text(perfetto::thread::kName, "T" + std::to_string(uuid));
    return Track(uuid, 0, "", perfetto::descriptor::kThread, thread);
  }
  TraceDraft& Counter(std::uint64_t uuid, std::uint64_t parent, const std::string& name) {
    WireMessage counter;
    counter.Text(perfetto::counter::kUnitName, "GB/s");
    return Track(uuid, parent, name, perfetto::descriptor::kCounter, counter);
  }
  TraceDraft& Begin(std::uint64_t ts, std::uint64_t track, const Ids& leaving = {},
                    const Ids& ending = {}, std::uint64_t name = 1) {
    WireMessage event;
    event.Uint(perfetto::event::kType, perfetto::event::kSliceBegin);
    event.Uint(perfetto::event::kTrackUuid, track);
    if (name != kNoName) event.Uint(perfetto::event::kNameIid, name);
    for (const auto id : leaving) event.Fixed64(perfetto::event::kFlowIds, id);
    for (const auto id : ending) event.Fixed64(perfetto::event::kTerminatingFlowIds, id);
    return Event(event, ts);
  }
  TraceDraft& End(std::uint64_t ts, std::uint64_t track) {
    WireMessage event;
    event.Uint(perfetto::event::kType, perfetto::event::kSliceEnd);
    event.Uint(perfetto::event::kTrackUuid, track);
    return Event(event, ts);
  }
  TraceDraft& Sample(std::uint64_t ts, std::uint64_t track, std::optional<double> value) {
    WireMessage event;
    event.Uint(perfetto::event::kType, perfetto::event::kCounterSample);
    event.Uint(perfetto::event::kTrackUuid, track);
    if (value) event.Double(perfetto::event::kDoubleValue, *value);
    return Event(event, ts);
  }
  TraceDraft& Event(const WireMessage& event, std::optional<std::uint64_t> ts) {
    return Add(perfetto::packet::kTrackEvent, event, ts, event_flags);
  }
  TraceDraft& Add(std::uint32_t field, const WireMessage& payload, std::optional<std::uint64_t> ts,
                  std::uint64_t flags) {
    WireMessage packet;
    packet.Uint(perfetto::packet::kSequenceId, sequence);
    packet.Uint(perfetto::packet::kSequenceFlags, flags);
    if (ts) packet.Uint(perfetto::packet::kTimestamp, *ts);
    packet.Message(field, payload);
    trace_.Message(perfetto::trace::kPacket, packet);
    return *this;
  }
  [[nodiscard]] std::string bytes() const { return std::string(trace_.bytes()); }

  static constexpr std::uint64_t kNoName = 1000;
  std::uint64_t sequence = 1;
  std::uint64_t event_flags = 2;

 private:
  TraceDraft& Track(std::uint64_t uuid, std::uint64_t parent, const std::string& name,
                    std::uint32_t kind, const WireMessage& content) {
    WireMessage track;
    track.Uint(perfetto::descriptor::kUuid, uuid);
    if (parent != 0) track.Uint(perfetto::descriptor::kParentUuid, parent);
    if (!name.empty()) track.Text(perfetto::descriptor::kName, name);
    track.Message(kind, content);
    return Add(perfetto::packet::kTrackDescriptor, track, {}, 2);
  }

  WireMessage trace_;
};

constexpr std::uint64_t kCompute = 2;
constexpr std::uint64_t kComm = 3;
constexpr std::uint64_t kLink = 4;

TraceDraft Tracks() {
  TraceDraft draft;
  draft.Names().Process(1, 7).Thread(kCompute, 7, 70).Thread(kComm, 7, 71);
  return draft.Counter(kLink, 1, "link");
}

std::string ProblemsOf(const TraceDraft& draft) {
  const Result<PerfettoTrace> trace = ReadTrace(draft.bytes());
  return trace.ok() ? ToString(CheckTrace(trace.value())) : "unreadable";
}

TEST(PerfettoReader, GoodTracePassesAndIsRead) {
  const TraceDraft draft = Tracks()
                               .Begin(100, kComm, {1, 2})
                               .End(200, kComm)
                               .Begin(200, kComm)  // back to back, in this order in the file
                               .End(200, kComm)
                               .Begin(200, kCompute, {}, {2, 1})
                               .End(250, kCompute)
                               .Sample(100, kLink, 1.5)
                               .Sample(200, kLink, 0.0);
  ASSERT_EQ(ProblemsOf(draft), "");
  const PerfettoTrace trace = ReadTrace(draft.bytes()).value();
  ASSERT_EQ(trace.slices.size(), 3U);
  EXPECT_EQ(trace.slices[0].timestamp, 100U);
  EXPECT_EQ(trace.slices[0].duration, 100U);
  EXPECT_EQ(trace.slices[1].duration, 0U);
  ASSERT_EQ(trace.flows.size(), 2U);
  EXPECT_EQ(trace.flows[0].source, 0U);
  EXPECT_EQ(trace.flows[0].sink, 2U);
  EXPECT_EQ(trace.counters.at(kLink).size(), 2U);
}

struct BrokenTrace {
  const char* problem;
  std::function<void(TraceDraft&)> add;
};

const std::vector<BrokenTrace> kBrokenTraces = {
    {"slices of thread 'T2' overlap",  // the pair that is not nested
     [](auto& t) {
       t.Begin(100, kCompute).Begin(200, kCompute).End(300, kCompute).End(400, kCompute);
     }},
    {"slices of thread 'T2' overlap",  // next begin before the end in the file
     [](auto& t) {
       t.Begin(100, kCompute).Begin(200, kCompute).End(200, kCompute).End(300, kCompute);
     }},
    {"end without a begin", [](auto& t) { t.End(100, kCompute); }},
    {"slice is never ended", [](auto& t) { t.Begin(100, kCompute); }},
    {"parent track 99 is never described", [](auto& t) { t.Counter(9, 99, "lost"); }},
    {"tracks nest too deeply or in a circle",
     [](auto& t) { t.Counter(9, 10, "a").Counter(10, 9, "b"); }},
    {"event on a track that is never described", [](auto& t) { t.Begin(100, 99).End(200, 99); }},
    {"undefined interned id 5",
     [](auto& t) { t.Begin(100, kCompute, {}, {}, 5).End(200, kCompute); }},
    {"undefined interned id 0",
     [](auto& t) { t.Begin(100, kCompute, {}, {}, 0).End(200, kCompute); }},
    {"slice without a name",
     [](auto& t) { t.Begin(100, kCompute, {}, {}, TraceDraft::kNoName).End(200, kCompute); }},
    {"counter sample on a track that is no counter", [](auto& t) { t.Sample(100, kCompute, 1.0); }},
    {"counter sample without a value", [](auto& t) { t.Sample(100, kLink, {}); }},
    {"counter sample that is not finite",
     [](auto& t) { t.Sample(1, kLink, std::numeric_limits<double>::infinity()); }},
    {"slice on a counter track", [](auto& t) { t.Begin(100, kLink).End(200, kLink); }},
    {"flow 5 leads back in time",
     [](auto& t) {
       t.Begin(100, kCompute, {}, {5}).End(200, kCompute).Begin(150, kComm, {5}).End(160, kComm);
     }},
    {"flow 5 leads back in time",  // at the same time, but later in the file
     [](auto& t) {
       t.Begin(100, kCompute, {}, {5}).End(200, kCompute).Begin(100, kComm, {5}).End(160, kComm);
     }},
    {"flow 5 has two sources",
     [](auto& t) {
       t.Begin(1, kComm, {5}).End(2, kComm).Begin(3, kComm, {5}).End(4, kComm);
       t.Begin(5, kComm, {}, {5}).End(6, kComm);
     }},
    {"flow 5 ends twice",
     [](auto& t) {
       t.Begin(1, kComm, {5}).End(2, kComm).Begin(3, kComm, {}, {5}).End(4, kComm);
       t.Begin(5, kComm, {}, {5}).End(6, kComm);
     }},
    {"flow 5 never ends", [](auto& t) { t.Begin(1, kComm, {5}).End(2, kComm); }},
    {"flow 5 has no source", [](auto& t) { t.Begin(1, kComm, {}, {5}).End(2, kComm); }},
    {"timestamp of 2^63 or more",
     [](auto& t) {
       const std::uint64_t late = std::uint64_t{1} << 63;
       t.Begin(late, kComm).End(late, kComm);
     }},
    {"event without a timestamp",
     [](auto& t) {
       WireMessage event;
       event.Uint(perfetto::event::kType, perfetto::event::kSliceEnd);
       event.Uint(perfetto::event::kTrackUuid, kComm);
       t.Event(event, {});
     }},
    {"event without a type",
     [](auto& t) {
       WireMessage event;
       event.Uint(perfetto::event::kTrackUuid, kComm);
       t.Event(event, 5);
     }},
    {"track 2 is described twice", [](auto& t) { t.Thread(kCompute, 7, 72); }},
    {"pid 7 is of two processes", [](auto& t) { t.Process(9, 7); }},
    {"tid 70 is of two threads", [](auto& t) { t.Thread(9, 7, 70); }},
    {"pid 0 is the kernel's idle task", [](auto& t) { t.Process(9, 0); }},
    {"tid 0 is the kernel's idle task", [](auto& t) { t.Thread(9, 7, 0); }},
    {"thread of an undescribed process 8", [](auto& t) { t.Thread(9, 8, 80); }},
    {"two tracks 'link' with the same parent", [](auto& t) { t.Counter(9, 1, "link"); }},
    {"interned id 1 is defined twice", [](auto& t) { t.Names(2); }},
    {"does not say that it needs the sequence's names",
     [](auto& t) {
       t.event_flags = 0;
       t.Begin(1, kComm).End(2, kComm);
     }},
    {"event is lost: its sequence's state was never cleared",
     [](auto& t) {
       t.sequence = 2;
       t.Begin(1, kComm).End(2, kComm);
     }},
    {"event outside any sequence",
     [](auto& t) {
       t.sequence = 0;
       t.Begin(1, kComm).End(2, kComm);
     }},
};

TEST(PerfettoReader, EachBrokenTraceIsCaught) {
  for (const BrokenTrace& broken : kBrokenTraces) {
    TraceDraft draft = Tracks();
    ASSERT_EQ(ProblemsOf(draft), "");
    broken.add(draft);
    const std::string problems = ProblemsOf(draft);
    EXPECT_NE(problems.find(broken.problem), std::string::npos)
        << "expected: " << broken.problem << "\nmeasured: " << problems;
  }
}

TEST(PerfettoReader, ProblemsNameTheirPacket) {
  TraceDraft draft = Tracks();
  draft.End(100, kCompute);
  // Names, process, two threads, counter: the event is packet 6.
  EXPECT_EQ(ProblemsOf(draft), "error: packet 6: end without a begin\n");
}

TEST(PerfettoReader, ProblemsAreBounded) {
  TraceDraft draft = Tracks();
  for (int i = 0; i < 1000; ++i) draft.End(100, kCompute);
  EXPECT_EQ(CheckTrace(ReadTrace(draft.bytes()).value()).size(), 100U);
}

TEST(PerfettoReader, BytesThatAreNoTraceAreErrors) {
  EXPECT_EQ(ToString(ReadTrace("hello, world").errors()),
            "error: packet 1: unexpected field 13 in Trace\n");
  // Field 1, length 5, but only one byte.
  EXPECT_EQ(ToString(ReadTrace(std::string("\x0A\x05\x08", 3)).errors()),
            "error: packet 1: ends within a string or message\n");
  WireMessage packet;
  packet.Text(perfetto::packet::kTimestamp, "soon");
  WireMessage trace;
  trace.Message(perfetto::trace::kPacket, packet);
  EXPECT_EQ(ToString(ReadTrace(trace.bytes()).errors()),
            "error: packet 1: TracePacket: field 8 has wire type 2 not 0\n");
  EXPECT_TRUE(ReadTrace("").ok());
}

TEST(PerfettoReader, DamagedTracesAreReadSafely) {
  const std::string good = StepFixture({2, 1, 1, 1e-6, 1}).Trace();
  ASSERT_TRUE(ReadTrace(good).ok());
  std::size_t whole = 0;
  for (std::size_t size = 0; size < good.size(); size += 7)
    if (ReadTrace(std::string_view(good).substr(0, size)).ok()) ++whole;
  EXPECT_LT(whole, good.size() / 7 / 4) << "a cut is noticed unless it is between packets";
  Rng rng(3);
  for (int round = 0; round < 300; ++round) {
    std::string bad = good;
    for (int i = 0; i < 3; ++i) bad[rng.Below(bad.size())] = static_cast<char>(rng.Below(256));
    const Result<PerfettoTrace> trace = ReadTrace(bad);
    if (trace.ok()) (void)CheckTrace(trace.value());
  }
}

}  // namespace
}  // namespace switchyard
