// Which NICs a GPU uses for traffic to other nodes: NIC g * nics / gpus of GPU g, so that 4 NICs
// serve 2 GPUs each of 8, and each of 8 GPUs has 4 of 32.
#pragma once

#include <cstdint>

#include "topologies/platform.h"

namespace switchyard {

struct OwnNics {
  std::uint32_t first = 0;
  std::uint32_t count = 0;  // 0: the node has no NIC
};

[[nodiscard]] inline OwnNics NicsOfGpu(std::uint32_t gpu, std::uint32_t gpus, std::uint32_t nics) {
  if (nics == 0) return {};
  const auto at = [&](std::uint64_t g) { return static_cast<std::uint32_t>(g * nics / gpus); };
  const std::uint32_t next = at(gpu + std::uint64_t{1});
  return {at(gpu), next > at(gpu) ? next - at(gpu) : 1};
}

[[nodiscard]] inline OwnNics NicsOfGpu(const Platform& platform, const Vertex& gpu) {
  return NicsOfGpu(gpu.index, platform.CountInNode(VertexKind::kGpu, gpu.node),
                   platform.CountInNode(VertexKind::kNic, gpu.node));
}

// The first GPU that uses the NIC.
[[nodiscard]] inline std::uint32_t GpuOfNic(std::uint32_t nic, std::uint32_t gpus,
                                            std::uint32_t nics) {
  // The first whose own NICs begin at `nic` or after it; the one before may have several.
  const auto gpu =
      static_cast<std::uint32_t>((std::uint64_t{nic} * gpus + nics - std::uint64_t{1}) / nics);
  return gpu < gpus && NicsOfGpu(gpu, gpus, nics).first == nic ? gpu : gpu - 1;
}

}  // namespace switchyard
