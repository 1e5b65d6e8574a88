// Skew of expert loads: of whole layers, of domains, of single sequences (trace_stats.h).
#pragma once

#include <cstdint>
#include <vector>

#include "sim/routing/trace/trace.h"
#include "sim/routing/trace/trace_stats.h"

namespace switchyard {

struct Skew {
  double max_over_mean = 0;
  double gini = 0;
  double entropy = 0;
  double variation = 0;
};

// All 0 where nothing was chosen. At least one load.
[[nodiscard]] Skew SkewOf(std::vector<std::uint64_t> loads);
[[nodiscard]] std::vector<std::uint64_t> LayerLoads(const RouterTrace& trace, std::uint32_t layer);

// Token indices of each sequence, in the order in which they come.
[[nodiscard]] std::vector<std::vector<std::uint64_t>> SequenceTokens(const RouterTrace& trace);
// The same, split where a run does not begin at the position at which the run before it of its
// sequence ended (a lost step, a sequence prefilled again): neighbours of a list are neighbours in
// their sequence.
[[nodiscard]] std::vector<std::vector<std::uint64_t>> UnbrokenTokens(const RouterTrace& trace);

void AddLoadStats(const RouterTrace& trace, TraceStats& stats);
void AddSequenceStats(const RouterTrace& trace, TraceStats& stats);
void AddDomainStats(const RouterTrace& trace, TraceStats& stats);
// Missing and dropped choices.
void AddLosses(const RouterTrace& trace, TraceStats& stats);

}  // namespace switchyard
