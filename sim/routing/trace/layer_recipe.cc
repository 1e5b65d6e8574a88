#include "sim/routing/trace/layer_recipe.h"

#include <algorithm>
#include <cstring>

#include "sim/routing/trace/router_trace.h"

namespace switchyard {
namespace {

using kernels::CapacityRule;
using kernels::CapacitySpec;
using kernels::RouteSpec;

// Protobuf's values are those of the enums in kernels/, in their order; false for one that is
// newer.
template <class To>
bool Convert(int from, To last, To& to) {
  if (from < 0 || from > static_cast<int>(last)) return false;
  to = static_cast<To>(from);
  return true;
}

template <class To, class From>
To Same(From from) {
  return static_cast<To>(static_cast<int>(from));
}

void WriteRoute(const RouteSpec& from, trace_pb::RouteSpec& to) {
  using Pb = trace_pb::RouteSpec;
  to.set_score(Same<Pb::Score>(from.score));
  to.set_select(Same<Pb::Select>(from.select));
  to.set_weight(Same<Pb::Weight>(from.weight));
  to.set_renormalise(Same<Pb::Renormalise>(from.renormalise));
  to.set_renormalise_eps(from.renormalise_eps);
  to.set_route_scale(from.route_scale);
  to.set_group_score(Same<Pb::GroupScore>(from.group_score));
  to.set_groups(from.groups);
  to.set_topk_groups(from.topk_groups);
  to.set_group_top_n(from.group_top_n);
  to.set_masked(Same<Pb::Masked>(from.masked));
  to.set_nan(Same<Pb::Nan>(from.nan));
  to.set_tie(Same<Pb::Tie>(from.tie));
}

bool ReadRoute(const trace_pb::LayerSpec& layer, RouteSpec& to) {
  const trace_pb::RouteSpec& from = layer.route();
  const std::uint32_t largest = std::max(
      {layer.experts(), layer.top_k(), from.groups(), from.topk_groups(), from.group_top_n()});
  if (largest > UINT16_MAX) return false;
  to.experts = static_cast<std::uint16_t>(layer.experts());
  to.top_k = static_cast<std::uint16_t>(layer.top_k());
  to.renormalise_eps = from.renormalise_eps();
  to.route_scale = from.route_scale();
  to.groups = static_cast<std::uint16_t>(from.groups());
  to.topk_groups = static_cast<std::uint16_t>(from.topk_groups());
  to.group_top_n = static_cast<std::uint16_t>(from.group_top_n());
  return Convert(from.score(), kernels::ScoreFunction::kSqrtSoftplus, to.score) &&
         Convert(from.select(), kernels::SelectOn::kScorePlusBias, to.select) &&
         Convert(from.weight(), kernels::WeightFrom::kUniform, to.weight) &&
         Convert(from.renormalise(), kernels::Renormalise::kL2, to.renormalise) &&
         Convert(from.group_score(), kernels::GroupScore::kSumTopN, to.group_score) &&
         Convert(from.masked(), kernels::MaskedGroups::kZeroKey, to.masked) &&
         Convert(from.nan(), kernels::NanRule::kAsLargest, to.nan) &&
         Convert(from.tie(), kernels::TieRule::kTransformerEngineNaive, to.tie) &&
         kernels::Validate(to).ok();
}

void WriteCapacity(const CapacitySpec& from, trace_pb::CapacitySpec& to) {
  using Pb = trace_pb::CapacitySpec;
  to.set_num(from.rule.num);
  to.set_den(from.rule.den);
  to.set_base(Same<Pb::Base>(from.rule.base));
  to.set_times_k(Same<Pb::TimesK>(from.rule.times_k));
  to.set_round(Same<Pb::Round>(from.rule.round));
  to.set_min(from.rule.min);
  to.set_align(from.rule.align);
  to.set_clamp_to_tokens(from.rule.clamp_to_tokens);
  to.set_clamp_to_demand(from.rule.clamp_to_demand);
  to.set_drop(Same<Pb::Drop>(from.drop));
  to.set_order(Same<Pb::Order>(from.order));
  to.set_slots(Same<Pb::Slots>(from.slots));
  to.set_normalise(Same<Pb::Normalise>(from.normalise));
  to.set_normalise_eps(from.normalise_eps);
  to.set_seed(from.seed);
}

bool ReadCapacity(const trace_pb::CapacitySpec& from, CapacitySpec& to) {
  to.rule.num = from.num();
  to.rule.den = from.den();
  to.rule.min = from.min();
  to.rule.align = from.align();
  to.rule.clamp_to_tokens = from.clamp_to_tokens();
  to.rule.clamp_to_demand = from.clamp_to_demand();
  to.normalise_eps = from.normalise_eps();
  to.seed = from.seed();
  return Convert(from.base(), CapacityRule::Base::kCeilPerExpert, to.rule.base) &&
         Convert(from.times_k(), CapacityRule::TimesK::kAfterRounding, to.rule.times_k) &&
         Convert(from.round(), CapacityRule::Round::kFloorProduct, to.rule.round) &&
         Convert(from.drop(), kernels::DropBy::kNoTokenLeftBehind, to.drop) &&
         Convert(from.order(), kernels::ChoiceOrder::kChoiceMajor, to.order) &&
         Convert(from.slots(), kernels::SlotOrder::kPriority, to.slots) &&
         Convert(from.normalise(), kernels::NormaliseWhen::kAfterDrop, to.normalise) &&
         kernels::Validate(to).ok();
}

}  // namespace

void WriteRecipe(const LayerRecipe& recipe, trace_pb::LayerSpec& layer) {
  WriteRoute(recipe.route, *layer.mutable_route());
  WriteCapacity(recipe.capacity, *layer.mutable_capacity());
  layer.mutable_capacity()->set_group_tokens(recipe.group_tokens);
  if (recipe.bias.empty()) return;
  layer.set_expert_bias_f32(recipe.bias.data(), recipe.bias.size() * sizeof(float));
}

std::optional<LayerRecipe> ReadRecipe(const trace_pb::LayerSpec& layer) {
  LayerRecipe recipe;
  if (!layer.has_route() || !layer.has_capacity()) return std::nullopt;
  if (!ReadRoute(layer, recipe.route) || !ReadCapacity(layer.capacity(), recipe.capacity)) {
    return std::nullopt;
  }
  recipe.group_tokens = layer.capacity().group_tokens();
  const std::string& bias = layer.expert_bias_f32();
  if (bias.empty()) return recipe;
  if (bias.size() != layer.experts() * sizeof(float)) return std::nullopt;
  recipe.bias.resize(layer.experts());
  std::memcpy(recipe.bias.data(), bias.data(), bias.size());
  return recipe;
}

}  // namespace switchyard
