// Tokens of many steps out of a scenario's routing source, cut into windows: what one
// expert-parallel group routes in one step. Placements are fitted to some windows and judged by
// others.
//
//   Result<StepWindows> fit = StepWindows::Open(scenario, WindowUse::kFit, 16);
//   problem.loads = fit.value().Loads(layer);
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/base/result.h"
#include "sim/placement/problem.h"
#include "sim/routing/expert_router.h"
#include "sim/scenario/scenario.h"

namespace switchyard {

enum class WindowUse : std::uint8_t {
  kFit,
  kHeldOut,
  kInTime  // all tokens in their order, whoever sees them: to follow a server step by step
};

// Of a trace, the halves of its requests (sim/routing/routers/trace_parts.h), whatever part the
// scenario itself replays; windows are spread over the half, and those to fit to are in the trace's
// order even where the scenario shuffles tokens. Of a generator, the held-out windows
// are its first tokens, and the others those after them.
class StepWindows {
 public:
  // At most `max_windows`; fewer when the source has no more tokens, but one at least, for which a
  // short trace repeats. The scenario has a MoE model.
  static Result<StepWindows> Open(const Scenario& scenario, WindowUse use,
                                  std::uint32_t max_windows);

  [[nodiscard]] std::uint32_t windows() const {
    return static_cast<std::uint32_t>(first_tokens_.size());
  }
  [[nodiscard]] std::uint32_t tokens_per_window() const { return tokens_per_window_; }
  // One window's tokens; of a trace cheap, of a generator as much work as all of them.
  [[nodiscard]] LayerRoutes Window(std::uint32_t moe_layer, std::uint32_t window) const;
  // All windows' tokens, one window after the other.
  [[nodiscard]] LayerRoutes Routes(std::uint32_t moe_layer) const;
  [[nodiscard]] WindowLoads Loads(std::uint32_t moe_layer) const;

 private:
  StepWindows() = default;

  std::unique_ptr<ExpertRouter> router_;
  std::vector<std::uint64_t> first_tokens_;  // [windows], of the router's
  std::uint32_t tokens_per_window_ = 0;
};

// Choices of each expert, window by window; tokens that fill no window are left out.
[[nodiscard]] WindowLoads LoadsOf(const LayerRoutes& routes, std::uint32_t tokens_per_window);

}  // namespace switchyard
