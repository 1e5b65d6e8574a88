#include "kernels/names.h"

#include <fmt/format.h>

#include <iterator>

#include "kernels/status.h"

namespace switchyard::kernels {
namespace {

// The names of an enum, in the order of its values; kLast catches a value that is added without
// one.
template <class Enum>
struct Table;

template <>
struct Table<ScoreFunction> {
  static constexpr auto kLast = ScoreFunction::kSqrtSoftplus;
  static constexpr std::string_view kNames[] = {"identity", "softmax", "sigmoid", "sqrt_softplus"};
};
template <>
struct Table<SelectOn> {
  static constexpr auto kLast = SelectOn::kScorePlusBias;
  static constexpr std::string_view kNames[] = {"logit", "score", "score_plus_bias"};
};
template <>
struct Table<WeightFrom> {
  static constexpr auto kLast = WeightFrom::kUniform;
  static constexpr std::string_view kNames[] = {"score", "softmax_over_top_k", "sigmoid_of_logit",
                                                "uniform"};
};
template <>
struct Table<Renormalise> {
  static constexpr auto kLast = Renormalise::kL2;
  static constexpr std::string_view kNames[] = {"none", "sum", "sum_plus_eps", "clamp_eps", "l2"};
};
template <>
struct Table<GroupScore> {
  static constexpr auto kLast = GroupScore::kSumTopN;
  static constexpr std::string_view kNames[] = {"none", "max", "sum_top_n"};
};
template <>
struct Table<MaskedGroups> {
  static constexpr auto kLast = MaskedGroups::kZeroKey;
  static constexpr std::string_view kNames[] = {"excluded", "zero_key"};
};
template <>
struct Table<NanRule> {
  static constexpr auto kLast = NanRule::kAsLargest;
  static constexpr std::string_view kNames[] = {"last_and_flag", "as_zero_score", "as_largest"};
};
template <>
struct Table<TieRule> {
  static constexpr auto kLast = TieRule::kTransformerEngineNaive;
  static constexpr std::string_view kNames[] = {"lower_index", "transformer_engine_naive"};
};
template <>
struct Table<CapacityRule::Base> {
  static constexpr auto kLast = CapacityRule::Base::kCeilPerExpert;
  static constexpr std::string_view kNames[] = {"ratio", "ceil_per_expert"};
};
template <>
struct Table<CapacityRule::TimesK> {
  static constexpr auto kLast = CapacityRule::TimesK::kAfterRounding;
  static constexpr std::string_view kNames[] = {"no", "before_rounding", "after_rounding"};
};
template <>
struct Table<CapacityRule::Round> {
  static constexpr auto kLast = CapacityRule::Round::kFloorProduct;
  static constexpr std::string_view kNames[] = {
      "ceil", "floor", "half_even", "ceil_double", "ceil_float", "floor_double", "floor_product"};
};
template <>
struct Table<DropBy> {
  static constexpr auto kLast = DropBy::kNoTokenLeftBehind;
  static constexpr std::string_view kNames[] = {
      "none", "position", "weight", "token_priority", "random", "no_token_left_behind"};
};
template <>
struct Table<ChoiceOrder> {
  static constexpr auto kLast = ChoiceOrder::kChoiceMajor;
  static constexpr std::string_view kNames[] = {"token_major", "choice_major"};
};
template <>
struct Table<SlotOrder> {
  static constexpr auto kLast = SlotOrder::kPriority;
  static constexpr std::string_view kNames[] = {"token_order", "priority"};
};
template <>
struct Table<NormaliseWhen> {
  static constexpr auto kLast = NormaliseWhen::kAfterDrop;
  static constexpr std::string_view kNames[] = {"before_drop", "after_drop"};
};
template <>
struct Table<StatusCode> {
  static constexpr auto kLast = StatusCode::kCuda;
  static constexpr std::string_view kNames[] = {"ok", "invalid_spec", "invalid_shape",
                                                "workspace_too_small", "cuda"};
};

// The beginning of a fraction's formula: "5/4 T K / E".
std::string Fraction(const CapacityRule& rule) {
  using TimesK = CapacityRule::TimesK;
  std::string text = fmt::to_string(rule.num);
  if (rule.den != 1) text += fmt::format("/{}", rule.den);
  const bool per_expert = rule.base == CapacityRule::Base::kCeilPerExpert;
  const bool before = rule.times_k == TimesK::kBeforeRounding;
  text += per_expert ? " ceil(T / E)" : " T";
  if (before) text += " K";
  return per_expert ? text : text + " / E";
}

std::string_view RoundingOf(CapacityRule::Round round) {
  using Round = CapacityRule::Round;
  switch (round) {
    case Round::kCeil:
      return "ceil({})";
    case Round::kFloor:
      return "floor({})";
    case Round::kHalfEven:
      return "round({}) in double";
    case Round::kCeilDouble:
      return "ceil({}) in double";
    case Round::kCeilFloat:
      return "ceil({}) in float";
    case Round::kFloorDouble:
      return "floor({}) in double";
    case Round::kFloorProduct:
      return "floor({}) in double, the product first";
  }
  return "{}";
}

std::string DescribeGroups(const RouteSpec& spec) {
  if (spec.group_score == GroupScore::kNone) return "";
  std::string text = fmt::format(", {} of {} groups by ", spec.topk_groups, spec.groups);
  text += spec.group_score == GroupScore::kMax ? std::string("max")
                                               : fmt::format("sum of top-{}", spec.group_top_n);
  if (spec.masked == MaskedGroups::kZeroKey) text += ", others with key 0";
  return text;
}

std::string DescribeKey(const RouteSpec& spec) {
  if (spec.select == SelectOn::kLogit) return "logit";
  std::string text(NameOf(spec.score));
  if (spec.select == SelectOn::kScorePlusBias) text += " + bias";
  return text;
}

std::string DescribeWeights(const RouteSpec& spec) {
  std::string text(spec.weight == WeightFrom::kScore ? NameOf(spec.score) : NameOf(spec.weight));
  switch (spec.renormalise) {
    case Renormalise::kNone:
      break;
    case Renormalise::kSum:
      text += " / sum";
      break;
    case Renormalise::kSumPlusEps:
      text += fmt::format(" / (sum + {})", spec.renormalise_eps);
      break;
    case Renormalise::kClampEps:
      text += fmt::format(" / max(sum, {})", spec.renormalise_eps);
      break;
    case Renormalise::kL2:
      text += " / sqrt(sum of squares)";
      break;
  }
  if (spec.route_scale != 1.0F) text += fmt::format(" * {}", spec.route_scale);
  return text;
}

}  // namespace

template <class Enum>
std::span<const std::string_view> NamesOf() {
  static_assert(std::size(Table<Enum>::kNames) == static_cast<std::size_t>(Table<Enum>::kLast) + 1);
  return Table<Enum>::kNames;
}

template std::span<const std::string_view> NamesOf<ScoreFunction>();
template std::span<const std::string_view> NamesOf<SelectOn>();
template std::span<const std::string_view> NamesOf<WeightFrom>();
template std::span<const std::string_view> NamesOf<Renormalise>();
template std::span<const std::string_view> NamesOf<GroupScore>();
template std::span<const std::string_view> NamesOf<MaskedGroups>();
template std::span<const std::string_view> NamesOf<NanRule>();
template std::span<const std::string_view> NamesOf<TieRule>();
template std::span<const std::string_view> NamesOf<CapacityRule::Base>();
template std::span<const std::string_view> NamesOf<CapacityRule::TimesK>();
template std::span<const std::string_view> NamesOf<CapacityRule::Round>();
template std::span<const std::string_view> NamesOf<DropBy>();
template std::span<const std::string_view> NamesOf<ChoiceOrder>();
template std::span<const std::string_view> NamesOf<SlotOrder>();
template std::span<const std::string_view> NamesOf<NormaliseWhen>();
template std::span<const std::string_view> NamesOf<StatusCode>();

std::string Describe(const RouteSpec& spec) {
  std::string text = fmt::format("top-{} of {} by {}{}; weights {}", spec.top_k, spec.experts,
                                 DescribeKey(spec), DescribeGroups(spec), DescribeWeights(spec));
  if (spec.nan != NanRule::kLastAndFlag) text += fmt::format("; NaN {}", NameOf(spec.nan));
  if (spec.tie != TieRule::kLowerIndex) text += fmt::format("; ties {}", NameOf(spec.tie));
  return text;
}

std::string Describe(const CapacityRule& rule) {
  std::string text = fmt::format(fmt::runtime(RoundingOf(rule.round)), Fraction(rule));
  if (rule.times_k == CapacityRule::TimesK::kAfterRounding) text = "K " + text;
  if (rule.min > 0) text += fmt::format(", at least {}", rule.min);
  if (rule.clamp_to_demand) text += ", at most the demand";
  if (rule.align > 1) text += fmt::format(", in multiples of {}", rule.align);
  if (rule.clamp_to_tokens) text += ", at most T";
  return text;
}

std::string Describe(const CapacitySpec& spec) {
  std::string text =
      spec.drop == DropBy::kNone
          ? std::string("dropless")
          : fmt::format("{} slots, drop by {}", Describe(spec.rule), NameOf(spec.drop));
  const bool ordered = spec.drop == DropBy::kPosition || spec.drop == DropBy::kTokenPriority ||
                       (spec.drop == DropBy::kNone && spec.slots == SlotOrder::kPriority);
  if (ordered) text += fmt::format(", {}", NameOf(spec.order));
  text += fmt::format("; slots in {}",
                      spec.slots == SlotOrder::kPriority ? "order of service" : "order of tokens");
  if (spec.drop == DropBy::kRandom) text += fmt::format("; seed {}", spec.seed);
  if (spec.normalise == NormaliseWhen::kAfterDrop) {
    text += fmt::format("; survivors' weights / max(sum, {})", spec.normalise_eps);
  }
  return text;
}

}  // namespace switchyard::kernels
