#include "sim/metrics/energy.h"

#include <cstddef>

#include "sim/metrics/metrics.h"

namespace switchyard {
namespace {

Seconds TimeInCompute(const ActivityGraph& graph, const Timeline& timeline, DeviceId device) {
  Seconds busy;
  for (std::size_t t = 0; t < graph.tasks.size(); ++t) {
    if (graph.tasks[t].is_transfer) continue;
    const Interval& i = timeline.at(TaskId(t), device);
    busy += i.end - i.start;
  }
  return busy;
}

Joules EnergyOfLinks(const EnergyInput& in) {
  Joules total;
  for (std::size_t l = 0; l < in.timeline.links.size(); ++l) {
    const auto tier = static_cast<std::size_t>(in.platform.link(LinkId(l)).tier);
    if (in.spec.links[tier]) total += in.timeline.links[l].bytes * *in.spec.links[tier];
  }
  return total;
}

}  // namespace

std::optional<DevicePower> PowerOf(const DeviceSpec& device) {
  if (!device.idle_power || !device.busy_power) return std::nullopt;
  return DevicePower{*device.idle_power, *device.busy_power,
                     device.comm_power.value_or(*device.idle_power)};
}

EnergyResult MeasureEnergy(const EnergyInput& in, double tokens) {
  Joules compute;
  Joules communication;
  Joules idle;
  for (std::size_t d = 0; d < in.graph.num_devices; ++d) {
    const DevicePower& power = in.powers[d];
    const Seconds busy = TimeInCompute(in.graph, in.timeline, DeviceId(d));
    const Seconds exposed{TimeOfDevice(in.graph, in.timeline, DeviceId(d)).exposed_comm_s};
    compute += power.busy * busy;
    communication += power.communicating * exposed;
    idle += power.idle * (in.timeline.makespan - busy - exposed);
  }
  const Joules links = EnergyOfLinks(in);
  Joules switches;
  if (in.spec.switch_power) {
    switches =
        *in.spec.switch_power * static_cast<double>(in.graph.num_devices) * in.timeline.makespan;
  }
  EnergyResult result;
  result.total_j = (compute + communication + idle + links + switches).value;
  result.per_token_j = result.total_j / tokens;
  result.compute_j = compute.value;
  result.communication_j = communication.value;
  result.idle_j = idle.value;
  result.links_j = links.value;
  result.switches_j = switches.value;
  return result;
}

}  // namespace switchyard
