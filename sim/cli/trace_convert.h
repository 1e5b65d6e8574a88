// switchyard trace convert: between .trace and .npy, and from what other tools write.
//
//   AddTraceConvert(*trace, action);   // `trace` is the parent command
#pragma once

#include "sim/cli/command.h"

namespace switchyard {

void AddTraceConvert(CLI::App& trace, Action& action);

}  // namespace switchyard
