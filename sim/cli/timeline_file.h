// A simulated step as a .pftrace file.
#pragma once

#include <filesystem>
#include <string>

#include "sim/base/result.h"
#include "sim/pipeline/simulate.h"

namespace switchyard {

// `resolved` is the resolved scenario's text: its hash goes into the trace, so that a timeline can
// be matched to its run.
Result<void> WriteTimeline(const std::filesystem::path& file, const SimulatedStep& step,
                           const std::string& resolved);

}  // namespace switchyard
