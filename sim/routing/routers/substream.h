// The random substream of one layer and one block of its tokens: what a token is given does not
// depend on how many tokens or layers are asked for, nor in which order.
#pragma once

#include <cstdint>

#include "sim/routing/expert_router.h"

namespace switchyard {

// Tokens that share one random substream in the generators without request structure.
inline constexpr std::uint32_t kTokensPerBlock = 256;

[[nodiscard]] constexpr std::uint64_t Substream(std::uint32_t moe_layer, std::uint32_t block) {
  return std::uint64_t{moe_layer} << 32 | block;
}

// Routes of the right sizes, to be filled.
[[nodiscard]] inline LayerRoutes EmptyRoutes(const RoutingShape& shape) {
  LayerRoutes routes{shape.tokens, shape.top_k, shape.num_experts, {}, {}};
  const std::size_t choices = std::size_t{shape.tokens} * shape.top_k;
  routes.expert.resize(choices);
  routes.weight.resize(choices);
  return routes;
}

}  // namespace switchyard
