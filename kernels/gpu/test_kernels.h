// Two kernels that only the timings need: one that does nothing, one that fills logits.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <cstdint>

#include "kernels/routing.h"
#include "kernels/status.h"

namespace switchyard::kernels::gpu {

Status LaunchEmpty(cudaStream_t stream);

// About normal, variance 4 / 3; element i is made of word block i of Philox.
Status FillLogits(DeviceSpan<float> logits, std::uint64_t seed, cudaStream_t stream);
Status FillLogits(DeviceSpan<Bf16> logits, std::uint64_t seed, cudaStream_t stream);

}  // namespace switchyard::kernels::gpu
