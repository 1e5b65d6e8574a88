// A measured trace stretched to the shape of a model that nobody could record: more layers, finer
// experts, more choices. `switchyard trace scale`. The result is synthetic, fitted, and says so; it
// is no trace of that model.
//
//   ScaleSpec spec{58, 256, 8};
//   Result<RouterTrace> big = ScaleTrace(small, "small.trace", spec);
//
// clang-format off
// Layers, L to L':
//   fewer  evenly spaced ones, first and last among them
//   more   the new layers repeat the middle ones to and fro (0 1 2 3 4 5, with 2 and 3 in the
//          middle, becomes 0 1 2 3 2 3 2 3 4 5), so that two layers in a row are always neighbours
//          in the source: their transition matrix is a measured one, forwards or backwards, and
//          next-layer affinity holds. Where the parity of L' - L asks for it, one pair is two
//          layers apart in the source. A repeated layer has its experts renamed at random. Two
//          copies of a source layer stay functions of one another, but are never neighbours: study
//          nothing beyond the next layer with such a trace.
// Experts, E to E' >= E:
//   Each is split into floor or ceil (E' / E) parts; which one a token goes to is a function of its
//   partner: its second choice (for the second choice itself its first). In top-1 the partner is
//   the choice of the layer below (of the first layer: above). The partners of an expert are spread
//   over its parts such that these get even loads, the most frequent first (Graham, SIAM J. Appl.
//   Math. 1969, longest processing time), ties by a hash. A partner with more than a part's even
//   share is spread by a hash of the third choice (for the third choice itself the first), and
//   where the source has no third choice, k <= 2, by a hash of the sequence. So a part is chosen by
//   similar tokens, and locality within a sequence survives.
// Choices, k to k':
//   fewer  the best ranked, with their weights as recorded: cut, not normalised again
//   more   of the E experts not chosen by the token, f is drawn with probability proportional to
//          1e-9 + sum_j C(e_j, f), C the measured co-activation in the layer (tokens that choose
//          both) and e_j the token's own choices, without replacement; the 1e-9 (kUnseen) lets any
//          expert come where nothing was ever seen together with the token's. The random numbers
//          are a function of the sequence, the first choice and the layer, so that tokens that are
//          alike stay alike. They rank behind the measured ones, before the split.
// Tokens: the first ones; when there are too few, the trace again, as new sequences.
// Kept: token ids, domains and steps; weights unless there are more choices.
// Not kept: recorded drops and recipes (how choices were computed): they were another model's; and
//   the list of gaps: what they lack is "no choice", and a note says of how many gaps.
// clang-format on
//
// With the shape of the source the choices are the source's.
#pragma once

#include <cstdint>
#include <string>

#include "sim/base/result.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {

// 0: as in the source.
struct ScaleSpec {
  std::uint32_t layers = 0;
  std::uint32_t experts = 0;
  std::uint32_t top_k = 0;
  std::uint64_t tokens = 0;
  std::uint64_t seed = 1;
};

// `source` names the trace in notes and messages where it does not name its model. Errors: fewer
// experts than the source, more layers of a single one, more choices than half the source's
// experts, more memory than 8 GiB, more than 4,096 experts to split or to add choices to. Same
// source, spec and seed: same trace.
[[nodiscard]] Result<RouterTrace> ScaleTrace(const RouterTrace& trace, const std::string& source,
                                             const ScaleSpec& spec);

}  // namespace switchyard
