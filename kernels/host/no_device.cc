// FindDevice where the CUDA toolkit was absent at build time.
#include "kernels/device.h"

namespace switchyard::kernels {

DeviceInfo FindDevice() {
  DeviceInfo info;
  info.why_not = "built without the CUDA toolkit";
  return info;
}

}  // namespace switchyard::kernels
