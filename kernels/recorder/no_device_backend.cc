// MakeDeviceBackend where the CUDA toolkit was absent at build time.
#include "kernels/recorder/route_backend.h"

namespace switchyard::kernels {

std::unique_ptr<RouteBackend> MakeDeviceBackend(const RouteSpec& /*spec*/,
                                                const CapacityGroups& /*groups*/,
                                                std::uint32_t /*max_tokens*/, Status& status) {
  status = {StatusCode::kCuda, 0, "built without the CUDA toolkit"};
  return nullptr;
}

}  // namespace switchyard::kernels
