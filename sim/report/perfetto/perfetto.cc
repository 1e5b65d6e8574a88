#include "sim/report/perfetto/perfetto.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "sim/base/check.h"
#include "sim/report/perfetto/clock.h"
#include "sim/report/perfetto/context.h"
#include "sim/report/perfetto/fields.h"

namespace switchyard {
namespace perfetto {
namespace {

void CheckSizes(const PerfettoInput& input) {
  const std::size_t devices = input.graph.num_devices;
  const std::size_t tasks = input.graph.tasks.size();
  const Timeline& timeline = input.timeline;
  SWITCHYARD_CHECK(timeline.num_devices == devices, "timeline of another graph");
  SWITCHYARD_CHECK(timeline.intervals.size() == tasks * devices, "timeline of another graph");
  SWITCHYARD_CHECK(input.device_names.size() == devices, "one name for each device");
  SWITCHYARD_CHECK(input.node_of_device.size() == devices, "one node for each device");
  SWITCHYARD_CHECK(input.transfer_bytes.size() <= tasks, "bytes of more tasks than there are");
  for (const Task& task : input.graph.tasks)
    SWITCHYARD_CHECK(std::size_t{task.first_device} + task.num_devices <= devices,
                     "task on more devices than there are");
  for (const LinkActivity& activity : timeline.link_activity) {
    SWITCHYARD_CHECK(activity.task.index() < tasks, "activity of an unknown task");
    SWITCHYARD_CHECK(input.links.empty() || activity.link.index() < input.links.size(),
                     "activity of an unknown link");
  }
  for (const TraceMoeLoad& load : input.moe_loads)
    SWITCHYARD_CHECK(load.device_tokens.size() == devices, "tokens of each device");
}

bool FitsClock(Seconds start, Seconds end) {
  SWITCHYARD_CHECK(start >= Seconds{} && end >= start, "interval runs backwards");
  return end.value <= kMaxSeconds;
}

// A scenario with absurdly slow links may last longer than a timeline can hold.
bool FitsClock(const Timeline& timeline) {
  const auto& intervals = timeline.intervals;
  const auto& activity = timeline.link_activity;
  return FitsClock(Seconds{}, timeline.makespan) &&
         std::all_of(intervals.begin(), intervals.end(),
                     [](const Interval& i) { return FitsClock(i.start, i.end); }) &&
         std::all_of(activity.begin(), activity.end(),
                     [](const LinkActivity& a) { return FitsClock(a.start, a.end); });
}

void AddAttribute(WireMessage& table, std::string_view key, std::string_view value) {
  WireMessage attribute;
  attribute.Text(attributes::kKey, key);
  attribute.Text(attributes::kString, value);
  table.Message(attributes::kAttribute, attribute);
}

void AddAttribute(WireMessage& table, std::string_view key, std::uint64_t value) {
  WireMessage attribute;
  attribute.Text(attributes::kKey, key);
  attribute.Uint(attributes::kLong, value);
  table.Message(attributes::kAttribute, attribute);
}

void WriteAttributes(const PerfettoInput& input, const PerfettoOptions& options,
                     const Selection& selection, PacketWriter& writer) {
  WireMessage table;
  for (const auto& [key, value] : input.metadata) AddAttribute(table, key, value);
  AddAttribute(table, "layers_in_step", selection.layers_in_step);
  AddAttribute(table, "layers_written", selection.layers_written);
  AddAttribute(table, "event_budget", options.max_events);
  if (!selection.complete()) {
    AddAttribute(
        table, "left_out",
        fmt::format("the last {} of {} layers: the event budget is used up",
                    selection.layers_in_step - selection.layers_written, selection.layers_in_step));
  }
  writer.Attributes(table);
}

void WriteStep(const TraceContext& context, PacketWriter& writer) {
  const std::array<Arg, 1> args = {Arg{ArgKey::kLayersWritten, context.selection.layers_written}};
  SliceBegin step;
  step.track = context.tracks.step;
  step.name = kStepName;
  step.category = kEngineCategory;
  step.args = args;
  writer.Begin(0, step);
  writer.End(ToNanoseconds(context.input.timeline.makespan), context.tracks.step);
}

std::vector<const TraceMoeLoad*> LoadsByGroup(const PerfettoInput& input, const MoeIndex& moe) {
  std::vector<const TraceMoeLoad*> loads(moe.num_groups(), nullptr);
  for (const TraceMoeLoad& load : input.moe_loads) {
    const auto group = moe.GroupOf(load.layer, load.micro_batch);
    if (group) loads[*group] = &load;
  }
  return loads;
}

}  // namespace
}  // namespace perfetto

Result<PerfettoSummary> WritePerfetto(const PerfettoInput& input, const PerfettoOptions& options,
                                      std::ostream& out) {
  using namespace perfetto;  // NOLINT(google-build-using-namespace): the parts of this writer
  CheckSizes(input);
  if (!FitsClock(input.timeline)) {
    return FileError("", fmt::format("the step lasts {:.3g} s; a Perfetto trace holds at most "
                                     "{:.3g} s",
                                     input.timeline.makespan.value, kMaxSeconds));
  }
  const Selection selection = SelectLayers(input, options.max_events);
  const MoeIndex moe(input.graph, selection);
  PacketWriter writer(out);
  const TrackLayout tracks = WriteTracks(input, selection, writer);
  const TraceContext context{input, selection, moe, tracks, LoadsByGroup(input, moe)};
  WriteAttributes(input, options, selection, writer);
  WriteStep(context, writer);
  WriteSlices(context, writer);
  WriteLinkCounters(context, writer);
  WriteMoeCounters(context, writer);
  writer.Flush();
  return PerfettoSummary{writer.events(), selection.layers_in_step, selection.layers_written};
}

std::vector<std::string> DeviceTrackNames(const std::vector<NodeId>& node_of_device) {
  std::vector<std::string> names;
  std::uint32_t local = 0;
  for (std::size_t d = 0; d < node_of_device.size(); ++d) {
    local = d > 0 && node_of_device[d] == node_of_device[d - 1] ? local + 1 : 0;
    names.push_back(
        fmt::format("GPU {:04} (node {:02} gpu {})", d, node_of_device[d].value, local));
  }
  return names;
}

}  // namespace switchyard
