#include "sim/routing/trace/trace_generate.h"

#include <fmt/format.h>

#include <algorithm>

#include "sim/routing/trace/half.h"
#include "sim/routing/trace/trace_limits.h"

namespace switchyard {
namespace {

// The law and its parameters in words.
struct Description {
  std::string operator()(const TraceRouting& s) const { return "replay of " + s.path; }
  std::string operator()(const UniformRouting&) const { return "uniform"; }
  std::string operator()(const ZipfRouting& s) const {
    return fmt::format("zipf exponent={}", s.exponent);
  }
  std::string operator()(const LogNormalRouting& s) const {
    return fmt::format("lognormal sigma={}", s.sigma);
  }
  std::string operator()(const FittedRouting& s) const {
    return fmt::format(
        "fitted sigma_base={} sigma_request={} sigma_fast={} phi={} tokens_per_request={}",
        s.sigma_base, s.sigma_request, s.sigma_fast, s.phi, s.tokens_per_request);
  }
};

void AppendLayer(const LayerRoutes& routes, bool weights_wanted, RouterTrace& trace) {
  trace.experts.push_back(routes.expert);
  if (routes.weight.empty() || !weights_wanted) return;
  trace.weight_format = WeightFormat::kBf16;
  LayerWeights& weights = trace.weights.emplace_back();
  weights.bits.resize(routes.weight.size());
  std::transform(routes.weight.begin(), routes.weight.end(), weights.bits.begin(), FloatToBf16);
}

}  // namespace

Result<RouterTrace> GenerateTrace(const RoutingSpec& spec, const RoutingShape& shape,
                                  std::uint64_t seed, std::uint32_t tokens_per_sequence,
                                  bool weights) {
  Diagnostics errors;
  const auto require = [&](bool condition, std::string message) {
    if (!condition) errors.push_back({{}, "", std::move(message)});
  };
  require(tokens_per_sequence > 0, "a sequence needs at least one token");
  require(shape.tokens > 0, "a trace needs at least one token");
  require(shape.moe_layers > 0 && shape.moe_layers <= kMaxTraceLayers,
          fmt::format("{} MoE layers; allowed: 1 to {}", shape.moe_layers, kMaxTraceLayers));
  if (!errors.empty()) return errors;
  RoutingSpec with_requests = spec;
  if (auto* fitted = std::get_if<FittedRouting>(&with_requests)) {
    fitted->tokens_per_request = tokens_per_sequence;
  }
  const auto router = MakeExpertRouter(with_requests, shape, seed);
  if (!router.ok()) return router.errors();
  RouterTrace trace;
  trace.tool = "switchyard trace generate";
  trace.origin =
      std::holds_alternative<FittedRouting>(spec) ? TraceOrigin::kFitted : TraceOrigin::kSynthetic;
  trace.seed = seed;
  trace.notes["routing"] = std::visit(Description{}, with_requests);
  trace.num_experts = shape.num_experts;
  trace.top_k = shape.top_k;
  trace.steps.push_back({0, TracePhase::kPrefill, shape.tokens});
  std::uint32_t sequence = 0;
  for (std::uint32_t left = shape.tokens; left > 0; ++sequence) {
    const std::uint32_t tokens = std::min(left, tokens_per_sequence);
    trace.runs.push_back({sequence, tokens, 0});
    left -= tokens;
  }
  for (std::uint32_t l = 0; l < shape.moe_layers; ++l) {
    trace.layer_ids.push_back(l);
    AppendLayer(router.value()->Route(l), weights, trace);
  }
  return trace;
}

}  // namespace switchyard
