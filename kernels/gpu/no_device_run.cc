// In place of device_run.cc in a build without CUDA.
#include "kernels/gpu/outcome.h"

namespace switchyard::kernels::gpu {

Outcome RunOnDevice(const Case& /*c*/, const Inputs& /*in*/, Guard /*guard*/) {
  Outcome outcome;
  outcome.fault = "built without CUDA";
  return outcome;
}

std::string CudaVersion() { return "none"; }

}  // namespace switchyard::kernels::gpu
