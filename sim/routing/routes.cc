#include "sim/routing/routes.h"

#include <cstddef>

#include "sim/base/check.h"

namespace switchyard {

LayerRoutes SliceTokens(const LayerRoutes& routes, std::uint64_t first, std::uint32_t count) {
  SWITCHYARD_CHECK(first + count <= routes.tokens, "a slice beyond the tokens there are");
  LayerRoutes part{count, routes.top_k, routes.num_experts, {}, {}};
  const auto begin = static_cast<std::ptrdiff_t>(first * routes.top_k);
  const auto end = begin + static_cast<std::ptrdiff_t>(std::size_t{count} * routes.top_k);
  part.expert.assign(routes.expert.begin() + begin, routes.expert.begin() + end);
  if (!routes.weight.empty()) {
    part.weight.assign(routes.weight.begin() + begin, routes.weight.begin() + end);
  }
  return part;
}

}  // namespace switchyard
