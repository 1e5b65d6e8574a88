// SaveTrace in two parts, for those who write a trace step by step (the recorder).
#pragma once

#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_writer.h"

namespace switchyard {

// Everything of `trace` that is not about steps and tokens.
void WriteTraceHeader(const RouterTrace& trace, TraceWriter& writer);
// Its steps with their chunks, and its gaps.
void WriteTraceSteps(const RouterTrace& trace, TraceWriter& writer);

}  // namespace switchyard
