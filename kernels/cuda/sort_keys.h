// A stable sort of numbers by key, by CUB: the one file that pays for its templates.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "kernels/status.h"
#include "kernels/views.h"

namespace switchyard::kernels {

// Both pairs have `count` entries, below 2^31; the first holds the input, both are overwritten.
struct SortBuffers {
  std::uint32_t* keys[2];
  std::uint32_t* values[2];
  std::uint32_t count;
};

// What `scratch` must have on the current GPU; CUB asks the runtime which one that is.
Status SortScratchBytes(std::uint32_t count, std::size_t& bytes);
// Ascending by key, equal keys in their old order. `sorted`: which of the buffers has the values.
Status SortByKey(const SortBuffers& buffers, DeviceSpan<std::byte> scratch, cudaStream_t stream,
                 const std::uint32_t*& sorted);

}  // namespace switchyard::kernels
