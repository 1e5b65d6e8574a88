// Small random placement problems.
#pragma once

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "sim/base/rng.h"
#include "sim/placement/problem.h"

namespace switchyard::testing {

inline PlacementProblem ProblemOf(const PlacementShape& shape, const std::vector<double>& loads) {
  PlacementProblem problem;
  problem.shape = shape;
  problem.loads = WindowLoads(shape.experts);
  problem.loads.Add(loads);
  return problem;
}

// Log-normal, whole tokens: sigma 0.5 is even, 1.5 is skewed.
inline std::vector<double> SkewedLoads(std::uint32_t experts, double sigma, Rng& rng) {
  std::vector<double> loads;
  for (std::uint32_t e = 0; e < experts; ++e) {
    loads.push_back(std::floor(1000.0 * std::exp(sigma * rng.Normal())) + 1);
  }
  return loads;
}

}  // namespace switchyard::testing
