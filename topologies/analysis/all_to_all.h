// How fast a uniform all-to-all could be: one byte from every GPU to every other one.
//
//   std::optional<AllToAllBound> by_paths = UniformAllToAll(platform, survey);   // pair_survey.h
//   std::optional<AllToAllCut> by_cuts = FindAllToAllCut(platform);
//
// The first is exact for the paths that were chosen; the second holds for any paths.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "topologies/platform.h"

namespace switchyard {

// A set of GPUs whose way out takes longest: pairs across over the max-flow from them to the rest.
struct AllToAllCut {
  Seconds per_byte;      // no all-to-all is faster, whatever paths it takes
  std::size_t gpus = 0;  // on the side that sends; the first `gpus` from `first` on
  DeviceId first;
  BytesPerSecond max_flow;
};

// The worst of: single GPUs, nodes, and the first half of the GPUs; all GPUs and nodes of clusters
// up to kMaxCutGpus, above the first of each. Links for which `usable` is false are left out. Every
// GPU must reach every other. Absent for one GPU.
inline constexpr std::size_t kMaxCutGpus = 64;
[[nodiscard]] std::optional<AllToAllCut> FindAllToAllCut(const Platform& platform,
                                                         const std::vector<bool>& usable);

// GPUs on the first side of a bisection: those of the first half of the nodes, or half the GPUs of
// one node. GPUs are numbered node by node.
[[nodiscard]] std::size_t DevicesInFirstHalf(const Platform& platform);

}  // namespace switchyard
