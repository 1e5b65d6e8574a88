// A stable sort of numbers by key, by CUB: the one file that pays for its templates.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "kernels/core/parallel_scratch.h"
#include "kernels/status.h"
#include "kernels/views.h"

namespace switchyard::kernels {

// What `scratch` must have on the current GPU; CUB asks the runtime which one that is.
Status SortScratchBytes(std::uint32_t count, std::size_t& bytes);
// Ascending by key, equal keys in their old order. `sorted`: which of the buffers has the values.
Status SortByKey(const core::SortBuffers& buffers, DeviceSpan<std::byte> scratch,
                 cudaStream_t stream, const std::uint32_t*& sorted);

}  // namespace switchyard::kernels
