#include "sim/report/perfetto/reader.h"

#include <algorithm>

#include "sim/report/perfetto/decode.h"

namespace switchyard {
namespace {

using perfetto::AddProblem;

// Pairs begins with ends as Perfetto does: by time, the file's order at equal times; an end closes
// the innermost open slice of its track.
class Assembler {
 public:
  explicit Assembler(PerfettoTrace& trace) : trace_(trace) {}

  void Run() {
    std::vector<std::size_t> order;
    for (std::size_t i = 0; i < trace_.events.size(); ++i)
      if (trace_.events[i].timestamp && trace_.events[i].track_uuid) order.push_back(i);
    std::stable_sort(order.begin(), order.end(), [this](std::size_t a, std::size_t b) {
      return trace_.events[a].timestamp < trace_.events[b].timestamp;
    });
    for (const std::size_t i : order) Take(i);
    for (const auto& [track, stack] : open_)
      for (const std::size_t event : stack)
        AddProblem(trace_.problems, trace_.events[event].packet, "slice is never ended");
    ConnectFlows();
  }

 private:
  void Take(std::size_t index) {
    const TraceEvent& event = trace_.events[index];
    std::vector<std::size_t>& stack = open_[*event.track_uuid];
    if (event.type == TraceEvent::Type::kBegin) stack.push_back(index);
    if (event.type == TraceEvent::Type::kEnd) End(event, stack);
    if (event.type == TraceEvent::Type::kCounter && event.value)
      trace_.counters[*event.track_uuid].push_back({*event.timestamp, *event.value});
  }

  void End(const TraceEvent& end, std::vector<std::size_t>& stack) {
    if (stack.empty()) {
      AddProblem(trace_.problems, end.packet, "end without a begin");
      return;
    }
    const std::size_t begin = stack.back();
    stack.pop_back();
    const std::uint64_t start = *trace_.events[begin].timestamp;
    trace_.slices.push_back({*end.track_uuid, begin, start, *end.timestamp - start, stack.size()});
  }

  void ConnectFlows() {
    std::map<std::uint64_t, std::size_t> sources;
    for (std::size_t s = 0; s < trace_.slices.size(); ++s)
      for (const std::uint64_t id : trace_.events[trace_.slices[s].event].flow_ids) sources[id] = s;
    for (std::size_t s = 0; s < trace_.slices.size(); ++s) {
      for (const std::uint64_t id : trace_.events[trace_.slices[s].event].terminating_flow_ids) {
        const auto source = sources.find(id);
        if (source != sources.end()) trace_.flows.push_back({id, source->second, s});
      }
    }
    std::stable_sort(trace_.flows.begin(), trace_.flows.end(),
                     [](const TraceFlow& a, const TraceFlow& b) { return a.id < b.id; });
  }

  PerfettoTrace& trace_;
  std::map<std::uint64_t, std::vector<std::size_t>> open_;  // by track
};

}  // namespace

Result<PerfettoTrace> ReadTrace(std::string_view bytes) {
  Result<PerfettoTrace> trace = perfetto::Decode(bytes);
  if (trace.ok()) Assembler(trace.value()).Run();
  return trace;
}

}  // namespace switchyard
