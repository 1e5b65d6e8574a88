#include "kernels/cuda/sort_keys.h"

#include <cub/device/device_radix_sort.cuh>

namespace switchyard::kernels {
namespace {

constexpr int kKeyBits = 32;

Status StatusOf(cudaError_t error) {
  if (error == cudaSuccess) return {};
  return {StatusCode::kCuda, static_cast<int>(error), "choices could not be sorted"};
}

}  // namespace

Status SortScratchBytes(std::uint32_t count, std::size_t& bytes) {
  cub::DoubleBuffer<std::uint32_t> none;
  return StatusOf(cub::DeviceRadixSort::SortPairs(nullptr, bytes, none, none, count, 0, kKeyBits));
}

Status SortByKey(const core::SortBuffers& buffers, DeviceSpan<std::byte> scratch,
                 cudaStream_t stream, const std::uint32_t*& sorted) {
  cub::DoubleBuffer<std::uint32_t> keys(buffers.keys[0], buffers.keys[1]);
  cub::DoubleBuffer<std::uint32_t> values(buffers.values[0], buffers.values[1]);
  std::size_t bytes = scratch.size;
  const cudaError_t error = cub::DeviceRadixSort::SortPairs(scratch.data, bytes, keys, values,
                                                            buffers.count, 0, kKeyBits, stream);
  sorted = values.Current();
  return StatusOf(error);
}

}  // namespace switchyard::kernels
