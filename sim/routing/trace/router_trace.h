// The generated messages of router_trace.proto, for those who read or write records themselves.
#pragma once

#include "sim/routing/trace/router_trace.pb.h"  // IWYU pragma: export
