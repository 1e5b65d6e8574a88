// One inference step of the scenario's model as a StepGraph.
//
// Per layer and micro-batch: attention, router, dispatch, shared experts, expert GEMMs, combine (or
// a dense FFN). Under tensor parallelism attention ends with an all-reduce, each rank dispatches
// its share of the tokens, and an all-gather follows combine. Shared experts run while tokens
// travel. With two micro-batches, one computes while the other communicates:
//
//   compute  A0 R0 A1 R1 S0 E0 S1 E1 | A0 …
//   comm           D0    D1    C0    | C1 …
#pragma once

#include "sim/plan/moe_plan.h"
#include "sim/plan/step_graph.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

[[nodiscard]] StepGraph BuildStep(const Scenario& scenario, const MoePlan& plan);

}  // namespace switchyard
