// The subcommands of `switchyard trace` that have a file of their own.
#pragma once

#include "sim/cli/command.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

void AddTraceInfo(CLI::App& trace, Action& action);
void AddTraceJoin(CLI::App& trace, Action& action);
void AddTraceRecord(CLI::App& trace, Action& action);
void AddTraceScale(CLI::App& trace, Action& action);

// The trace's warnings, on standard error.
void WarnOf(const RouterTrace& trace);

}  // namespace switchyard
