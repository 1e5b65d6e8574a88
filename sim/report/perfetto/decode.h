// The first half of reading a trace: bytes to tracks and events.
#pragma once

#include <string_view>

#include "sim/report/perfetto/reader.h"

namespace switchyard::perfetto {

// Problems beyond this many are not kept.
inline constexpr std::size_t kMaxProblems = 100;
void AddProblem(Diagnostics& problems, std::size_t packet, std::string message);

// Fills tracks, events, attributes and problems. Fails when the bytes are not a trace.
[[nodiscard]] Result<PerfettoTrace> Decode(std::string_view bytes);

}  // namespace switchyard::perfetto
