#include <algorithm>

#include "kernels/core/checks.h"
#include "kernels/routing.h"

namespace switchyard::kernels {

Status RouteStats(HostMatrix<const std::uint16_t> expert, std::uint32_t experts,
                  const RouteStatsOutput<Memory::kHost>& out) {
  if (const Status s = CheckStats(expert, experts, out); !s.ok()) return s;
  std::fill_n(out.per_expert.data, experts, 0U);
  std::uint32_t repeated = 0;
  std::uint32_t compared = 0;
  for (std::uint32_t t = 0; t < expert.rows; ++t) {
    for (std::uint32_t k = 0; k < expert.cols; ++k) {
      const std::uint16_t e = expert.At(t, k);
      if (e >= experts) continue;  // kNoChoice among them
      ++out.per_expert[e];
      if (t == 0) continue;
      const std::uint16_t* const before = expert.Row(t - 1);
      ++compared;
      repeated += std::find(before, before + expert.cols, e) != before + expert.cols ? 1U : 0U;
    }
  }
  out.overlap[0] = repeated;
  out.overlap[1] = compared;
  return {};
}

}  // namespace switchyard::kernels
