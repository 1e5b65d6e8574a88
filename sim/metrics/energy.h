// Joules of a step: what GPUs draw while they compute, communicate and wait, what links take for
// the bytes they move, what switches draw all the time.
//
//   std::optional<EnergyResult> energy = MeasureEnergy({powers, spec, graph, timeline, platform},
//                                                      tokens);
//
//   compute        busy power * time in compute
//   communication  power when communicating * time in communication and not in compute
//   idle           idle power * the rest of the step
//   links          bytes over each link * the energy per byte of its tier, each hop counted
//   switches       switch power of a GPU * GPUs * step time
//
// Powers are constants of a state: no clocks that follow power, no ramps. A GPU that is slower than
// its card says still draws its full power.
#pragma once

#include <optional>
#include <vector>

#include "sim/graph/activity_graph.h"
#include "sim/graph/timeline.h"
#include "sim/metrics/run_result.h"
#include "topologies/cluster_spec.h"
#include "topologies/platform.h"

namespace switchyard {

struct DevicePower {
  Watts idle;
  Watts busy;
  Watts communicating;
};

// As the cluster says; communication at idle power when it says nothing else. Nothing without idle
// and busy power.
[[nodiscard]] std::optional<DevicePower> PowerOf(const DeviceSpec& device);

struct EnergyInput {
  const std::vector<DevicePower>& powers;  // by device
  const EnergySpec& spec;
  const ActivityGraph& graph;
  const Timeline& timeline;
  const Platform& platform;
};

[[nodiscard]] EnergyResult MeasureEnergy(const EnergyInput& input, double tokens);

}  // namespace switchyard
