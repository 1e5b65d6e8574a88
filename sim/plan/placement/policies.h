// The placement policies, one factory each; registry.cc lists them.
#pragma once

#include <memory>

#include "sim/plan/placement/placement.h"

namespace switchyard {

[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeLinearPlacement();

}  // namespace switchyard
