// The subcommands of `switchyard trace` that have a file of their own.
#pragma once

#include "sim/cli/command.h"

namespace switchyard {

void AddTraceRecord(CLI::App& trace, Action& action);

}  // namespace switchyard
