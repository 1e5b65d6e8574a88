// The capacity rules by name of their factory; used by registry.cc only.
#pragma once

#include <memory>

#include "sim/routing/capacity_rule.h"

namespace switchyard {

[[nodiscard]] std::unique_ptr<CapacityRule> MakeDroplessRule(const CapacitySpec& spec);
[[nodiscard]] std::unique_ptr<CapacityRule> MakePositionRule(const CapacitySpec& spec);
[[nodiscard]] std::unique_ptr<CapacityRule> MakeProbabilityRule(const CapacitySpec& spec);
[[nodiscard]] std::unique_ptr<CapacityRule> MakeSenderDestinationRule(const CapacitySpec& spec);

}  // namespace switchyard
