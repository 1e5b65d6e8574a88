// The fidelities, one factory each; registry.cc lists them by name.
#pragma once

#include <memory>

#include "sim/engine/executor.h"

namespace switchyard {

[[nodiscard]] std::unique_ptr<Executor> MakePairwiseExecutor();
// `epsilon` in 0..1: what FlowOptions (flow/flow_network.h) says; 0 is exact.
[[nodiscard]] std::unique_ptr<Executor> MakeFlowExecutor(double epsilon);
[[nodiscard]] std::unique_ptr<Executor> MakePortExecutor();

}  // namespace switchyard
