// A small but complete RunResult for the reporters' tests.
#pragma once

#include "sim/metrics/run_result.h"

namespace switchyard {

[[nodiscard]] RunResult SampleResult();

}  // namespace switchyard
