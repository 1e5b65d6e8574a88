#include "sim/plan/experts/step_windows.h"

#include <algorithm>
#include <utility>
#include <variant>
#include <vector>

#include "sim/base/check.h"
#include "sim/placement/split/token_routes.h"

namespace switchyard {
namespace {

// The part of a trace that a use reads, from its first token on, whatever the scenario replays.
RoutingSpec SpecFor(const RoutingSpec& spec, WindowUse use) {
  const auto* trace = std::get_if<TraceRouting>(&spec);
  if (trace == nullptr) return spec;
  TraceRouting part = *trace;
  part.first_token = 0;
  if (use == WindowUse::kInTime) {
    part.part = TracePart::kAll;
  } else {
    part.part = use == WindowUse::kFit ? TracePart::kFit : TracePart::kHeldOut;
  }
  // What differs between requests is what policies that look at windows prepare for; a shuffled
  // half shows none of it.
  if (use == WindowUse::kFit) part.tokens = TraceTokens::kRecorded;
  return part;
}

}  // namespace

Result<StepWindows> StepWindows::Open(const Scenario& scenario, WindowUse use,
                                      std::uint32_t max_windows) {
  SWITCHYARD_CHECK(scenario.model.moe.has_value(), "windows of a model without experts");
  const MoeSpec& moe = *scenario.model.moe;
  const std::uint64_t size =
      std::uint64_t{scenario.parallelism.expert} * scenario.workload.tokens_per_device;
  const bool generated = !std::holds_alternative<TraceRouting>(scenario.routing);
  // Of a generator, no more windows than 2^23 tokens hold, for each use. The step's own tokens, of
  // all its groups, are never fitted to.
  constexpr std::uint64_t kMostTokens = std::uint64_t{1} << 23;
  const std::uint64_t most = std::max<std::uint64_t>(1, kMostTokens / size);
  const std::uint64_t groups = scenario.cluster.NumDevices() / scenario.parallelism.expert;
  const std::uint64_t held_out = std::min<std::uint64_t>(scenario.placement.held_out_windows, most);
  const std::uint64_t skipped =
      generated && use == WindowUse::kFit ? size * std::max(groups, held_out) : 0;
  const std::uint64_t tokens = skipped + size * std::min<std::uint64_t>(max_windows, most);
  const RoutingShape shape{scenario.model.NumMoeLayers(),
                           static_cast<std::uint32_t>(generated ? tokens : size),
                           moe.num_experts,
                           moe.top_k,
                           moe.num_groups,
                           moe.topk_groups};
  auto router = MakeExpertRouter(SpecFor(scenario.routing, use), shape, scenario.seed);
  if (!router.ok()) return router.errors();
  StepWindows windows;
  windows.router_ = std::move(router).value();
  windows.tokens_per_window_ = static_cast<std::uint32_t>(size);
  const std::uint64_t there = windows.router_->DistinctTokens() - skipped;
  const std::uint64_t count = std::clamp<std::uint64_t>(there / size, 1, max_windows);
  // Spread over the source, whose ends may differ; in time one follows the other.
  const std::uint64_t stride = use == WindowUse::kInTime ? size : std::max(size, there / count);
  for (std::uint64_t w = 0; w < count; ++w) windows.first_tokens_.push_back(skipped + w * stride);
  return windows;
}

LayerRoutes StepWindows::Window(std::uint32_t moe_layer, std::uint32_t window) const {
  return router_->RouteTokens(moe_layer, first_tokens_[window], tokens_per_window_);
}

LayerRoutes StepWindows::Routes(std::uint32_t moe_layer) const {
  if (windows() == 1) return Window(moe_layer, 0);
  const std::uint64_t last = first_tokens_.back() + tokens_per_window_;
  const LayerRoutes source = router_->RouteTokens(moe_layer, 0, static_cast<std::uint32_t>(last));
  LayerRoutes all{0, source.top_k, source.num_experts, {}, {}};
  all.expert.reserve(std::size_t{windows()} * tokens_per_window_ * source.top_k);
  for (const std::uint64_t first : first_tokens_) {
    const LayerRoutes part = SliceTokens(source, first, tokens_per_window_);
    all.tokens += part.tokens;
    all.expert.insert(all.expert.end(), part.expert.begin(), part.expert.end());
    all.weight.insert(all.weight.end(), part.weight.begin(), part.weight.end());
  }
  return all;
}

WindowLoads StepWindows::Loads(std::uint32_t moe_layer) const {
  return LoadsOf(Routes(moe_layer), tokens_per_window_);
}

WindowLoads LoadsOf(const LayerRoutes& routes, std::uint32_t tokens_per_window) {
  WindowLoads loads(routes.num_experts);
  for (std::uint64_t first = 0; first + tokens_per_window <= routes.tokens;
       first += tokens_per_window) {
    loads.Add(CountChoices(routes, first, tokens_per_window));
  }
  return loads;
}

}  // namespace switchyard
