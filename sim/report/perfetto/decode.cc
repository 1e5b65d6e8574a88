#include "sim/report/perfetto/decode.h"

#include <functional>

#include "sim/report/perfetto/fields.h"
#include "sim/report/perfetto/wire_reader.h"

namespace switchyard::perfetto {
namespace {

using Names = std::map<std::uint64_t, std::string>;

// Interned names of one sequence.
struct Sequence {
  bool state_cleared = false;
  Names categories;
  Names event_names;
  Names annotation_names;
};

class Decoder {
 public:
  explicit Decoder(PerfettoTrace& trace) : trace_(trace) {}

  // What is wrong with the bytes; empty when nothing is.
  std::string Packet(std::string_view bytes) {
    ++packet_;
    error_.clear();
    // Interned data count for their own packet, wherever in it they are.
    struct Parts {
      std::optional<std::uint64_t> timestamp;
      std::uint64_t sequence = 0;
      std::uint64_t flags = 0;
      std::optional<std::string_view> event, descriptor, interned, attributes;
    } parts;
    Read(bytes, "TracePacket", [&parts](WireReader& r) {
      const Field f = r.field();
      if (f == packet::kTimestamp)
        parts.timestamp = r.Uint();
      else if (f == packet::kSequenceId)
        parts.sequence = r.Uint();
      else if (f == packet::kSequenceFlags)
        parts.flags = r.Uint();
      else if (f == packet::kFirstOnSequence)
        r.Uint();
      else if (f == packet::kTrackEvent)
        parts.event = r.Bytes();
      else if (f == packet::kTrackDescriptor)
        parts.descriptor = r.Bytes();
      else if (f == packet::kInternedData)
        parts.interned = r.Bytes();
      else if (f == packet::kTraceAttributes)
        parts.attributes = r.Bytes();
      else
        r.Unknown("TracePacket");
    });
    Sequence& sequence = sequences_[parts.sequence];
    if ((parts.flags & packet::kStateCleared) != 0) {
      sequence = Sequence{};
      sequence.state_cleared = true;
    }
    if (parts.interned) Interned(*parts.interned, sequence);
    if (parts.descriptor) Descriptor(*parts.descriptor);
    if (parts.attributes) Attributes(*parts.attributes);
    if (parts.event) {
      CheckSequence(parts.sequence, parts.flags, sequence);
      Event(*parts.event, parts.timestamp, sequence);
    }
    return error_;
  }

 private:
  void Read(std::string_view bytes, std::string_view message,
            const std::function<void(WireReader&)>& take) {
    WireReader reader(bytes);
    while (reader.Next()) take(reader);
    if (error_.empty() && !reader.error().empty())
      error_ = std::string(message) + ": " + reader.error();
  }

  void Problem(std::string message) { AddProblem(trace_.problems, packet_, std::move(message)); }

  void CheckSequence(std::uint64_t id, std::uint64_t flags, const Sequence& sequence) {
    if (id == 0) Problem("event outside any sequence");
    if (!sequence.state_cleared) Problem("event is lost: its sequence's state was never cleared");
    if ((flags & packet::kNeedsState) == 0)
      Problem("event does not say that it needs the sequence's names");
  }

  void InternedName(std::string_view bytes, Names& names) {
    std::uint64_t iid = 0;
    std::string text;
    Read(bytes, "InternedData entry", [&](WireReader& r) {
      const Field f = r.field();
      if (f == interned::kIid)
        iid = r.Uint();
      else if (f == interned::kText)
        text = r.Bytes();
      else
        r.Unknown("InternedData entry");
    });
    if (iid == 0) Problem("interned id 0");
    if (!names.emplace(iid, text).second)
      Problem("interned id " + std::to_string(iid) + " is defined twice");
  }

  void Interned(std::string_view bytes, Sequence& sequence) {
    Read(bytes, "InternedData", [&](WireReader& r) {
      const Field f = r.field();
      if (f == interned::kCategories)
        InternedName(r.Bytes(), sequence.categories);
      else if (f == interned::kEventNames)
        InternedName(r.Bytes(), sequence.event_names);
      else if (f == interned::kAnnotationNames)
        InternedName(r.Bytes(), sequence.annotation_names);
      else
        r.Unknown("InternedData");
    });
  }

  void Process(std::string_view bytes, TraceTrack& track) {
    track.kind = TraceTrack::Kind::kProcess;
    Read(bytes, "ProcessDescriptor", [&track](WireReader& r) {
      const Field f = r.field();
      if (f == process::kPid)
        track.pid = r.Uint();
      else if (f == process::kName)
        track.name = r.Bytes();
      else
        r.Unknown("ProcessDescriptor");
    });
  }

  void Thread(std::string_view bytes, TraceTrack& track) {
    track.kind = TraceTrack::Kind::kThread;
    Read(bytes, "ThreadDescriptor", [&track](WireReader& r) {
      const Field f = r.field();
      if (f == thread::kPid)
        track.pid = r.Uint();
      else if (f == thread::kTid)
        track.tid = r.Uint();
      else if (f == thread::kName)
        track.name = r.Bytes();
      else
        r.Unknown("ThreadDescriptor");
    });
  }

  void Counter(std::string_view bytes, TraceTrack& track) {
    track.kind = TraceTrack::Kind::kCounter;
    Read(bytes, "CounterDescriptor", [&track](WireReader& r) {
      const Field f = r.field();
      if (f == counter::kUnitName)
        track.unit = r.Bytes();
      else if (f == counter::kAxisShareKey)
        r.Bytes();
      else
        r.Unknown("CounterDescriptor");
    });
  }

