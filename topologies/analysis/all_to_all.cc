#include "topologies/analysis/all_to_all.h"

#include <set>
#include <span>
#include <utility>

#include "topologies/analysis/max_flow.h"

namespace switchyard {
namespace {

struct Range {
  std::size_t first;
  std::size_t gpus;
  auto operator<=>(const Range&) const = default;
};

// Sets of neighbouring GPUs, each once.
std::set<Range> Sides(const Platform& platform) {
  const std::size_t all = platform.num_devices();
  std::set<Range> sides = {{0, DevicesInFirstHalf(platform)}};
  const std::size_t looked_at = all <= kMaxCutGpus ? all : 1;
  for (std::size_t gpu = 0; gpu < looked_at; ++gpu) {
    sides.insert({gpu, 1});
    const NodeId node = platform.node_of(DeviceId(gpu));
    if (gpu > 0 && platform.node_of(DeviceId(gpu - 1)) == node) continue;
    std::size_t end = gpu;
    while (end < all && platform.node_of(DeviceId(end)) == node) ++end;
    if (end - gpu < all) sides.insert({gpu, end - gpu});
  }
  return sides;
}

}  // namespace

std::size_t DevicesInFirstHalf(const Platform& platform) {
  if (platform.num_nodes() < 2) return platform.num_devices() / 2;
  std::size_t devices = 0;
  while (platform.node_of(DeviceId(devices)).index() < platform.num_nodes() / 2) ++devices;
  return devices;
}

std::optional<AllToAllCut> FindAllToAllCut(const Platform& platform,
                                           const std::vector<bool>& usable) {
  const std::span<const VertexId> gpus = platform.OfKind(VertexKind::kGpu);
  if (gpus.size() < 2) return std::nullopt;
  std::optional<AllToAllCut> worst;
  for (const Range& side : Sides(platform)) {
    if (side.gpus == 0) continue;
    std::vector<VertexId> rest(gpus.begin(), gpus.end());
    const auto first = rest.begin() + static_cast<std::ptrdiff_t>(side.first);
    rest.erase(first, first + static_cast<std::ptrdiff_t>(side.gpus));
    const MaxFlow flow = FindMaxFlow(platform, gpus.subspan(side.first, side.gpus), rest, usable);
    const Bytes across{static_cast<double>(side.gpus) * static_cast<double>(rest.size())};
    const Seconds time = across / flow.bandwidth;
    if (worst && time <= worst->per_byte) continue;
    worst = AllToAllCut{time, side.gpus, DeviceId(side.first), flow.bandwidth};
  }
  return worst;
}

}  // namespace switchyard
