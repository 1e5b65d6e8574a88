// The table of path selectors, and what they share.
#include <algorithm>
#include <limits>

#include "sim/base/check.h"
#include "topologies/paths/adaptive.h"
#include "topologies/paths/ecmp.h"
#include "topologies/paths/path_selector.h"
#include "topologies/paths/rail_aware.h"
#include "topologies/paths/shortest.h"

namespace switchyard {

std::unique_ptr<PathSelector> MakePathSelector(PathSelection selection, const Platform& platform,
                                               std::span<const LinkId> dead) {
  switch (selection) {
    case PathSelection::kRailAware:
      return std::make_unique<RailAwarePaths>(platform, dead);
    case PathSelection::kShortest:
      return std::make_unique<ShortestPaths>(platform, dead);
    case PathSelection::kEcmp:
      return std::make_unique<EcmpPaths>(platform, dead);
    case PathSelection::kAdaptive:
      return std::make_unique<AdaptivePaths>(platform, dead);
  }
  SWITCHYARD_CHECK(false, "path selection outside the enumeration");
  return nullptr;
}

std::string_view ToString(PathSelection selection) {
  switch (selection) {
    case PathSelection::kRailAware:
      return "rail_aware";
    case PathSelection::kShortest:
      return "shortest";
    case PathSelection::kEcmp:
      return "ecmp";
    case PathSelection::kAdaptive:
      return "adaptive";
  }
  SWITCHYARD_CHECK(false, "path selection outside the enumeration");
  return {};
}

std::optional<std::pair<DeviceId, DeviceId>> FirstUnreachable(const Platform& platform,
                                                              const PathSelector& paths) {
  const std::size_t devices = platform.num_devices();
  // Destinations outside: tables are by destination.
  std::optional<std::pair<DeviceId, DeviceId>> first;
  for (std::size_t to = 0; to < devices; ++to) {
    const std::size_t before = first ? first->first.index() : devices;
    for (std::size_t from = 0; from < before; ++from) {
      if (paths.Reaches(platform.gpu(DeviceId(from)), platform.gpu(DeviceId(to)))) continue;
      first = {DeviceId(from), DeviceId(to)};
      break;
    }
  }
  return first;
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
