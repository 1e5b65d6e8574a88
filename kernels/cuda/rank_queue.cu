#include "kernels/cuda/rank_queue.h"

#include "kernels/cuda/device_warp.cuh"
#include "kernels/cuda/launch.h"

namespace switchyard::kernels {
namespace {

using core::kWarpLanes;
using core::Queue;
using core::RankOutputs;
using core::RankPlan;

// Warps of a block, each with its own counters in shared memory: 32 KiB with 4 warps and 2048
// experts, or 2 warps and 4096.
unsigned WarpsFor(std::uint32_t experts) { return experts <= 2048 ? 4 : 2; }

extern __shared__ std::uint32_t shared_counters[];

__device__ std::uint32_t* CountersOfWarp(std::uint32_t experts) {
  return shared_counters + threadIdx.x / kWarpLanes * experts;
}

__device__ std::uint32_t TileOfWarp() {
  return blockIdx.x * (blockDim.x / kWarpLanes) + threadIdx.x / kWarpLanes;
}

__global__ void CountTilesKernel(Queue queue, RankPlan plan) {
  const std::uint32_t tile = TileOfWarp();
  if (tile >= plan.tiling.tiles) return;
  std::uint32_t* count = CountersOfWarp(queue.experts);
  const std::uint32_t lane = DeviceWarp::Lane();
  for (std::uint32_t e = lane; e < queue.experts; e += kWarpLanes) count[e] = 0;
  __syncwarp();
  core::CountTile<DeviceWarp>(queue, plan.tiling, tile, count);
  for (std::uint32_t e = lane; e < queue.experts; e += kWarpLanes) {
    plan.counts[static_cast<std::uint64_t>(e) * plan.tiling.tiles + tile] = count[e];
  }
}

__global__ void SumTilesKernel(RankPlan plan, std::uint32_t experts, RankOutputs out) {
  const std::uint32_t expert = TileOfWarp();
  if (expert >= experts) return;
  core::SumExpert<DeviceWarp>(plan, expert, out);
}

__global__ void RankTilesKernel(Queue queue, RankPlan plan) {
  const std::uint32_t tile = TileOfWarp();
  if (tile >= plan.tiling.tiles) return;
  std::uint32_t* next = CountersOfWarp(queue.experts);
  for (std::uint32_t e = DeviceWarp::Lane(); e < queue.experts; e += kWarpLanes) {
    next[e] = plan.counts[static_cast<std::uint64_t>(e) * plan.tiling.tiles + tile];
  }
  __syncwarp();
  core::RankTile<DeviceWarp>(queue, plan.tiling, tile, next, plan.capacity);
}

struct Grid {
  unsigned blocks;
  unsigned threads;
  std::size_t shared_bytes;
};

// One warp per tile.
Grid GridFor(const Queue& queue, const core::Tiling& tiling) {
  const unsigned warps = WarpsFor(queue.experts);
  return {(tiling.tiles + warps - 1) / warps, warps * kWarpLanes,
          std::size_t{warps} * queue.experts * sizeof(std::uint32_t)};
}

}  // namespace

Status CountQueue(const Queue& queue, const RankPlan& plan, const RankOutputs& out,
                  cudaStream_t stream) {
  const Grid grid = GridFor(queue, plan.tiling);
  if (grid.blocks > 0) {
    CountTilesKernel<<<grid.blocks, grid.threads, grid.shared_bytes, stream>>>(queue, plan);
    if (const Status s = Launched(); !s.ok()) return s;
  }
  constexpr unsigned kWarps = 4;
  const unsigned blocks = (queue.experts + kWarps - 1) / kWarps;
  SumTilesKernel<<<blocks, kWarps * kWarpLanes, 0, stream>>>(plan, queue.experts, out);
  return Launched();
}

Status RankQueue(const Queue& queue, const RankPlan& plan, const RankOutputs& out,
                 cudaStream_t stream) {
  if (const Status s = CountQueue(queue, plan, out, stream); !s.ok()) return s;
  const Grid grid = GridFor(queue, plan.tiling);
  if (grid.blocks == 0) return {};
  RankTilesKernel<<<grid.blocks, grid.threads, grid.shared_bytes, stream>>>(queue, plan);
  return Launched();
}

}  // namespace switchyard::kernels
