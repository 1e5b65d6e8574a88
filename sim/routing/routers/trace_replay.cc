// Replays recorded decisions: token i of the step is token (first_token + i) mod tokens of the
// trace, MoE layer l of the model is MoE layer l of the trace, or the one at the same depth.
#include <fmt/format.h>

#include <algorithm>

#include "sim/routing/routers/routers.h"
#include "sim/routing/trace/trace.h"

namespace switchyard {
namespace {

class TraceReplay final : public ExpertRouter {
 public:
  TraceReplay(RouterTrace trace, std::uint64_t first_token, const RoutingShape& shape)
      : trace_(std::move(trace)), first_token_(first_token), shape_(shape) {}
  [[nodiscard]] std::string_view name() const override { return "trace"; }

  [[nodiscard]] LayerRoutes Route(std::uint32_t model_layer) const override {
    // The same layer when there are as many of them.
    const auto moe_layer = static_cast<std::uint32_t>(std::uint64_t{model_layer} * trace_.layers() /
                                                      shape_.moe_layers);
    const std::size_t k = shape_.top_k;
    LayerRoutes routes{shape_.tokens, shape_.top_k, shape_.num_experts, {}, {}};
    const bool weighted = trace_.weight_format != WeightFormat::kNone;
    routes.expert.reserve(shape_.tokens * k);
    if (weighted) routes.weight.reserve(shape_.tokens * k);
    std::uint64_t from = first_token_ % trace_.tokens();
    for (std::uint64_t left = shape_.tokens; left > 0; from = 0) {
      const std::uint64_t count = std::min(left, trace_.tokens() - from);
      const ExpertIndex* const choices = trace_.Choices(moe_layer, from).data();
      routes.expert.insert(routes.expert.end(), choices, choices + count * k);
      for (std::uint64_t i = from * k; weighted && i < (from + count) * k; ++i) {
        routes.weight.push_back(trace_.Weight(moe_layer, i));
      }
      left -= count;
    }
    return routes;
  }

 private:
  RouterTrace trace_;
  std::uint64_t first_token_;
  RoutingShape shape_;
};

// A .npy trace only shows the largest expert id that occurred: it fits a model with somewhat more
// experts, but one whose upper half is never chosen is a trace of another model.
bool ExpertsMatch(const RouterTrace& trace, std::uint32_t num_experts) {
  if (!trace.experts_inferred) return trace.num_experts == num_experts;
  return trace.num_experts <= num_experts && std::uint64_t{2} * trace.num_experts > num_experts;
}

}  // namespace

Result<std::unique_ptr<ExpertRouter>> MakeTraceReplay(const TraceRouting& spec,
                                                      const RoutingShape& shape) {
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
  if (!errors.empty()) return errors;
  return std::unique_ptr<ExpertRouter>(
      std::make_unique<TraceReplay>(std::move(loaded).value(), spec.first_token, shape));
}

}  // namespace switchyard
