// Turning a launch into a Status.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>

#include "kernels/status.h"

namespace switchyard::kernels {

// After every <<<>>>: what the runtime says of it. Does not wait for the kernel.
inline Status Launched() {
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return {};
  return {StatusCode::kCuda, static_cast<int>(error), "a kernel could not be launched"};
}

// cudaMemsetAsync as a Status.
inline Status SetBytes(void* data, int value, std::size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return {};
  const cudaError_t error = cudaMemsetAsync(data, value, bytes, stream);
  if (error == cudaSuccess) return {};
  return {StatusCode::kCuda, static_cast<int>(error), "memory could not be set"};
}

}  // namespace switchyard::kernels
