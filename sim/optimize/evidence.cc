#include "sim/optimize/evidence.h"

#include <utility>

#include "sim/base/check.h"
#include "sim/plan/experts/place_experts.h"

namespace switchyard {

Result<Evidence> Evidence::FromScenario(const Scenario& scenario) {
  const PlacementSpec& spec = scenario.placement;
  Evidence evidence;
  evidence.layers_ = scenario.model.NumMoeLayers();
  auto fit = StepWindows::Open(scenario, WindowUse::kFit, spec.fit_windows);
  if (!fit.ok()) return fit.errors();
  auto held_out = StepWindows::Open(scenario, WindowUse::kHeldOut, spec.held_out_windows);
  if (!held_out.ok()) return held_out.errors();
  evidence.fit_ = std::move(fit).value();
  evidence.held_out_ = std::move(held_out).value();
  evidence.fit_windows_ = evidence.fit_->windows();
  evidence.held_out_windows_ = evidence.held_out_->windows();
  if (spec.loads.empty()) return evidence;
  auto loads = RecordedLoads(scenario);
  if (!loads.ok()) return loads.errors();
  evidence.recorded_ = std::move(loads).value();
  evidence.fit_windows_ = evidence.recorded_[0].windows();
  return evidence;
}

Evidence Evidence::FromLoads(std::vector<WindowLoads> layers) {
  SWITCHYARD_CHECK(!layers.empty(), "loads of no layer");
  Evidence evidence;
  evidence.layers_ = static_cast<std::uint32_t>(layers.size());
  evidence.held_out_windows_ = layers[0].windows() / 2;
  evidence.fit_windows_ = layers[0].windows() - evidence.held_out_windows_;
  evidence.recorded_ = std::move(layers);
  return evidence;
}

std::uint32_t Evidence::tokens_per_window() const {
  return held_out_ ? held_out_->tokens_per_window() : 0;
}

LayerEvidence Evidence::Layer(std::uint32_t moe_layer) const {
  LayerEvidence layer;
  if (!held_out_) {
    const WindowLoads& all = recorded_[moe_layer];
    layer.fit = WindowLoads(all.experts());
    layer.held_out = WindowLoads(all.experts());
    for (std::uint32_t w = 0; w < all.windows(); ++w) {
      (w % 2 == 0 ? layer.fit : layer.held_out).Add(all.Window(w));
    }
    return layer;
  }
  const std::uint32_t tokens = held_out_->tokens_per_window();
  layer.fit_routes = fit_->Routes(moe_layer);
  layer.held_out_routes = held_out_->Routes(moe_layer);
  layer.fit = recorded_.empty() ? LoadsOf(layer.fit_routes, tokens) : recorded_[moe_layer];
  layer.held_out = LoadsOf(layer.held_out_routes, tokens);
  return layer;
}

LayerRoutes Evidence::HeldOutRoutes(std::uint32_t moe_layer) const {
  SWITCHYARD_CHECK(held_out_.has_value(), "counts alone have no tokens to simulate");
  return held_out_->Routes(moe_layer);
}

}  // namespace switchyard
