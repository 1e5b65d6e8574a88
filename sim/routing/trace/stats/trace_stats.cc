#include "sim/routing/trace/trace_stats.h"

#include <numeric>

#include "sim/routing/trace/stats/affinity_stats.h"
#include "sim/routing/trace/stats/cache_stats.h"
#include "sim/routing/trace/stats/load_stats.h"
#include "sim/routing/trace/stats/overlap_stats.h"

namespace switchyard {
namespace {

// A pair matrix of this many experts takes 64 MiB.
constexpr std::uint32_t kMaxExperts = 4096;

std::string SourceOf(const RouterTrace& trace) {
  for (const char* note : {"source", "routing"}) {
    const auto found = trace.notes.find(note);
    if (found != trace.notes.end()) return found->second;
  }
  return trace.corpus;
}

}  // namespace

double Mean(const std::vector<double>& values) {
  if (values.empty()) return 0.0;
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

TraceStats ComputeTraceStats(const RouterTrace& trace) {
  TraceStats stats;
  stats.model_name = trace.model_name;
  stats.origin = trace.origin;
  stats.source = SourceOf(trace);
  stats.experts = trace.num_experts;
  stats.top_k = trace.top_k;
  stats.layers = trace.layers();
  stats.layer_ids = trace.layer_ids;
  stats.tokens = trace.tokens();
  AddLosses(trace, stats);
  AddLoadStats(trace, stats);
  AddSequenceStats(trace, stats);
  AddDomainStats(trace, stats);
  const std::vector<std::uint64_t> shuffled = ShuffledTokens(trace.tokens());
  AddOverlap(trace, shuffled, stats);
  AddSameTokenOverlap(trace, stats);
  if (trace.num_experts > kMaxExperts) return stats;
  AddAffinity(trace, stats);
  AddCacheHits(trace, shuffled, stats);
  return stats;
}

}  // namespace switchyard
