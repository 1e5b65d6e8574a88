// Is there a GPU to run on? Built with or without the CUDA toolkit.
//
//   const DeviceInfo gpu = FindDevice();
//   if (!gpu.usable) skip(gpu.why_not);
#pragma once

#include <string>

namespace switchyard::kernels {

struct DeviceInfo {
  bool usable = false;
  // Why there is none: not built with CUDA, no driver, no device. Only these three count as "none"
  // (cudaErrorInsufficientDriver, cudaErrorStubLibrary, cudaErrorNoDevice); `failed` is set for any
  // other answer of the runtime, which is a fault and no reason to skip.
  std::string why_not;
  bool failed = false;
  std::string name;    // e.g. NVIDIA H200
  std::string driver;  // CUDA version of the driver, e.g. 13.0
  int multiprocessors = 0;
};

// Asks the runtime each time. Device 0.
[[nodiscard]] DeviceInfo FindDevice();

}  // namespace switchyard::kernels
