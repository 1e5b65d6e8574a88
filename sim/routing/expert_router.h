// Where router decisions come from: a recorded trace or a generator. One file per policy in
// routers/, one line each in registry.cc.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "sim/base/result.h"
#include "sim/routing/routes.h"

namespace switchyard {

enum class TraceLayers : std::uint8_t {
  kExact,   // the trace has the model's number of MoE layers
  kStretch  // layer l of L takes the trace's layer floor(l T / L) of T: recorded choices of a layer
            // at the same relative depth; layers that share one are routed alike
};
enum class TraceTokens : std::uint8_t {
  kRecorded,
  kShuffled  // a permutation of all tokens, the same in every layer: neighbours are unrelated
};
// Half of a trace's requests, so that a plan can be fitted to one half and judged by the other. The
// halves are the same whatever the seed (routers/trace_parts.h).
enum class TracePart : std::uint8_t { kAll, kFit, kHeldOut };
struct TraceRouting {
  std::string path;
  std::uint64_t first_token = 0;
  TraceLayers layers = TraceLayers::kExact;
  TraceTokens tokens = TraceTokens::kRecorded;
  TracePart part = TracePart::kAll;
};
// logit_e = sigma_base b_e + sigma_request q_e(request) + sigma_fast s_e(token) + Gumbel, s an
// AR(1) process with coefficient phi; the top_k largest win. Fitted to the statistics of real
// traces.
struct FittedRouting {
  double sigma_base = 0;
  double sigma_request = 0;
  double sigma_fast = 0;
  double phi = 0;
  std::uint32_t tokens_per_request = 1;
};
struct UniformRouting {};
struct ZipfRouting {
  double exponent = 0;
};
struct LogNormalRouting {
  double sigma = 0;
};
using RoutingSpec =
    std::variant<TraceRouting, FittedRouting, UniformRouting, ZipfRouting, LogNormalRouting>;

// The step whose routes are asked for.
struct RoutingShape {
  std::uint32_t moe_layers = 0;
  std::uint32_t tokens = 0;  // of all ranks together
  std::uint32_t num_experts = 0;
  std::uint32_t top_k = 0;
  std::uint32_t num_groups = 1;  // group-limited routing, generators only
  std::uint32_t topk_groups = 1;
};

// Contract: pure; Route(l) depends only on how the router was made and on l, so layers may be asked
// for in any order and again. Every token gets top_k distinct experts below num_experts.
class ExpertRouter {
 public:
  virtual ~ExpertRouter() = default;
  [[nodiscard]] virtual std::string_view name() const = 0;
  // `moe_layer` counts MoE layers from 0.
  [[nodiscard]] virtual LayerRoutes Route(std::uint32_t moe_layer) const = 0;
  // Tokens [first, first + count) of the source, the step's being [0, shape.tokens): a trace has
  // more, a generator has not (std::logic_error).
  [[nodiscard]] virtual LayerRoutes RouteTokens(std::uint32_t moe_layer, std::uint64_t first,
                                                std::uint32_t count) const = 0;
  // How many tokens the source has; a trace then begins again.
  [[nodiscard]] virtual std::uint64_t DistinctTokens() const = 0;
};

// Opens the trace or sets up the generator. A trace whose experts, top_k or layers (unless
// stretched) do not match the shape is an error that names both numbers. A trace shorter than the
// step repeats from its beginning.
[[nodiscard]] Result<std::unique_ptr<ExpertRouter>> MakeExpertRouter(const RoutingSpec& spec,
                                                                     const RoutingShape& shape,
                                                                     std::uint64_t seed);

}  // namespace switchyard
