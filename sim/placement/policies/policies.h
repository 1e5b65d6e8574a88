// The placement policies, one factory each; registry.cc lists them.
#pragma once

#include <memory>

#include "sim/placement/policy.h"

namespace switchyard {

[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeLinearPlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeRoundRobinPlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeEplbPlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeEplbHierarchicalPlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeSnakePlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeBalancedPlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeRobustPlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeSplitAwarePlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeNodeAwarePlacement();
[[nodiscard]] std::unique_ptr<PlacementPolicy> MakeIncrementalPlacement();

}  // namespace switchyard
