#include <algorithm>
#include <array>
#include <utility>

#include "sim/metrics/metrics.h"

namespace switchyard {
namespace {

struct Piece {
  double start;
  double end;
  OpName name;
};

// The device's intervals on one kind of stream, sorted by start.
std::vector<Piece> PiecesOf(const ActivityGraph& graph, const Timeline& timeline, DeviceId device,
                            bool transfers) {
  std::vector<Piece> pieces;
  for (std::size_t t = 0; t < graph.tasks.size(); ++t) {
    const Task& task = graph.tasks[t];
    if (task.is_transfer != transfers || device.index() - task.first_device >= task.num_devices) {
      continue;
    }
    const Interval& i = timeline.at(TaskId(t), device);
    if (i.end > i.start) pieces.push_back({i.start.value, i.end.value, task.label.name});
  }
  std::stable_sort(pieces.begin(), pieces.end(),
                   [](const Piece& a, const Piece& b) { return a.start < b.start; });
  return pieces;
}

// Makes pieces disjoint: of two that overlap the earlier keeps the time.
std::vector<Piece> Disjoint(const std::vector<Piece>& pieces) {
  std::vector<Piece> out;
  double covered = 0;
  for (const Piece& p : pieces) {
    const double start = std::max(p.start, covered);
    if (p.end <= start) continue;
    out.push_back({start, p.end, p.name});
    covered = p.end;
  }
  return out;
}

// Adds each piece's time outside `busy` (disjoint, sorted) to its name; returns all of it.
double AddExposed(const std::vector<Piece>& pieces, const std::vector<Piece>& busy,
                  std::array<double, kNumOpNames>& by_name) {
  double total = 0;
  std::size_t b = 0;
  for (const Piece& p : pieces) {
    double exposed = 0;
    double from = p.start;
    while (b < busy.size() && busy[b].end <= from) ++b;
    for (std::size_t i = b; i < busy.size() && busy[i].start < p.end; ++i) {
      if (busy[i].start > from) exposed += busy[i].start - from;
      from = std::max(from, busy[i].end);
    }
    if (p.end > from) exposed += p.end - from;
    by_name[static_cast<std::size_t>(p.name)] += exposed;
    total += exposed;
  }
  return total;
}

}  // namespace

DeviceTime TimeOfDevice(const ActivityGraph& graph, const Timeline& timeline, DeviceId device) {
  const auto compute = Disjoint(PiecesOf(graph, timeline, device, false));
  const auto comm = Disjoint(PiecesOf(graph, timeline, device, true));
  std::array<double, kNumOpNames> by_name{};
  DeviceTime time;
  for (const Piece& p : compute) by_name[static_cast<std::size_t>(p.name)] += p.end - p.start;
  time.exposed_comm_s = AddExposed(comm, compute, by_name);
  for (const Piece& p : comm) time.comm_s += p.end - p.start;
  double total = 0;
  for (std::size_t n = 0; n < by_name.size(); ++n) {
    total += by_name[n];
    if (by_name[n] > 0) time.parts.emplace_back(ToString(static_cast<OpName>(n)), by_name[n]);
  }
  const double idle = timeline.makespan.value - total;
  // Below the clock's resolution it is the rounding of the sum, not time.
  constexpr double kResolution = 1e-12;
  if (idle > kResolution) time.parts.emplace_back("idle", idle);
  return time;
}

}  // namespace switchyard
