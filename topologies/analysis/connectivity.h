// What a broken link or switch does to the GPUs of a platform.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "topologies/platform.h"

namespace switchyard {

// Ordered pairs of different GPUs that are not joined both ways, over any vertices but memories and
// SSDs (strong components: Tarjan, SIAM J. Computing 1972; Boost.Graph).
[[nodiscard]] std::uint64_t CountUnreachablePairs(const Platform& platform);

struct FailurePoints {
  std::vector<VertexId> vertices;  // neither GPUs nor planes of switches; ascending
  std::vector<LinkId> links;       // one per attachment, the direction added first; ascending
};

// Vertices and attachments whose loss cuts some GPUs off from others although any vertex but a
// memory forwards:
// articulation points and bridges (Hopcroft, Tarjan, CACM 1973; Boost.Graph) with GPUs on two
// sides. The spine and a node's NVSwitch plane are not listed: they stand for several switches.
[[nodiscard]] FailurePoints FindFailurePoints(const Platform& platform);

}  // namespace switchyard
