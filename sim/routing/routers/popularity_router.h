// Tokens that are independent of each other, with a popularity per expert and layer: the part that
// zipf.cc and lognormal.cc share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "sim/base/rng.h"
#include "sim/routing/expert_router.h"

namespace switchyard {

// Draws the popularities of one layer's experts: positive and finite, one each.
using PopularityLaw = std::function<std::vector<double>(Rng& rng, std::uint32_t num_experts)>;

[[nodiscard]] std::unique_ptr<ExpertRouter> MakePopularityRouter(std::string name,
                                                                 PopularityLaw law,
                                                                 const RoutingShape& shape,
                                                                 std::uint64_t seed);

}  // namespace switchyard
