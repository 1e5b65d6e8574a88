// Jitter and clocks that differ: durations of compute tasks, device by device.
//
//   ActivityGraph graph = Lower(step, cost);
//   AddComputeNoise(scenario.disturbances, platform, scenario.seed, graph);
//
// A task of duration d lasts d * (product of the jitter drawn) / (the GPU's clock) + delays. Draws
// have streams of their own for each entry and GPU: an entry more, a GPU more or another routing
// changes none of the others. A task on which a GPU computes nothing stays empty.
#pragma once

#include <cstdint>

#include "sim/graph/activity_graph.h"
#include "topologies/disturb/disturbances.h"
#include "topologies/platform.h"

namespace switchyard {

// What a draw or a clock is never below: a kernel ten times as fast as its model is no jitter.
inline constexpr double kLeastFactor = 0.1;

// The names must be those of GPUs (CheckDisturbances). Leaves the graph as it is when there are no
// stragglers and clocks, and every bit of every duration when all spreads are 0 and factors 1.
void AddComputeNoise(const Disturbances& disturbances, const Platform& platform, std::uint64_t seed,
                     ActivityGraph& graph);

}  // namespace switchyard
