// Every ordered set of top_k distinct experts is equally likely (group-limited: topk_groups groups
// are drawn first, all sets of them equally likely, then the experts of those groups compete).
// A partial Fisher-Yates shuffle: the permutation it leaves behind is as good a start as any for
// the next token, so nothing is reset between tokens.
#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "sim/base/rng.h"
#include "sim/routing/routers/arrival_weights.h"
#include "sim/routing/routers/routers.h"
#include "sim/routing/routers/substream.h"

namespace switchyard {
namespace {

class Permutation {
 public:
  explicit Permutation(std::uint32_t size) : items_(size) {
    std::iota(items_.begin(), items_.end(), std::uint32_t{0});
  }
  [[nodiscard]] std::uint32_t size() const { return static_cast<std::uint32_t>(items_.size()); }
  [[nodiscard]] std::uint32_t operator[](std::uint32_t i) const { return items_[i]; }
  // Draws the item at position i among those at i and after.
  std::uint32_t Draw(std::uint32_t i, Rng& rng) {
    const auto j = i + static_cast<std::uint32_t>(rng.Below(size() - i));
    std::swap(items_[i], items_[j]);
    return items_[i];
  }

 private:
  std::vector<std::uint32_t> items_;
};

class UniformRouter final : public ExpertRouter {
 public:
  UniformRouter(const RoutingShape& shape, std::uint64_t seed) : shape_(shape), seed_(seed) {}
  [[nodiscard]] std::string_view name() const override { return "uniform"; }

  [[nodiscard]] std::uint64_t DistinctTokens() const override { return shape_.tokens; }
  [[nodiscard]] LayerRoutes RouteTokens(std::uint32_t moe_layer, std::uint64_t first,
                                        std::uint32_t count) const override {
    return SliceTokens(Route(moe_layer), first, count);
  }

  [[nodiscard]] LayerRoutes Route(std::uint32_t moe_layer) const override {
    LayerRoutes routes = EmptyRoutes(shape_);
    const std::uint32_t k = shape_.top_k;
    for (std::uint32_t first = 0; first < shape_.tokens; first += kTokensPerBlock) {
      Rng rng(seed_, Stream("router.uniform"), Substream(moe_layer, first / kTokensPerBlock));
      Permutation groups(shape_.num_groups);
      Permutation slots(shape_.num_experts / shape_.num_groups * shape_.topk_groups);
      const std::uint32_t count = std::min(kTokensPerBlock, shape_.tokens - first);
      for (std::size_t t = first; t < std::size_t{first} + count; ++t) {
        RouteToken(rng, groups, slots, {routes.expert.data() + t * k, k},
                   {routes.weight.data() + t * k, k});
      }
    }
    return routes;
  }

 private:
  void RouteToken(Rng& rng, Permutation& groups, Permutation& slots, std::span<ExpertIndex> experts,
                  std::span<float> weights) const {
    const std::uint32_t group_size = shape_.num_experts / shape_.num_groups;
    if (shape_.num_groups > 1) {
      for (std::uint32_t g = 0; g < shape_.topk_groups; ++g) groups.Draw(g, rng);
    }
    ArrivalWeights arrivals;
    for (std::uint32_t j = 0; j < experts.size(); ++j) {
      const std::uint32_t slot = slots.Draw(j, rng);
      const std::uint32_t expert = groups[slot / group_size] * group_size + slot % group_size;
      experts[j] = static_cast<ExpertIndex>(expert);
      weights[j] = arrivals.Next(rng, slots.size() - j);
    }
    NormalizeWeights(weights);
  }

  RoutingShape shape_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<ExpertRouter> MakeUniformRouter(const RoutingShape& shape, std::uint64_t seed) {
  return std::make_unique<UniformRouter>(shape, seed);
}

}  // namespace switchyard
