// A simulated step as sim/report/perfetto wants it: which process shows a link's traffic, how many
// tokens each expert computes, what each transfer moves.
//
//   const PerfettoInput input = TimelineInput(*step, loaded.resolved_yaml);
//   WritePerfetto(input, {}, file.stream());
#pragma once

#include <string>

#include "sim/pipeline/simulate.h"
#include "sim/report/perfetto/perfetto.h"

namespace switchyard {

// Refers to the step, which was simulated with SimulationOptions::timeline. `resolved` is the
// resolved scenario's text: its hash goes into the trace, so that a timeline can be matched to its
// run.
[[nodiscard]] PerfettoInput TimelineInput(const SimulatedStep& step, const std::string& resolved);

}  // namespace switchyard
