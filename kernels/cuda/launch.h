// Turning a launch into a Status.
#pragma once

#include <cuda_runtime_api.h>

#include "kernels/status.h"

namespace switchyard::kernels {

// After every <<<>>>: what the runtime says of it. Does not wait for the kernel.
inline Status Launched() {
  const cudaError_t error = cudaGetLastError();
  if (error == cudaSuccess) return {};
  return {StatusCode::kCuda, static_cast<int>(error), "a kernel could not be launched"};
}

}  // namespace switchyard::kernels
