// Redundant experts are weights: do they fit?
#pragma once

#include <cstdint>
#include <string>

#include "sim/base/result.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

// Fails when the step fits the smallest device without redundant experts and does not with them,
// naming how many do; what does not fit anyway is no matter of placement. `path`: the field that
// says `redundant`.
[[nodiscard]] Result<void> CheckMemory(const Scenario& scenario, std::uint32_t redundant,
                                       const std::string& path);

}  // namespace switchyard
