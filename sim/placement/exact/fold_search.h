// Replica counts for two slots a rank: the linear program of folding, rounded and repaired.
//
//   counts = SearchFoldCounts(problem, FillCounts(...), bound.max_load, limits, seed);
//
// The least limit that the linear program reaches is found by bisection; a little above it whole
// counts are searched for, a little further above when there are none. Measured on the synthetic
// loads of 256 experts (288 and 320 slots, zipf 0.4 to 1.2, lognormal 0.5 to 1.5; six layers each):
// 0.0 to 0.6 % above the linear program's bound, mean over the layers, in 3 to 43 ms a layer.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "sim/placement/balance/fold.h"
#include "sim/placement/problem.h"

namespace switchyard {

// `counts`[experts]: from the start to the best found; never worse than the start. `lower`: no
// largest load is below. limits.iterations adds steps to those that are always made.
[[nodiscard]] std::vector<std::uint32_t> SearchFoldCounts(const FoldProblem& problem,
                                                          std::span<const std::uint32_t> counts,
                                                          double lower, const SearchLimits& limits,
                                                          std::uint64_t seed);

}  // namespace switchyard
