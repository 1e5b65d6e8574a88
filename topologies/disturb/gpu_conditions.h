// GPUs that are slower for some time, as the engine is told; and the names of those that jitter.
//
//   Result<std::vector<SpeedChange>> speeds = SpeedChangesOf(disturbances, platform);
//
// Slowdowns of one GPU at one time multiply, to no less than kLeastLeft (slowdown.h). Errors have
// paths as in a scenario ("disturbances.gpus[2].gpu") and no location: names of nothing, a GPU that
// is dead (a step needs all its GPUs), too many changes.
#pragma once

#include <vector>

#include "sim/base/result.h"
#include "topologies/changes.h"
#include "topologies/cluster_spec.h"
#include "topologies/disturb/disturbances.h"
#include "topologies/platform.h"

namespace switchyard {

// By device, then time; only real changes.
[[nodiscard]] Result<std::vector<SpeedChange>> SpeedChangesOf(const Disturbances& disturbances,
                                                              const Platform& platform);

// All that is wrong with any of the disturbances of this cluster.
[[nodiscard]] Diagnostics CheckDisturbances(const Disturbances& disturbances,
                                            const Platform& platform, PathSelection selection);

}  // namespace switchyard
