// The generator of FittedRouting: for token t of request r in one layer
//   logit_e = sigma_base b_e + sigma_request q_e(r) + sigma_fast s_e(t) + Gumbel,
//   s(t) = phi s(t - 1) + sqrt(1 - phi^2) N(0,1),   s at the request's first token: N(0,1)
// with b, q standard normal; the top_k largest win. Layers are independent of each other, requests
// of one layer share only b. Weights: softmax over the winning logits (Mixtral, arXiv 2401.04088).
#include <algorithm>
#include <cmath>
#include <vector>

#include "sim/routing/routers/arrival_weights.h"
#include "sim/routing/routers/noise.h"
#include "sim/routing/routers/routers.h"
#include "sim/routing/routers/substream.h"
#include "sim/routing/routers/top_k.h"

namespace switchyard {
namespace {

// The tokens of one request after the other, in one layer.
class TokenStream {
 public:
  TokenStream(const FittedRouting& spec, std::span<const float> bias)
      : phi_(static_cast<float>(spec.phi)),
        innovation_(static_cast<float>(std::sqrt(1.0 - spec.phi * spec.phi))),
        fast_(static_cast<float>(spec.sigma_fast)),
        request_(static_cast<float>(spec.sigma_request)),
        bias_(bias.begin(), bias.end()),
        slow_(bias.size()),
        state_(bias.size()),
        noise_(bias.size()) {}

  void StartRequest(Rng rng) {
    rng_ = rng;
    FillNormals(rng_, slow_);
    for (std::size_t e = 0; e < slow_.size(); ++e) slow_[e] = bias_[e] + request_ * slow_[e];
    FillNormals(rng_, state_);
  }

  // The next token's logits, noise included.
  void NextLogits(std::span<float> logits) {
    for (std::size_t e = 0; e < logits.size(); ++e) logits[e] = slow_[e] + fast_ * state_[e];
    AddGumbel(rng_, logits);
  }

  // Moves the drift on by one token.
  void Advance() {
    if (fast_ == 0.0F) return;
    FillNormals(rng_, noise_);
    for (std::size_t e = 0; e < state_.size(); ++e) {
      state_[e] = phi_ * state_[e] + innovation_ * noise_[e];
    }
  }

 private:
  float phi_;
  float innovation_;
  float fast_;
  float request_;
  Rng rng_{0};
  std::vector<float> bias_;
  std::vector<float> slow_;   // what stays the same during the request
  std::vector<float> state_;  // s(t)
  std::vector<float> noise_;
};

class FittedRouter final : public ExpertRouter {
 public:
  FittedRouter(const FittedRouting& spec, const RoutingShape& shape, std::uint64_t seed)
      : spec_(spec), shape_(shape), seed_(seed) {}
  [[nodiscard]] std::string_view name() const override { return "fitted"; }

  [[nodiscard]] std::uint64_t DistinctTokens() const override { return shape_.tokens; }
  [[nodiscard]] LayerRoutes RouteTokens(std::uint32_t moe_layer, std::uint64_t first,
                                        std::uint32_t count) const override {
    return SliceTokens(Route(moe_layer), first, count);
  }

  [[nodiscard]] LayerRoutes Route(std::uint32_t moe_layer) const override {
    const std::vector<float> bias = Bias(moe_layer);
    LayerRoutes routes = EmptyRoutes(shape_);
    std::vector<float> logits(shape_.num_experts);
    TokenStream stream(spec_, bias);
    TopK select(shape_);
    const std::uint32_t k = shape_.top_k;
    for (std::uint32_t first = 0, request = 0; first < shape_.tokens; ++request) {
      const std::uint32_t count = std::min(spec_.tokens_per_request, shape_.tokens - first);
      stream.StartRequest(
          Rng(seed_, Stream("router.fitted.request"), Substream(moe_layer, request)));
      for (std::uint32_t i = 0; i < count; ++i) {
        if (i > 0) stream.Advance();
        stream.NextLogits(logits);
        const std::size_t at = (std::size_t{first} + i) * k;
        const std::span<ExpertIndex> experts(routes.expert.data() + at, k);
        select.Choose(logits, experts);
        SetWeights(logits, experts, {routes.weight.data() + at, k});
      }
      first += count;
    }
    return routes;
  }

 private:
  [[nodiscard]] std::vector<float> Bias(std::uint32_t moe_layer) const {
    Rng rng(seed_, Stream("router.fitted.bias"), moe_layer);
    std::vector<float> bias(shape_.num_experts);
    FillNormals(rng, bias);
    for (float& b : bias) b *= static_cast<float>(spec_.sigma_base);
    return bias;
  }

  static void SetWeights(std::span<const float> logits, std::span<const ExpertIndex> experts,
                         std::span<float> weights) {
    const float largest = logits[experts[0]];
    for (std::size_t j = 0; j < experts.size(); ++j) {
      weights[j] = std::exp(logits[experts[j]] - largest);
    }
    NormalizeWeights(weights);
  }

  FittedRouting spec_;
  RoutingShape shape_;
  std::uint64_t seed_;
};

}  // namespace

std::unique_ptr<ExpertRouter> MakeFittedRouter(const FittedRouting& spec, const RoutingShape& shape,
                                               std::uint64_t seed) {
  return std::make_unique<FittedRouter>(spec, shape, seed);
}

}  // namespace switchyard
