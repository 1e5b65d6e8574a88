#include "sim/report/perfetto/selection.h"

#include <map>

namespace switchyard::perfetto {
namespace {

// Upper bounds, by layer: a begin and an end for each task on each device; a sample where a link's
// activity starts and one where it ends; one sample for each track of tokens, one of the imbalance.
std::map<std::uint32_t, std::uint64_t> EventsOfLayers(const PerfettoInput& input) {
  std::map<std::uint32_t, std::uint64_t> events;
  const std::vector<Task>& tasks = input.graph.tasks;
  for (const Task& task : tasks) events[task.label.layer] += 2 * std::uint64_t{task.num_devices};
  for (const LinkActivity& activity : input.timeline.link_activity) {
    const bool shown = activity.link.index() < input.links.size() &&
                       input.links[activity.link.index()].owner != TraceOwner::kNobody;
    if (shown) events[tasks[activity.task.index()].label.layer] += 2;
  }
  for (const TraceMoeLoad& load : input.moe_loads) {
    if (!events.contains(load.layer)) continue;
    events[load.layer] += 1 + load.device_tokens.size();
    for (const auto& slots : load.slot_tokens) events[load.layer] += slots.size();
  }
  return events;
}

// The step's own slice, and the zeros that end the counters of tokens.
std::uint64_t EventsOutsideLayers(const PerfettoInput& input) {
  std::uint64_t events = 2;
  if (input.moe_loads.empty()) return events;
  events += input.graph.num_devices;
  std::uint64_t most_slots = 0;
  for (const TraceMoeLoad& load : input.moe_loads) {
    std::uint64_t slots = 0;
    for (const auto& device : load.slot_tokens) slots += device.size();
    most_slots = std::max(most_slots, slots);
  }
  return events + most_slots;
}

}  // namespace

Selection SelectLayers(const PerfettoInput& input, std::uint64_t max_events) {
  std::map<std::uint32_t, std::uint64_t> layers = EventsOfLayers(input);
  std::uint64_t total = EventsOutsideLayers(input);
  const auto outside = layers.find(kNoLayer);
  if (outside != layers.end()) total += outside->second;
  const bool outside_fits = total <= max_events;
  if (outside != layers.end()) layers.erase(outside);

  Selection selection;
  selection.layers_in_step = static_cast<std::uint32_t>(layers.size());
  std::uint32_t end_layer = 0;  // layers below it are written
  for (const auto& [layer, events] : layers) {
    total += events;
    if (total > max_events) break;
    end_layer = layer + 1;
    ++selection.layers_written;
  }
  for (const Task& task : input.graph.tasks) {
    const bool is_outside = task.label.layer == kNoLayer;
    selection.has_task.push_back(is_outside ? outside_fits : task.label.layer < end_layer);
  }
  return selection;
}

}  // namespace switchyard::perfetto