  void Descriptor(std::string_view bytes) {
    TraceTrack track;
    track.packet = packet_;
    Read(bytes, "TrackDescriptor", [&](WireReader& r) {
      const Field f = r.field();
      if (f == descriptor::kUuid)
        track.uuid = r.Uint();
      else if (f == descriptor::kParentUuid)
        track.parent_uuid = r.Uint();
      else if (f == descriptor::kName)
        track.name = r.Bytes();
      else if (f == descriptor::kProcess)
        Process(r.Bytes(), track);
      else if (f == descriptor::kThread)
        Thread(r.Bytes(), track);
      else if (f == descriptor::kCounter)
        Counter(r.Bytes(), track);
      else if (f == descriptor::kDescription)
        r.Bytes();
      else if (f == descriptor::kChildOrdering || f == descriptor::kSiblingOrderRank ||
               f == descriptor::kProcessOrdering || f == descriptor::kThreadOrdering)
        r.Uint();
      else
        r.Unknown("TrackDescriptor");
    });
    if (track.uuid != 0) trace_.tracks.push_back(std::move(track));
  }

  void Attribute(std::string_view bytes) {
    std::string key;
    std::string value;
    Read(bytes, "TraceAttributes.Attribute", [&](WireReader& r) {
      const Field f = r.field();
      if (f == attributes::kKey)
        key = r.Bytes();
      else if (f == attributes::kString)
        value = r.Bytes();
      else if (f == attributes::kLong)
        value = std::to_string(r.Uint());
      else
        r.Unknown("TraceAttributes.Attribute");
    });
    if (!trace_.attributes.emplace(key, value).second)
      Problem("attribute '" + key + "' appears twice");
  }

  void Attributes(std::string_view bytes) {
    Read(bytes, "TraceAttributes", [this](WireReader& r) {
      const Field f = r.field();
      if (f == attributes::kAttribute)
        Attribute(r.Bytes());
      else
        r.Unknown("TraceAttributes");
    });
  }

  std::optional<std::string> NameOf(const Names& names, std::uint64_t iid, const char* what) {
    const auto found = names.find(iid);
    if (found != names.end()) return found->second;
    Problem(std::string(what) + " with undefined interned id " + std::to_string(iid));
    return std::nullopt;
  }

  void Annotation(std::string_view bytes, const Sequence& sequence, TraceEvent& event) {
    std::uint64_t iid = 0;
    std::uint64_t value = 0;
    Read(bytes, "DebugAnnotation", [&](WireReader& r) {
      const Field f = r.field();
      if (f == annotation::kNameIid)
        iid = r.Uint();
      else if (f == annotation::kUint)
        value = r.Uint();
      else
        r.Unknown("DebugAnnotation");
    });
    const std::optional<std::string> name = NameOf(sequence.annotation_names, iid, "argument");
    if (name) event.args[*name] = value;
  }

  void Type(std::uint64_t type, TraceEvent& event) {
    if (type == event::kSliceBegin) event.type = TraceEvent::Type::kBegin;
    if (type == event::kSliceEnd) event.type = TraceEvent::Type::kEnd;
    if (type == event::kCounterSample) event.type = TraceEvent::Type::kCounter;
  }

  void Event(std::string_view bytes, std::optional<std::uint64_t> timestamp,
             const Sequence& sequence) {
    TraceEvent event;
    event.timestamp = timestamp;
    event.packet = packet_;
    Read(bytes, "TrackEvent", [&](WireReader& r) {
      const Field f = r.field();
      if (f == event::kType)
        Type(r.Uint(), event);
      else if (f == event::kTrackUuid)
        event.track_uuid = r.Uint();
      else if (f == event::kNameIid)
        event.name = NameOf(sequence.event_names, r.Uint(), "event");
      else if (f == event::kCategoryIids)
        event.categories.push_back(NameOf(sequence.categories, r.Uint(), "category").value_or(""));
      else if (f == event::kAnnotations)
        Annotation(r.Bytes(), sequence, event);
      else if (f == event::kDoubleValue)
        event.value = r.Double();
      else if (f == event::kFlowIds)
        event.flow_ids.push_back(r.Fixed64());
      else if (f == event::kTerminatingFlowIds)
        event.terminating_flow_ids.push_back(r.Fixed64());
      else if (f == event::kCorrelationId)
        r.Uint();
      else
        r.Unknown("TrackEvent");
    });
    trace_.events.push_back(std::move(event));
  }

  PerfettoTrace& trace_;
  std::map<std::uint64_t, Sequence> sequences_;
  std::size_t packet_ = 0;
  std::string error_;
};

}  // namespace

void AddProblem(Diagnostics& problems, std::size_t packet, std::string message) {
  if (problems.size() >= kMaxProblems) return;
  const std::string place = packet > 0 ? "packet " + std::to_string(packet) : "";
  problems.push_back({{}, place, std::move(message)});
}

Result<PerfettoTrace> Decode(std::string_view bytes) {
  PerfettoTrace trace;
  Decoder decoder(trace);
  WireReader reader(bytes);
  std::string error;
  std::size_t packets = 0;
  while (error.empty() && reader.Next()) {
    ++packets;
    if (reader.field() != trace::kPacket) {
      reader.Unknown("Trace");
      break;
    }
    const std::string_view packet = reader.Bytes();
    if (reader.error().empty()) error = decoder.Packet(packet);
  }
  if (error.empty()) error = reader.error();
  if (error.empty()) return trace;
  return Diagnostic{{}, "packet " + std::to_string(packets), error};
}

}  // namespace switchyard::perfetto
