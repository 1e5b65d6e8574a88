#include <algorithm>
#include <map>

#include "sim/report/perfetto/clock.h"
#include "sim/report/perfetto/context.h"

namespace switchyard::perfetto {
namespace {

struct RateChange {
  std::uint64_t at = 0;
  double rate = 0;  // GB/s, that is bytes per nanosecond
  int active = 0;   // +1: a transfer starts, -1: it ends
};

// The rate is that over the rounded interval, so that the counter's integral is the bytes; what is
// shorter than a nanosecond lasts one.
void AddActivity(const LinkActivity& activity, std::vector<RateChange>& changes) {
  const std::uint64_t begin = ToNanoseconds(activity.start);
  const std::uint64_t end = std::max(ToNanoseconds(activity.end), begin + 1);
  const double rate = activity.bytes.value / static_cast<double>(end - begin);
  changes.push_back({begin, rate, 1});
  changes.push_back({end, -rate, -1});
}

// One sample for each time at which the sum changes. The sum is set to zero whenever nothing is
// active: adding and subtracting leaves rounding errors.
void WriteTrack(std::uint64_t track, std::vector<RateChange>& changes, PacketWriter& writer) {
  std::stable_sort(changes.begin(), changes.end(),
                   [](const RateChange& a, const RateChange& b) { return a.at < b.at; });
  double sum = 0;
  double shown = 0;
  int active = 0;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    sum += changes[i].rate;
    active += changes[i].active;
    if (i + 1 < changes.size() && changes[i + 1].at == changes[i].at) continue;
    if (active == 0) sum = 0;
    if (sum == shown) continue;
    writer.Counter(changes[i].at, track, sum);
    shown = sum;
  }
}

}  // namespace

void WriteLinkCounters(const TraceContext& context, PacketWriter& writer) {
  if (context.input.links.empty()) return;
  std::map<std::uint64_t, std::vector<std::uint32_t>> activities_of_track;
  const std::vector<LinkActivity>& activities = context.input.timeline.link_activity;
  for (std::size_t i = 0; i < activities.size(); ++i) {
    const std::uint64_t track = context.tracks.links[activities[i].link.index()];
    const bool shown = track != 0 && context.selection.Has(activities[i].task.index());
    if (shown && activities[i].bytes > Bytes{})
      activities_of_track[track].push_back(static_cast<std::uint32_t>(i));
  }
  std::vector<RateChange> changes;
  for (const auto& [track, indices] : activities_of_track) {
    changes.clear();
    for (const std::uint32_t i : indices) AddActivity(activities[i], changes);
    WriteTrack(track, changes, writer);
  }
}

}  // namespace switchyard::perfetto
