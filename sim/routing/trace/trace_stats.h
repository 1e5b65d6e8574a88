// What a router trace looks like: load skew, temporal locality, layer-to-layer affinity, and how
// well expert caches would do on it. `switchyard trace info`.
//
//   TraceStats stats = ComputeTraceStats(trace);
//   std::cout << ToText(stats);
//
// Load n_e: the choices of expert e in one layer over the whole trace; E experts, k choices a
// token. Missing choices (kNoExpert) count nowhere but in missing_choices.
//   max_over_mean  max n_e / mean n_e
//   gini           mean absolute difference of loads / (2 mean): 0 equal, (E - 1) / E all on one
//   entropy        -sum p_e log2 p_e, p_e = n_e / sum n, in bits; log2 E when equal
//   variation      standard deviation of n_e / mean n_e
//   overlap[lag]   share of a token's choices that the token `lag` before it, in the same
//                  sequence, chose as well; all such pairs of all layers count the same. Not
//                  across a lost step or a sequence that begins again (TraceRun::position)
//   overlap_uniform   the same for independent uniform choices, k / E
//   overlap_shuffled  the same after one random permutation of the tokens of the whole trace: no
//                  locality, the same loads
//   affinity       P(choose e'(e) in layer l + 1 | choose e in layer l), with e'(e) the most
//                  frequent companion of e; weighted by how often e is chosen. The tokens that fit
//                  the companions also measure them.
//   affinity_independent  the same if the layers chose independently with their loads:
//                  max n_e' of layer l + 1 / its tokens
//   mutual_information    of a choice in layer l and one of the same token in layer l + 1, drawn
//                  from all pairs alike: sum p(e, e') log2 (p(e, e') / (p(e) p(e'))), in bits
//   lru_hit_rate[c]     share of choices resident before their token, cache of c experts per layer,
//                  least recently used out, the trace as one stream in file order;
//                       of a token's choices the best counts as used last
//   lru_hit_rate_shuffled[c]  the same after the permutation
//   belady_hit_rate[c]  the same for the optimal cache, which keeps the experts needed next and
//                  need not admit what it fetches (Belady 1966, with bypass)
//   same_token_overlap  how much of an expert set the token id alone decides: of two occurrences of
//                  one token id, drawn at random, the share of the first's choices that the second
//                  chose as well; every occurrence of an id that occurs twice or more counts the
//                  same. With c_e the occurrences, of n, that choose e:
//                  sum over ids of (sum_e c_e (c_e - 1)) / (n - 1), divided by the choices of all
//                  these occurrences. c_e / n is OLMoE's vocabulary specialisation (arXiv
//                  2409.02060), which counts every occurrence's overlap with itself as well.
// Cache sizes: E/8, E/4, E/2 and 3E/4. Affinity and caches are left out above 4,096 experts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "sim/routing/trace/trace.h"

namespace switchyard {

using Curve = std::map<std::uint32_t, double>;                     // by lag or by cache size
using LayerCurves = std::map<std::uint32_t, std::vector<double>>;  // the same, each [layer]

// Means over the layers.
struct DomainStats {
  std::string name;
  std::uint64_t tokens = 0;
  double max_over_mean = 0;
  double gini = 0;
};

struct TraceStats {
  std::string model_name;
  TraceOrigin origin = TraceOrigin::kUnknown;
  std::string source;  // of a synthetic trace: the law it was drawn from; of others the corpus
  std::uint32_t experts = 0;
  std::uint32_t top_k = 0;
  std::uint32_t layers = 0;
  std::vector<std::uint32_t> layer_ids;
  std::uint64_t tokens = 0;
  std::uint64_t sequences = 0;

  std::vector<double> max_over_mean;  // per layer
  std::vector<double> gini;           // per layer
  std::vector<double> entropy;        // per layer, bits
  std::vector<double> variation;      // per layer
  // One sequence alone: means over the layers and the sequences of at least 128 tokens.
  std::optional<double> sequence_max_over_mean;
  std::optional<double> sequence_gini;
  std::vector<DomainStats> domains;  // those that have tokens

  Curve overlap;  // by lag; lags longer than every sequence are absent
  LayerCurves layer_overlap;
  Curve overlap_shuffled;
  LayerCurves layer_overlap_shuffled;
  double overlap_uniform = 0;
  std::vector<double> same_token_overlap;  // per layer; empty without token ids

  std::optional<double> affinity_top1;       // mean over the layer pairs; absent for a single layer
  std::vector<double> affinity;              // [pair], of layer l and l + 1
  std::vector<double> affinity_independent;  // [pair]
  std::vector<double> mutual_information;    // [pair], bits

  Curve lru_hit_rate;  // by cache size
  LayerCurves layer_lru;
  Curve lru_hit_rate_shuffled;
  Curve belady_hit_rate;
  LayerCurves layer_belady;

  std::uint64_t gaps = 0;
  std::uint64_t missing_choices = 0;
  std::vector<std::uint64_t> layer_missing;
  bool has_drops = false;  // the trace says what the recorded model's capacity kept
  std::uint64_t dropped_choices = 0;
  std::uint64_t tokens_fully_dropped = 0;  // token and layer pairs that made choices and kept none
  std::vector<std::uint64_t> layer_dropped;
};

[[nodiscard]] TraceStats ComputeTraceStats(const RouterTrace& trace);

// 0 for an empty list.
[[nodiscard]] double Mean(const std::vector<double>& values);
// In words: "recorded on a GPU", "synthetic, fitted".
[[nodiscard]] std::string ToString(TraceOrigin origin);

[[nodiscard]] std::string ToText(const TraceStats& stats);
struct Acceptance;  // acceptance.h
// One JSON object: means at the top, lists under "per_layer", the list under "acceptance".
[[nodiscard]] std::string ToJson(const TraceStats& stats, const Acceptance* acceptance = nullptr);
// A header line and one row per layer; a field is empty where the layer has no such figure.
[[nodiscard]] std::string ToCsv(const TraceStats& stats);

}  // namespace switchyard
