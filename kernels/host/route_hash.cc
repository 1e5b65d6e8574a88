#include <algorithm>

#include "kernels/core/checks.h"
#include "kernels/core/det_math.h"
#include "kernels/routing.h"

namespace switchyard::kernels {

Status RouteHash(HostSpan<const std::int32_t> token_id, HostMatrix<const std::uint16_t> table,
                 const RouteOutput<Memory::kHost>& out) {
  if (const Status s = CheckHash(token_id, table, out); !s.ok()) return s;
  const float share = det::Div(1.0F, static_cast<float>(table.cols));
  for (std::size_t t = 0; t < token_id.size; ++t) {
    const std::int32_t id = token_id[t];
    std::uint16_t* const expert = out.expert.Row(t);
    const bool known = id >= 0 && static_cast<std::uint32_t>(id) < table.rows;
    if (known) {
      std::copy_n(table.Row(static_cast<std::uint32_t>(id)), table.cols, expert);
    } else {
      std::fill_n(expert, table.cols, kNoChoice);
    }
    if (out.weight.empty()) continue;
    std::fill_n(out.weight.Row(t), table.cols, known ? share : 0.0F);
  }
  return {};
}

}  // namespace switchyard::kernels
