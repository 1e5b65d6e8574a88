// Router decisions: which experts a token chooses and with which weights. The twin on the host of
// routing_device.h: the same functions, arguments and bits, over host memory.
//
//   std::vector<std::uint16_t> expert(tokens * spec.top_k);
//   std::vector<float> weight(expert.size());
//   RouteFlags flags;
//   Status s = RouteTopK(spec, {logits.data(), tokens, spec.experts}, {},
//                        {{expert.data(), tokens, spec.top_k}, {weight.data(), tokens, spec.top_k},
//                        &flags});
//
// All functions: shapes are checked before anything is written; T = 0 is legal; nothing allocates;
// the same input gives the same bits at every optimisation level and on every machine (IEEE 754
// single precision, core/det_math.h). Limits: kMaxExperts, kMaxTopK, T K < 2^31.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/route_spec.h"
#include "kernels/status.h"
#include "kernels/views.h"

namespace switchyard::kernels {

// 16-bit floats, by their bits.
struct Bf16 {
  std::uint16_t bits;
};
struct Fp16 {
  std::uint16_t bits;
};

// Rows with something odd in them; added up over calls, zero it first.
struct RouteFlags {
  std::uint32_t nan_rows = 0;    // a NaN among the logits, or the keys of all groups
  std::uint32_t inf_rows = 0;    // any infinite logit
  std::uint32_t short_rows = 0;  // a winner whose key is NaN or infinite; still distinct
  // The last winner's key is that of an expert that lost; excluded groups do not count.
  std::uint32_t saturated_rows = 0;
};

template <Memory kMemory>
struct RouteOutput {
  Matrix<std::uint16_t, kMemory> expert;  // [T, K], best first; K distinct experts
  Matrix<float, kMemory> weight;          // [T, K], or empty: none are wanted
  RouteFlags* flags = nullptr;            // in the same memory; may be null
};

// logits [T, E]; bias [E] where the specification selects on score plus bias, else empty. 16-bit
// logits are converted to float exactly, first of all; -0 is read as +0. An expert chosen in spite
// of a NaN logit weighs 0 before Renormalise (kernels/README.md: what a sum of 0 then gives), but
// NaN under NanRule::kAsLargest, and 1 / K under WeightFrom::kUniform. Without `weight` the experts
// and flags are the same.
Status RouteTopK(const RouteSpec& spec, HostMatrix<const float> logits, HostSpan<const float> bias,
                 const RouteOutput<Memory::kHost>& out);
Status RouteTopK(const RouteSpec& spec, HostMatrix<const Bf16> logits, HostSpan<const float> bias,
                 const RouteOutput<Memory::kHost>& out);
Status RouteTopK(const RouteSpec& spec, HostMatrix<const Fp16> logits, HostSpan<const float> bias,
                 const RouteOutput<Memory::kHost>& out);

// Hash layers (arXiv 2106.04426): token_id [T] picks a row of table [vocabulary, K]; weights 1 / K.
// A token outside the table gets kNoChoice and weight 0 everywhere. Flags are not touched.
Status RouteHash(HostSpan<const std::int32_t> token_id, HostMatrix<const std::uint16_t> table,
                 const RouteOutput<Memory::kHost>& out);

// Every expert's best tokens: token [E, C'] ascending, C' = min(C, T), weight [E, C']. Equal
// scores: the lower token; NaN last, with weight 0. `workspace` has at least ExpertChoiceWorkspace
// bytes, aligned to 4.
[[nodiscard]] std::size_t ExpertChoiceWorkspace(const ExpertChoiceSpec& spec, std::uint32_t tokens);
Status ExpertChoice(const ExpertChoiceSpec& spec, HostMatrix<const float> logits,
                    HostMatrix<std::uint32_t> token, HostMatrix<float> weight,
                    HostSpan<std::byte> workspace);

// Counts of a batch of choices, for a recorder that cannot keep the choices themselves. What is no
// expert (kNoChoice) counts nowhere. Both arrays are overwritten.
template <Memory kMemory>
struct RouteStatsOutput {
  Span<std::uint32_t, kMemory> per_expert;  // [E]: choices of each expert
  // [2]: choices that the token before chose as well, and choices that had a token before.
  Span<std::uint32_t, kMemory> overlap;
};
Status RouteStats(HostMatrix<const std::uint16_t> expert, std::uint32_t experts,
                  const RouteStatsOutput<Memory::kHost>& out);

}  // namespace switchyard::kernels
