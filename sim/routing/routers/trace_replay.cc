// Replays recorded decisions: token i of the step is token (first_token + i) mod tokens of the
// trace, of a part of it, or of a permutation of either; MoE layer l of the model is MoE layer l of
// the trace, or the one at the same depth.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "sim/base/rng.h"
#include "sim/routing/routers/routers.h"
#include "sim/routing/routers/trace_parts.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {
namespace {

class TraceReplay final : public ExpertRouter {
 public:
  TraceReplay(RouterTrace trace, const TraceRouting& spec, const RoutingShape& shape,
              std::uint64_t seed)
      : trace_(std::move(trace)), first_token_(spec.first_token), shape_(shape) {
    if (spec.part != TracePart::kAll) order_ = TokensOfPart(trace_, spec.part);
    if (spec.tokens == TraceTokens::kShuffled) Shuffle(seed);
  }
  [[nodiscard]] std::string_view name() const override { return "trace"; }

  [[nodiscard]] std::uint64_t DistinctTokens() const override {
    return order_.empty() ? trace_.tokens() : order_.size();
  }

  [[nodiscard]] LayerRoutes Route(std::uint32_t model_layer) const override {
    return RouteTokens(model_layer, 0, shape_.tokens);
  }

  [[nodiscard]] LayerRoutes RouteTokens(std::uint32_t model_layer, std::uint64_t first,
                                        std::uint32_t count) const override {
    // The same layer when there are as many of them.
    const auto moe_layer = static_cast<std::uint32_t>(std::uint64_t{model_layer} * trace_.layers() /
                                                      shape_.moe_layers);
    LayerRoutes routes{count, shape_.top_k, shape_.num_experts, {}, {}};
    routes.expert.reserve(std::size_t{count} * shape_.top_k);
    if (trace_.weight_format != WeightFormat::kNone)
      routes.weight.reserve(routes.expert.capacity());
    if (order_.empty()) {
      TakeInOrder(moe_layer, first_token_ + first, routes);
    } else {
      for (std::uint64_t t = 0; t < count; ++t) {
        Take(moe_layer, order_[(first_token_ + first + t) % order_.size()], 1, routes);
      }
    }
    return routes;
  }

 private:
  // Fisher and Yates, as Durstenfeld (Algorithm 235, Communications of the ACM 7, 1964).
  void Shuffle(std::uint64_t seed) {
    constexpr std::uint64_t kStream = 0x7265706c6179;  // "replay"
    if (order_.empty()) {
      order_.resize(trace_.tokens());
      std::iota(order_.begin(), order_.end(), 0);
    }
    Rng rng(seed, kStream);
    for (std::uint64_t i = order_.size(); i > 1; --i) {
      std::swap(order_[i - 1], order_[rng.Below(i)]);
    }
  }

  void TakeInOrder(std::uint32_t layer, std::uint64_t first, LayerRoutes& routes) const {
    std::uint64_t from = first % trace_.tokens();
    for (std::uint64_t left = routes.tokens; left > 0; from = 0) {
      const std::uint64_t count = std::min(left, trace_.tokens() - from);
      Take(layer, from, count, routes);
      left -= count;
    }
  }

  // Appends `count` tokens of the trace from `from` on.
  void Take(std::uint32_t layer, std::uint64_t from, std::uint64_t count,
            LayerRoutes& routes) const {
    const std::size_t k = shape_.top_k;
    const ExpertIndex* const choices = trace_.Choices(layer, from).data();
    routes.expert.insert(routes.expert.end(), choices, choices + count * k);
    if (trace_.weight_format == WeightFormat::kNone) return;
    for (std::uint64_t i = from * k; i < (from + count) * k; ++i) {
      routes.weight.push_back(trace_.Weight(layer, i));
    }
  }

  RouterTrace trace_;
  std::uint64_t first_token_;
  RoutingShape shape_;
  std::vector<std::uint64_t> order_;  // empty: all, as recorded
};

// A .npy trace only shows the largest expert id that occurred: it fits a model with somewhat more
// experts, but one whose upper half is never chosen is a trace of another model.
bool ExpertsMatch(const RouterTrace& trace, std::uint32_t num_experts) {
  if (!trace.experts_inferred) return trace.num_experts == num_experts;
  return trace.num_experts <= num_experts && std::uint64_t{2} * trace.num_experts > num_experts;
}

}  // namespace

Result<std::unique_ptr<ExpertRouter>> MakeTraceReplay(const TraceRouting& spec,
                                                      const RoutingShape& shape,
                                                      std::uint64_t seed) {
  Result<RouterTrace> loaded = LoadTrace(spec.path);
  if (!loaded.ok()) return loaded.errors();
  const RouterTrace& trace = loaded.value();
  Diagnostics errors;
  const auto mismatch = [&](std::string_view what, std::uint32_t found, std::uint32_t wanted) {
    errors.push_back(FileError(
        spec.path, fmt::format("the trace has {} {}, the model {}", found, what, wanted)));
  };
  if (!ExpertsMatch(trace, shape.num_experts)) {
    mismatch("experts", trace.num_experts, shape.num_experts);
  }
  if (trace.top_k != shape.top_k) mismatch("choices per token", trace.top_k, shape.top_k);
  if (trace.layers() != shape.moe_layers && spec.layers == TraceLayers::kExact) {
    errors.push_back(FileError(
        spec.path,
        fmt::format("the trace has {} MoE layers, the model {}; `layers: stretch` spreads "
                    "them over the model",
                    trace.layers(), shape.moe_layers)));
  }
  if (spec.part != TracePart::kAll && trace.tokens() < 2) {
    errors.push_back(FileError(spec.path, "one token cannot be divided into two parts"));
  }
  if (!errors.empty()) return errors;
  return std::unique_ptr<ExpertRouter>(
      std::make_unique<TraceReplay>(std::move(loaded).value(), spec, shape, seed));
}

}  // namespace switchyard
