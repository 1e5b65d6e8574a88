// Popularity exp(sigma N(0,1)), drawn for every expert of every layer. Per-rank loads of
// DeepSeek-V3 were reported to fit a log-normal (github.com/deepseek-ai/DeepEP issue 393).
#include <cmath>

#include "sim/routing/routers/popularity_router.h"
#include "sim/routing/routers/routers.h"

namespace switchyard {

std::unique_ptr<ExpertRouter> MakeLogNormalRouter(const LogNormalRouting& spec,
                                                  const RoutingShape& shape, std::uint64_t seed) {
  const double sigma = spec.sigma;
  const auto law = [sigma](Rng& rng, std::uint32_t num_experts) {
    std::vector<double> popularity(num_experts);
    for (double& p : popularity) p = std::exp(sigma * rng.Normal());
    return popularity;
  };
  return MakePopularityRouter("lognormal", law, shape, seed);
}

}  // namespace switchyard
