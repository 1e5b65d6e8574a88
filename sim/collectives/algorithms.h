// The algorithms, one factory each; registry.cc lists them by name.
#pragma once

#include <memory>

#include "sim/collectives/collective_algorithm.h"

namespace switchyard {

[[nodiscard]] std::unique_ptr<CollectiveAlgorithm> MakeRing();
[[nodiscard]] std::unique_ptr<CollectiveAlgorithm> MakeDirect();

// Bytes as the network moves them: whole, rounded up.
[[nodiscard]] Bytes WholeBytes(double bytes);

}  // namespace switchyard
