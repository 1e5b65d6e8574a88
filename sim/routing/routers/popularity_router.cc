#include "sim/routing/routers/popularity_router.h"

#include <algorithm>

#include "sim/routing/routers/popularity_sampler.h"
#include "sim/routing/routers/substream.h"

namespace switchyard {
namespace {

class PopularityRouter final : public ExpertRouter {
 public:
  PopularityRouter(std::string name, PopularityLaw law, const RoutingShape& shape,
                   std::uint64_t seed)
      : name_(std::move(name)), law_(std::move(law)), shape_(shape), seed_(seed) {}
  [[nodiscard]] std::string_view name() const override { return name_; }

  [[nodiscard]] std::uint64_t DistinctTokens() const override { return shape_.tokens; }
  [[nodiscard]] LayerRoutes RouteTokens(std::uint32_t moe_layer, std::uint64_t first,
                                        std::uint32_t count) const override {
    return SliceTokens(Route(moe_layer), first, count);
  }

  [[nodiscard]] LayerRoutes Route(std::uint32_t moe_layer) const override {
    Rng popularity_rng(seed_, Stream("router." + name_ + ".popularity"), moe_layer);
    PopularitySampler sampler(shape_, law_(popularity_rng, shape_.num_experts));
    LayerRoutes routes = EmptyRoutes(shape_);
    const std::uint32_t k = shape_.top_k;
    for (std::uint32_t first = 0; first < shape_.tokens; first += kTokensPerBlock) {
      Rng rng(seed_, Stream("router." + name_), Substream(moe_layer, first / kTokensPerBlock));
      const std::uint32_t count = std::min(kTokensPerBlock, shape_.tokens - first);
      for (std::size_t t = first; t < std::size_t{first} + count; ++t) {
        sampler.Draw(rng, {routes.expert.data() + t * k, k}, {routes.weight.data() + t * k, k});
      }
    }
    return routes;
  }

 private:
  std::string name_;
  PopularityLaw law_;
  RoutingShape shape_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<ExpertRouter> MakePopularityRouter(std::string name, PopularityLaw law,
                                                   const RoutingShape& shape, std::uint64_t seed) {
  return std::make_unique<PopularityRouter>(std::move(name), std::move(law), shape, seed);
}

}  // namespace switchyard
