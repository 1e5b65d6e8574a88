#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "models/cost/memory.h"
#include "sim/base/check.h"
#include "sim/metrics/energy.h"
#include "sim/metrics/metrics.h"
#include "sim/plan/traffic/payload.h"

namespace switchyard {
namespace {

LoadResult MeasureLoad(const MoePlan& plan, std::uint32_t devices) {
  LoadResult load;
  load.per_device_tokens.resize(devices);
  for (const MoeLayerPlan& layer : plan.layers) {
    for (std::size_t slot = 0; slot < layer.kept.size(); ++slot) {
      load.per_device_tokens[plan.DeviceOfSlot(slot)] += layer.kept[slot];
    }
  }
  const auto& tokens = load.per_device_tokens;
  const double total = std::accumulate(tokens.begin(), tokens.end(), 0.0);
  const auto hottest = static_cast<double>(*std::max_element(tokens.begin(), tokens.end()));
  load.max_over_mean = total > 0 ? hottest * devices / total : 1.0;
  return load;
}

DropResult MeasureDrops(const MoePlan& plan) {
  DropResult drops;
  for (const MoeLayerPlan& layer : plan.layers) {
    drops.choices_total +=
        std::accumulate(layer.chosen.begin(), layer.chosen.end(), std::uint64_t{0});
    drops.choices_dropped += layer.dropped;
    drops.tokens_fully_dropped += layer.tokens_fully_dropped;
  }
  return drops;
}

// Bytes of the step's transfers, asked of the flows again: independent of what the engine counted.
struct Traffic {
  TrafficResult totals;
  double all_bytes = 0;
  std::vector<double> of_task;
};

Traffic MeasureTraffic(const Simulation& s) {
  Traffic traffic;
  traffic.of_task.resize(s.graph.tasks.size());
  std::vector<double> sent(s.graph.num_devices);
  for (std::size_t t = 0; t < s.graph.tasks.size(); ++t) {
    if (!s.graph.tasks[t].is_transfer) continue;
    for (const Flow& flow : s.flows.Flows(TaskId(t)).flows) {
      const double bytes = flow.bytes.value;
      traffic.of_task[t] += bytes;
      sent[flow.sender.index()] += bytes;
      const bool inside = s.platform.vertex(flow.from).node == s.platform.vertex(flow.to).node;
      (inside ? traffic.totals.intra_node_bytes : traffic.totals.inter_node_bytes) += bytes;
    }
    const OpName name = s.graph.tasks[t].label.name;
    if (name == OpName::kDispatch) traffic.totals.dispatch_bytes += traffic.of_task[t];
    if (name == OpName::kCombine) traffic.totals.combine_bytes += traffic.of_task[t];
    traffic.all_bytes += traffic.of_task[t];
  }
  traffic.totals.bytes_per_device_max = *std::max_element(sent.begin(), sent.end());
  return traffic;
}

std::vector<LinkResult> MeasureLinks(const Simulation& s) {
  const Timeline& timeline = s.timeline;
  const auto left = MeanCapacity(timeline.links.size(), s.link_changes, timeline.makespan);
  std::vector<LinkResult> links;
  for (std::size_t l = 0; l < timeline.links.size(); ++l) {
    const LinkUsage& usage = timeline.links[l];
    if (usage.bytes.value == 0) continue;
    const Link& link = s.platform.link(LinkId(l));
    links.push_back({s.platform.LinkName(LinkId(l)), std::string(ToString(link.tier)),
                     usage.bytes.value, usage.busy.value,
                     usage.bytes / (link.capacity * timeline.makespan) / left[l]});
  }
  std::sort(links.begin(), links.end(), [](const LinkResult& a, const LinkResult& b) {
    return a.utilization != b.utilization ? a.utilization > b.utilization : a.name < b.name;
  });
  return links;
}

std::vector<CollectiveResult> MeasureCollectives(const Simulation& s, const Traffic& traffic) {
  std::map<std::pair<std::uint32_t, OpName>, CollectiveResult> by_layer;
  for (std::size_t t = 0; t < s.graph.tasks.size(); ++t) {
    const Task& task = s.graph.tasks[t];
    if (!task.is_transfer) continue;
    CollectiveResult& result = by_layer[{task.label.layer, task.label.name}];
    result.name = ToString(task.label.name);
    result.layer = task.label.layer;
    result.bytes += traffic.of_task[t];
    double inside = 0;
    for (std::uint32_t d = 0; d < task.num_devices; ++d) {
      const Interval& i = s.timeline.at(TaskId(t), DeviceId(task.first_device + d));
      inside += (i.end - i.start).value;
    }
    result.time_s += inside / task.num_devices;
  }
  std::vector<CollectiveResult> collectives;
  collectives.reserve(by_layer.size());
  for (auto& [key, result] : by_layer) collectives.push_back(std::move(result));
  return collectives;
}

// Bytes of dispatch and combine as the plan's copies say, before they became flows.
double ExchangeBytes(const Simulation& s) {
  double copies = 0;
  for (const MoeLayerPlan& layer : s.plan.layers) {
    for (const Copies& c : layer.copies) copies += c.count;
  }
  return copies * (DispatchBytesPerCopy(s.scenario) + CombineBytesPerCopy(s.scenario)).value;
}

// Counted apart from each other: choices from the shape of the step, computed ones from the
// devices' loads, dropped ones by the capacity rule; bytes from the plan's copies and the
// collectives, by the engine when sent, and by the network when received.
ConservationResult MeasureConservation(const Simulation& s, const RunResult& result,
                                       const Traffic& traffic) {
  ConservationResult c;
  if (s.scenario.model.moe) {
    c.tokens_in = std::uint64_t{s.scenario.workload.tokens_per_device} * s.graph.num_devices *
                  s.scenario.model.moe->top_k * s.plan.moe_layers;
    for (const std::uint64_t tokens : result.load->per_device_tokens) c.tokens_out += tokens;
    for (const MoeLayerPlan& layer : s.plan.layers) {
      c.tokens_out += layer.dropped + layer.absent;
      c.absent += layer.absent;
    }
  }
  c.bytes_sent = s.timeline.bytes_sent.value;
  c.bytes_received = s.timeline.bytes_received.value;
  c.ok = c.tokens_in == c.tokens_out && c.bytes_sent == c.bytes_received &&
         c.bytes_sent == traffic.all_bytes &&
         ExchangeBytes(s) == traffic.totals.dispatch_bytes + traffic.totals.combine_bytes;
  return c;
}

std::optional<EnergyResult> EnergyOfStep(const Simulation& s, double tokens) {
  std::vector<DevicePower> powers;
  for (std::uint32_t d = 0; d < s.graph.num_devices; ++d) {
    const std::uint32_t node = s.platform.node_of(DeviceId(d)).value;
    const std::optional<DevicePower> power = PowerOf(s.scenario.cluster.device_of(node));
    if (!power) return std::nullopt;
    powers.push_back(*power);
  }
  return MeasureEnergy({powers, s.scenario.cluster.energy, s.graph, s.timeline, s.platform},
                       tokens);
}

// Rows of the routed experts of the fullest device in the fullest layer.
double MostExpertRows(const MoePlan& plan, std::uint32_t devices) {
  std::uint64_t most = 0;
  std::vector<std::uint64_t> rows;
  for (const MoeLayerPlan& layer : plan.layers) {
    rows.assign(devices, 0);
    for (std::size_t slot = 0; slot < layer.rows.size(); ++slot) {
      rows[plan.DeviceOfSlot(slot)] += layer.rows[slot];
    }
    most = std::max(most, *std::max_element(rows.begin(), rows.end()));
  }
  return static_cast<double>(most);
}

MemoryResult MeasureMemory(const Simulation& s) {
  const Workload& workload = s.scenario.workload;
  const Parallelism& parallelism = s.scenario.parallelism;
  WeightSharding sharding{parallelism.tensor, parallelism.expert, std::nullopt};
  StepLoad load{
      {double{1} * workload.tokens_per_device * parallelism.tensor,
       static_cast<double>(workload.context_length), workload.phase == StepPhase::kDecode},
      std::nullopt};
  if (s.scenario.model.moe) {
    sharding.experts_per_device = s.plan.slots_per_rank();
    load.expert_rows = MostExpertRows(s.plan, s.graph.num_devices);
  }
  const Bytes peak = MemoryFootprint(s.scenario.model, sharding, load).Total();
  // Every device holds as much: the one with the least memory decides.
  Bytes least = s.scenario.cluster.device_of(0).memory_capacity;
  for (std::uint32_t node = 1; node < s.scenario.cluster.nodes; ++node) {
    least = std::min(least, s.scenario.cluster.device_of(node).memory_capacity);
  }
  return {peak.value, peak <= least};
}

std::vector<ExpertLoadRow> ExpertRows(const Scenario& scenario, const MoePlan& plan) {
  std::vector<ExpertLoadRow> rows;
  std::uint32_t moe_layer = 0;
  for (std::uint32_t layer = 0; layer < scenario.model.num_layers; ++layer) {
    if (!scenario.model.IsMoeLayer(layer)) continue;
    for (std::size_t slot = 0; slot < plan.at(moe_layer, 0).chosen.size(); ++slot) {
      const ExpertIndex expert = plan.ExpertOfSlot(moe_layer, slot);
      if (expert == kNoExpert) continue;
      ExpertLoadRow row{layer, expert, plan.DeviceOfSlot(slot), 0, 0};
      for (std::uint32_t m = 0; m < plan.micro_batches; ++m) {
        row.chosen += plan.at(moe_layer, m).chosen[slot];
        row.kept += plan.at(moe_layer, m).kept[slot];
      }
      rows.push_back(row);
    }
    ++moe_layer;
  }
  return rows;
}

}  // namespace

RunResult Measure(const Simulation& s) {
  RunResult result;
  result.scenario = s.scenario.name;
  result.seed = s.scenario.seed;
  result.fidelity = s.fidelity;
  result.step_time_s = s.timeline.makespan.value;
  const double tokens = double{1} * s.scenario.workload.tokens_per_device * s.graph.num_devices;
  result.tokens_per_s = tokens / result.step_time_s;
  result.tokens_per_s_per_device = result.tokens_per_s / s.graph.num_devices;

  const DeviceId slowest = SlowestDevice(s.timeline);
  const DeviceTime time = TimeOfDevice(s.graph, s.timeline, slowest);
  result.slowest_device = slowest.value;
  result.breakdown_s = time.parts;
  result.exposed_comm_s = time.exposed_comm_s;
  result.overlap_fraction = time.comm_s > 0 ? 1.0 - time.exposed_comm_s / time.comm_s : 0.0;
  result.critical_path = CriticalPath(s.graph, s.timeline);

  if (s.scenario.model.moe) {
    result.load = MeasureLoad(s.plan, s.graph.num_devices);
    result.drops = MeasureDrops(s.plan);
    result.experts = ExpertRows(s.scenario, s.plan);
  }
  const Traffic traffic = MeasureTraffic(s);
  result.traffic = traffic.totals;
  result.links = MeasureLinks(s);
  result.memory = MeasureMemory(s);
  result.energy = EnergyOfStep(s, tokens);
  result.conservation = MeasureConservation(s, result, traffic);
  result.collectives = MeasureCollectives(s, traffic);
  result.assumptions = Assumptions(s.scenario);
  result.network_model = s.timeline.stats.network_model;
  if (s.scenario.fidelity == Fidelity::kFlow) {
    result.batching = BatchingResult{s.scenario.tolerance, s.timeline.stats.solves,
                                     s.timeline.stats.widest_window.value};
  }
  result.sim.events = s.timeline.stats.events;
  result.sim.flows = s.timeline.stats.flows;
  return result;
}

}  // namespace switchyard
