// The result as JSON, for programs. Names and order of the keys are a contract with users' scripts:
// a part that does not apply is absent, doubles read back to the same bits.
//
//   WriteFileAtomically("result.json", ToJson(result));
#pragma once

#include <string>

#include "sim/metrics/run_result.h"

namespace switchyard {

// The whole result; its last key, "sim", tells what the run itself cost.
[[nodiscard]] std::string ToJson(const RunResult& result);

// The result without "sim": same inputs and seed give the same bytes.
[[nodiscard]] std::string ToComparableJson(const RunResult& result);

}  // namespace switchyard
