#include "kernels/device.h"

#include <cuda_runtime_api.h>

namespace switchyard::kernels {
namespace {

DeviceInfo Without(cudaError_t error) {
  DeviceInfo info;
  info.why_not = cudaGetErrorString(error);
  info.failed = error != cudaErrorInsufficientDriver && error != cudaErrorNoDevice &&
                error != cudaErrorStubLibrary;
  return info;
}

std::string Version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

}  // namespace

DeviceInfo FindDevice() {
  int devices = 0;
  if (const cudaError_t error = cudaGetDeviceCount(&devices); error != cudaSuccess) {
    return Without(error);
  }
  if (devices == 0) return Without(cudaErrorNoDevice);
  cudaDeviceProp properties{};
  if (const cudaError_t error = cudaGetDeviceProperties(&properties, 0); error != cudaSuccess) {
    return Without(error);
  }
  int driver = 0;
  if (const cudaError_t error = cudaDriverGetVersion(&driver); error != cudaSuccess) {
    return Without(error);
  }
  DeviceInfo info;
  info.usable = true;
  info.name = static_cast<const char*>(properties.name);
  info.driver = Version(driver);
  info.multiprocessors = properties.multiProcessorCount;
  return info;
}

}  // namespace switchyard::kernels
