// Several traces of one model as one: the tasks of a benchmark, the parts of a recording.
//
//   Result<RouterTrace> all = JoinTraces({law, code}, {"law", "code"});
//
// Tokens follow each other part by part; sequences keep apart. A part that names no domains becomes
// a domain of its own, named as given; so the parts can be told apart. Weights are left out unless
// all parts have the same format. Notes and other words are the first part's. Errors: parts of
// different shapes or of other layers (layer_ids), more than 255 domains.
#pragma once

#include <string>
#include <vector>

#include "sim/base/result.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

// One name for each part; at least one part.
[[nodiscard]] Result<RouterTrace> JoinTraces(std::vector<RouterTrace> parts,
                                             const std::vector<std::string>& names);

}  // namespace switchyard
