// Popularity i^-exponent for the i-th most popular expert; which expert that is, is shuffled per
// layer. Exponent 0 is uniform; fits to the traces named in fitted_presets.h give 0.2 to 1.0.
#include <cmath>
#include <utility>

#include "sim/routing/routers/popularity_router.h"
#include "sim/routing/routers/routers.h"

namespace switchyard {

std::unique_ptr<ExpertRouter> MakeZipfRouter(const ZipfRouting& spec, const RoutingShape& shape,
                                             std::uint64_t seed) {
  const double exponent = spec.exponent;
  const auto law = [exponent](Rng& rng, std::uint32_t num_experts) {
    std::vector<double> popularity(num_experts);
    for (std::uint32_t i = 0; i < num_experts; ++i) {
      popularity[i] = std::pow(static_cast<double>(i) + 1.0, -exponent);
      std::swap(popularity[i], popularity[rng.Below(std::uint64_t{i} + 1)]);
    }
    return popularity;
  };
  return MakePopularityRouter("zipf", law, shape, seed);
}

}  // namespace switchyard
