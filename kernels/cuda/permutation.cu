// Permutation on a GPU: one warp sums the padded counts of the experts, then a thread per choice
// writes its row.
#include "kernels/core/rank.h"
#include "kernels/core/slot_checks.h"
#include "kernels/cuda/device_warp.cuh"
#include "kernels/cuda/launch.h"
#include "kernels/slots_device.h"

namespace switchyard::kernels {
namespace {

constexpr unsigned kThreads = 256;

__global__ void OffsetsKernel(DeviceSpan<const std::uint32_t> kept, std::uint32_t tile,
                              DeviceSpan<std::uint32_t> offset) {
  const auto experts = static_cast<std::uint32_t>(kept.size);
  for (std::uint32_t e = threadIdx.x; e < experts; e += core::kWarpLanes) {
    offset[e] = (kept[e] + tile - 1) / tile * tile;
  }
  __syncwarp();
  const std::uint32_t rows = core::ExclusiveSum<DeviceWarp>(offset.data, experts, 0);
  if (threadIdx.x == 0) offset[experts] = rows;
}

__global__ void RowsKernel(DeviceMatrix<const std::uint16_t> expert,
                           SlotOutput<Memory::kDevice> slots,
                           PermutationOutput<Memory::kDevice> out) {
  const std::uint32_t i = blockIdx.x * kThreads + threadIdx.x;
  if (i >= out.flat_to_row.size) return;
  const std::uint32_t e = expert.data[i];
  const std::int32_t slot = slots.slot.data[i];
  const bool kept =
      e < slots.kept.size && slot >= 0 && static_cast<std::uint32_t>(slot) < slots.kept[e];
  const std::uint32_t row = kept ? out.offset[e] + static_cast<std::uint32_t>(slot) : kNoRow;
  out.flat_to_row[i] = row;
  if (kept) out.row_to_flat[row] = i;
}

}  // namespace

Status Permutation(DeviceMatrix<const std::uint16_t> expert,
                   const SlotOutput<Memory::kDevice>& slots, std::uint32_t tile,
                   const PermutationOutput<Memory::kDevice>& out, cudaStream_t stream) {
  if (const Status s = core::CheckPermutation(expert, slots, tile, out); !s.ok()) return s;
  OffsetsKernel<<<1, core::kWarpLanes, 0, stream>>>({slots.kept.data, slots.kept.size}, tile,
                                                    out.offset);
  if (const Status s = Launched(); !s.ok()) return s;
  const std::size_t bytes = out.row_to_flat.size * sizeof(kNoRow);
  if (const Status s = SetBytes(out.row_to_flat.data, 0xFF, bytes, stream); !s.ok()) return s;
  const auto choices = static_cast<std::uint32_t>(expert.size());
  if (choices == 0) return {};
  RowsKernel<<<(choices + kThreads - 1) / kThreads, kThreads, 0, stream>>>(expert, slots, out);
  return Launched();
}

}  // namespace switchyard::kernels
