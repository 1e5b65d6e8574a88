// What the search found, for people and for programs.
#pragma once

#include <string>

#include "sim/optimize/online.h"
#include "sim/optimize/result.h"

namespace switchyard {

// A table of the plans, the gains of the chosen one over linear and EPLB, its hottest GPU pairs.
[[nodiscard]] std::string ToText(const OptimizeResult& result);
// Names of the keys are a contract with users' scripts (README.md); a part that does not apply is
// absent. Everything but ms_per_layer is the same for the same inputs and seed.
[[nodiscard]] std::string ToJson(const OptimizeResult& result);

// Replanning: a table of the variants, what the best one gains, whether replanning pays and why
// not.
[[nodiscard]] std::string ToText(const OnlineResult& result);
// The same for the same inputs and seed, byte for byte.
[[nodiscard]] std::string ToJson(const OnlineResult& result);

}  // namespace switchyard
