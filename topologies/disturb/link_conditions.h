// From what a user says is wrong with a cluster to what the engine is told of its links: which are
// dead, and how the capacities of the others change.
//
//   Result<LinkConditions> links = LinkConditionsOf(disturbances, platform, selection);
//   if (!links.ok()) return links.errors();
//   auto paths = MakePathSelector(selection, platform, links.value().dead);
//
// What a link has left is the product of its slowdowns and of (1 - share) for each background
// share, less the rates of background flows over it as parts of its nominal capacity. Background
// comes first: it is not slowed by the step's own traffic.
//
// Errors have paths as in a scenario ("disturbances.links[2].link") and no location. Errors are:
// names of nothing; dead links that leave a pair of GPUs unconnected; background that leaves less
// than kLeastLeft of a link; more than kMaxChanges changes (slowdown.h).
#pragma once

#include <vector>

#include "sim/base/ids.h"
#include "sim/base/result.h"
#include "topologies/changes.h"
#include "topologies/cluster_spec.h"
#include "topologies/disturb/disturbances.h"
#include "topologies/paths/path_selector.h"
#include "topologies/platform.h"

namespace switchyard {

struct LinkConditions {
  std::vector<LinkId> dead;         // all step long
  std::vector<LinkChange> changes;  // of the others; by link, then time; only real changes
};

[[nodiscard]] Result<LinkConditions> LinkConditionsOf(const Disturbances& disturbances,
                                                      const Platform& platform,
                                                      PathSelection selection);

}  // namespace switchyard
