// The fidelities, one factory each; registry.cc lists them by name.
#pragma once

#include <memory>

#include "sim/engine/executor.h"

namespace switchyard {

[[nodiscard]] std::unique_ptr<Executor> MakePairwiseExecutor();

}  // namespace switchyard
