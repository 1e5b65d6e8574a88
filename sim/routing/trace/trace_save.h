// SaveTrace in two parts, for those who write a trace step by step (the recorder).
#pragma once

#include <string>

#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_writer.h"

namespace switchyard {

// Empty, or why no reader would accept the trace's header or one of its gaps: names, notes and
// recipes of more than kMaxSmallRecordBytes.
[[nodiscard]] std::string CheckSmallRecords(const RouterTrace& trace);

// Everything of `trace` that is not about steps and tokens.
void WriteTraceHeader(const RouterTrace& trace, TraceWriter& writer);
// Its steps with their chunks, and its gaps.
void WriteTraceSteps(const RouterTrace& trace, TraceWriter& writer);

}  // namespace switchyard
