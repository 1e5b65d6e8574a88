#include "kernels/host/route_rows.h"

#include "kernels/host/row.h"
#include "kernels/host/row_weights.h"
#include "kernels/host/row_winners.h"

namespace switchyard::kernels {
namespace {

template <class Logit>
SWITCHYARD_KERNEL_INLINE void EveryRow(const RouteSpec& spec, HostMatrix<const Logit> logits,
                                       HostSpan<const float> bias,
                                       const RouteOutput<Memory::kHost>& out) {
  host::Row row;  // NOLINT(cppcoreguidelines-pro-type-member-init): every row fills what it reads
  for (std::uint32_t t = 0; t < logits.rows; ++t) {
    host::ReadLogits(logits.Row(t), spec.experts, row);
    if (NeedsSoftmax(spec)) row.softmax = host::SoftmaxOverRow(spec, row);
    host::KeyRow(spec, bias.data, row);
    host::LimitGroups(spec, row);
    host::FindWinners(spec, row);
    std::uint16_t* const expert = out.expert.Row(t);
    for (std::uint32_t k = 0; k < spec.top_k; ++k) {
      const std::uint32_t rank = host::RankOfPacked(row.winner[k]);
      expert[k] = static_cast<std::uint16_t>(ExpertOfTieRank(spec.tie, rank));
    }
    if (!out.weight.empty()) host::WeighWinners(spec, expert, out.weight.Row(t), row);
    if (out.flags != nullptr) host::FlagRow(spec, row, out.flags);
  }
}

#if defined(__x86_64__)
template <class Logit>
__attribute__((target("avx2,fma"))) void EveryRowAvx2Fma(const RouteSpec& spec,
                                                         HostMatrix<const Logit> logits,
                                                         HostSpan<const float> bias,
                                                         const RouteOutput<Memory::kHost>& out) {
  EveryRow(spec, logits, bias, out);
}
#endif

}  // namespace

Instructions AvailableInstructions() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0) {
    return Instructions::kAvx2Fma;
  }
#endif
  return Instructions::kAny;
}

template <class Logit>
void RouteRows(const RouteSpec& spec, HostMatrix<const Logit> logits, HostSpan<const float> bias,
               const RouteOutput<Memory::kHost>& out, Instructions instructions) {
#if defined(__x86_64__)
  if (instructions == Instructions::kAvx2Fma) return EveryRowAvx2Fma(spec, logits, bias, out);
#endif
  static_cast<void>(instructions);
  EveryRow(spec, logits, bias, out);
}

template void RouteRows(const RouteSpec&, HostMatrix<const float>, HostSpan<const float>,
                        const RouteOutput<Memory::kHost>&, Instructions);
template void RouteRows(const RouteSpec&, HostMatrix<const Bf16>, HostSpan<const float>,
                        const RouteOutput<Memory::kHost>&, Instructions);
template void RouteRows(const RouteSpec&, HostMatrix<const Fp16>, HostSpan<const float>,
                        const RouteOutput<Memory::kHost>&, Instructions);

}  // namespace switchyard::kernels
