// The table of path selectors, and what they share.
#include <limits>

#include "sim/base/check.h"
#include "topologies/paths/path_selector.h"
#include "topologies/paths/rail_aware.h"
#include "topologies/paths/shortest.h"

namespace switchyard {

std::unique_ptr<PathSelector> MakePathSelector(PathSelection selection, const Platform& platform) {
  switch (selection) {
    case PathSelection::kRailAware:
      return std::make_unique<RailAwarePaths>(platform);
    case PathSelection::kShortest:
      return std::make_unique<ShortestPaths>(platform);
  }
  SWITCHYARD_CHECK(false, "path selection outside the enumeration");
  return nullptr;
}

Seconds PathLatency(const Platform& platform, const std::vector<LinkId>& links) {
  Seconds sum;
  for (const LinkId l : links) sum += platform.link(l).latency;
  return sum;
}

BytesPerSecond PathBandwidth(const Platform& platform, const std::vector<LinkId>& links) {
  BytesPerSecond least{std::numeric_limits<double>::infinity()};
  for (const LinkId l : links) least = std::min(least, platform.link(l).capacity);
  return least;
}

}  // namespace switchyard
