#include <cmath>
#include <set>
#include <tuple>

#include "sim/report/perfetto/decode.h"
#include "sim/report/perfetto/reader.h"

namespace switchyard {
namespace {

using perfetto::AddProblem;
using Kind = TraceTrack::Kind;

constexpr std::uint64_t kTimestampLimit = std::uint64_t{1} << 63;
// Deeper nesting is dropped by Perfetto (slice_tracker.cc, track_compressor).
constexpr std::size_t kMaxSliceDepth = 512;
constexpr std::size_t kMaxTrackDepth = 100;

class Checker {
 public:
  explicit Checker(const PerfettoTrace& trace) : trace_(trace), problems_(trace.problems) {}

  Diagnostics Run() {
    for (const TraceTrack& track : trace_.tracks) CheckUnique(track);
    for (const TraceTrack& track : trace_.tracks) CheckParents(track);
    for (const TraceEvent& event : trace_.events) CheckEvent(event);
    for (const TraceSlice& slice : trace_.slices) CheckNesting(slice);
    CheckFlowEnds();
    CheckFlowDirections();
    return problems_;
  }

 private:
  void CheckUnique(const TraceTrack& track) {
    if (!tracks_.emplace(track.uuid, &track).second)
      Problem(track.packet, "track " + std::to_string(track.uuid) + " is described twice");
    const bool has_pid = track.kind == Kind::kProcess || track.kind == Kind::kThread;
    if (has_pid && track.pid == 0) Problem(track.packet, "pid 0 is the kernel's idle task");
    if (track.kind == Kind::kProcess && !pids_.insert(track.pid).second)
      Problem(track.packet, "pid " + std::to_string(track.pid) + " is of two processes");
    if (track.kind == Kind::kThread && track.tid == 0)
      Problem(track.packet, "tid 0 is the kernel's idle task");
    if (track.kind == Kind::kThread && !tids_.emplace(track.pid, track.tid).second)
      Problem(track.packet, "tid " + std::to_string(track.tid) + " is of two threads");
    if (track.name.empty()) Problem(track.packet, "track without a name");
    // Siblings of one name are merged into one track; harmless only for slices in lanes.
    const bool merges = track.kind == Kind::kCounter || track.kind == Kind::kPlain;
    if (merges && !siblings_.emplace(track.parent_uuid, track.name).second)
      Problem(track.packet, "two tracks '" + track.name + "' with the same parent are merged");
  }

  void CheckParents(const TraceTrack& track) {
    if (track.kind == Kind::kThread && !pids_.contains(track.pid))
      Problem(track.packet, "thread of an undescribed process " + std::to_string(track.pid));
    std::uint64_t parent = track.parent_uuid;
    for (std::size_t depth = 0; parent != 0; ++depth) {
      const auto found = tracks_.find(parent);
      if (found == tracks_.end()) {
        Problem(track.packet, "parent track " + std::to_string(parent) + " is never described");
        return;
      }
      if (depth == kMaxTrackDepth) {
        Problem(track.packet, "tracks nest too deeply or in a circle");
        return;
      }
      parent = found->second->parent_uuid;
    }
  }

  void CheckEvent(const TraceEvent& event) {
    if (!event.timestamp) Problem(event.packet, "event without a timestamp");
    if (event.timestamp && *event.timestamp >= kTimestampLimit)
      Problem(event.packet, "timestamp of 2^63 or more");
    const auto track = tracks_.find(event.track_uuid.value_or(0));
    if (track == tracks_.end()) {
      Problem(event.packet, "event on a track that is never described");
      return;
    }
    const bool on_counter = track->second->kind == Kind::kCounter;
    const bool is_slice =
        event.type == TraceEvent::Type::kBegin || event.type == TraceEvent::Type::kEnd;
    if (event.type == TraceEvent::Type::kNone) Problem(event.packet, "event without a type");
    if (is_slice && on_counter) Problem(event.packet, "slice on a counter track");
    if (event.type == TraceEvent::Type::kBegin && event.name.value_or("").empty())
      Problem(event.packet, "slice without a name");
    if (event.type != TraceEvent::Type::kCounter) return;
    if (!on_counter) Problem(event.packet, "counter sample on a track that is no counter");
    if (!event.value) Problem(event.packet, "counter sample without a value");
    if (event.value && !std::isfinite(*event.value))
      Problem(event.packet, "counter sample that is not finite");
  }

  // Ends have no names, so slices that overlap read as nested ones. A thread is an in-order queue:
  // nothing nests there.
  void CheckNesting(const TraceSlice& slice) {
    const auto track = tracks_.find(slice.track_uuid);
    if (track == tracks_.end()) return;
    const std::size_t packet = trace_.events[slice.event].packet;
    if (track->second->kind == Kind::kThread && slice.depth > 0)
      Problem(packet, "slices of thread '" + track->second->name + "' overlap");
    if (slice.depth >= kMaxSliceDepth) Problem(packet, "slices nest too deeply");
  }

  void CheckFlowEnds() {
    std::set<std::uint64_t> sources;
    std::set<std::uint64_t> sinks;
    for (const TraceEvent& event : trace_.events) {
      for (const std::uint64_t id : event.flow_ids)
        if (!sources.insert(id).second)
          Problem(event.packet, "flow " + std::to_string(id) + " has two sources");
      for (const std::uint64_t id : event.terminating_flow_ids)
        if (!sinks.insert(id).second)
          Problem(event.packet, "flow " + std::to_string(id) + " ends twice");
    }
    for (const std::uint64_t id : sources)
      if (!sinks.contains(id)) Problem(0, "flow " + std::to_string(id) + " never ends");
    for (const std::uint64_t id : sinks)
      if (!sources.contains(id)) Problem(0, "flow " + std::to_string(id) + " has no source");
  }

  // At equal times Perfetto goes by the file's order.
  void CheckFlowDirections() {
    for (const TraceFlow& flow : trace_.flows) {
      const TraceSlice& source = trace_.slices[flow.source];
      const TraceSlice& sink = trace_.slices[flow.sink];
      if (std::tuple(source.timestamp, source.event) >= std::tuple(sink.timestamp, sink.event))
        Problem(trace_.events[sink.event].packet,
                "flow " + std::to_string(flow.id) + " leads back in time");
    }
  }

  void Problem(std::size_t packet, std::string message) {
    AddProblem(problems_, packet, std::move(message));
  }

  const PerfettoTrace& trace_;
  Diagnostics problems_;
  std::map<std::uint64_t, const TraceTrack*> tracks_;
  std::set<std::uint64_t> pids_;
  std::set<std::pair<std::uint64_t, std::uint64_t>> tids_;
  std::set<std::pair<std::uint64_t, std::string>> siblings_;
};

}  // namespace

Diagnostics CheckTrace(const PerfettoTrace& trace) { return Checker(trace).Run(); }

}  // namespace switchyard
