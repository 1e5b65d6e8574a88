// The most that several vertices can send to several others at once, over all ways there are, and
// the links that limit it.
#pragma once

#include <span>
#include <vector>

#include "topologies/platform.h"

namespace switchyard {

struct MaxFlow {
  BytesPerSecond bandwidth;
  std::vector<LinkId> cut;  // a minimum cut, the one nearest the sources; its capacities sum to it
};

// Links for which `usable` is false are left out; an empty `usable` leaves out none. Any vertex
// forwards, GPUs included, but for memories and SSDs. Sources and sinks are disjoint. Push-relabel
// (Goldberg, Tarjan, J. ACM 1988; Boost.Graph) in whole B/s, so exact for such capacities.
[[nodiscard]] MaxFlow FindMaxFlow(const Platform& platform, std::span<const VertexId> sources,
                                  std::span<const VertexId> sinks,
                                  const std::vector<bool>& usable = {});

}  // namespace switchyard
