// What a router trace looks like: load skew, temporal locality, layer-to-layer affinity, and how
// well expert caches would do on it. `switchyard trace info`.
//
//   TraceStats stats = ComputeTraceStats(trace);
//   std::cout << ToText(stats);
//
// Load n_e: the choices of expert e in one layer over the whole trace; E experts, k choices a
// token. Missing choices count nowhere.
//   max_over_mean  max n_e / mean n_e
//   gini           mean absolute difference of loads / (2 mean): 0 equal, (E - 1) / E all on one
//   entropy        -sum p_e log2 p_e, p_e = n_e / sum n, in bits; log2 E when equal
//   overlap[lag]   share of a token's k choices that the token `lag` before it, in the same
//                  sequence, chose as well; all such pairs of all layers count the same
//   overlap_uniform  the same for independent uniform choices, k / E
//   affinity_top1  P(choose e'(e) in layer l + 1 | choose e in layer l), with e'(e) the most
//                  frequent companion of e; weighted by how often e is chosen, mean over the layer
//                  pairs. The tokens that fit the companions also measure them.
//   lru_hit_rate[c]     share of choices resident before their token, cache of c experts per layer,
//                  least recently used out, the trace as one stream in file order;
//                       of a token's choices the best counts as used last
//   belady_hit_rate[c]  the same for the optimal cache, which keeps the experts needed next and
//                  need not admit what it fetches (Belady 1966, with bypass)
// Cache sizes: E/8, E/4, E/2 and 3E/4. Affinity and caches are left out above 4,096 experts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/routing/trace/trace.h"

namespace switchyard {

struct TraceStats {
  std::uint32_t experts = 0;
  std::uint32_t top_k = 0;
  std::uint32_t layers = 0;
  std::uint64_t tokens = 0;
  std::vector<double> max_over_mean;        // per layer
  std::vector<double> gini;                 // per layer
  std::vector<double> entropy;              // per layer, bits
  std::map<std::uint32_t, double> overlap;  // by lag; lags longer than every sequence are absent
  double overlap_uniform = 0;
  std::optional<double> affinity_top1;              // absent for a single layer
  std::map<std::uint32_t, double> lru_hit_rate;     // by cache size
  std::map<std::uint32_t, double> belady_hit_rate;  // by cache size
};

[[nodiscard]] TraceStats ComputeTraceStats(const RouterTrace& trace);

// 0 for an empty list.
[[nodiscard]] double Mean(const std::vector<double>& values);

[[nodiscard]] std::string ToText(const TraceStats& stats);
// One JSON object: means at the top, lists under "per_layer".
[[nodiscard]] std::string ToJson(const TraceStats& stats);

}  // namespace switchyard
