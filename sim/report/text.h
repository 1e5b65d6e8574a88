// The result as text, for people at a terminal.
//
// At most kMaxTextLines lines of at most kMaxTextColumns columns, plain ASCII apart from names. The
// breakdown adds up as printed: its times to the step time, its shares to 100 %.
#pragma once

#include <cstddef>
#include <string>

#include "sim/metrics/run_result.h"

namespace switchyard {

inline constexpr std::size_t kMaxTextLines = 25;
inline constexpr std::size_t kMaxTextColumns = 100;

[[nodiscard]] std::string ToText(const RunResult& result);

}  // namespace switchyard
