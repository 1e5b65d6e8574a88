// Reads .pftrace files back and checks what Perfetto's own reader would silently get wrong.
//
//   Result<PerfettoTrace> trace = ReadTrace(bytes);
//   if (trace.ok()) for (const Diagnostic& problem : CheckTrace(trace.value())) ...
//
// Made for the traces of this project: a field that the writer does not use is an error. Shares
// with the writer only the table of field numbers. Any bytes are safe to read; memory is of the
// order of the file.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sim/base/result.h"

namespace switchyard {

struct TraceTrack {
  enum class Kind : std::uint8_t { kProcess, kThread, kCounter, kPlain };
  std::uint64_t uuid = 0;
  std::uint64_t parent_uuid = 0;
  Kind kind = Kind::kPlain;
  std::string name;  // of the process or thread where it is one
  std::uint64_t pid = 0;
  std::uint64_t tid = 0;
  std::string unit;
  std::size_t packet = 0;
};

// A packet with a track event, in the order of the file.
struct TraceEvent {
  enum class Type : std::uint8_t { kNone, kBegin, kEnd, kCounter };
  Type type = Type::kNone;
  std::optional<std::uint64_t> timestamp;
  std::optional<std::uint64_t> track_uuid;
  std::optional<std::string> name;  // absent also when its interned id is not defined
  std::vector<std::string> categories;
  std::map<std::string, std::uint64_t> args;
  std::vector<std::uint64_t> flow_ids;
  std::vector<std::uint64_t> terminating_flow_ids;
  std::optional<double> value;
  std::size_t packet = 0;
};

struct TraceSlice {
  std::uint64_t track_uuid = 0;
  std::size_t event = 0;  // its begin: name, categories, args
  std::uint64_t timestamp = 0;
  std::uint64_t duration = 0;
  std::size_t depth = 0;
};
struct TraceSample {
  std::uint64_t timestamp = 0;
  double value = 0;
};
struct TraceFlow {
  std::uint64_t id = 0;
  std::size_t source = 0;  // slices
  std::size_t sink = 0;
};

struct PerfettoTrace {
  std::vector<TraceTrack> tracks;  // by the file's order, the root (uuid 0) left out
  std::vector<TraceEvent> events;
  std::vector<TraceSlice> slices;                              // by the time of their ends
  std::map<std::uint64_t, std::vector<TraceSample>> counters;  // by track
  std::vector<TraceFlow> flows;                                // by id
  std::map<std::string, std::string> attributes;               // numbers as text
  Diagnostics problems;  // seen while reading: undefined names, unbalanced slices, lost packets
};

// Fails when the bytes are not a trace. What is wrong with a trace that can be read is left to
// CheckTrace.
[[nodiscard]] Result<PerfettoTrace> ReadTrace(std::string_view bytes);

// Empty when the trace means what it says: every track, parent and name is defined, once; slices
// are balanced and one after the other on threads; counters are on counter tracks and have values;
// arrows have one source and one sink and do not lead back in time. At most 100 problems are told.
[[nodiscard]] Diagnostics CheckTrace(const PerfettoTrace& trace);

}  // namespace switchyard
