#include <initializer_list>

#include "kernels/capacity_spec.h"
#include "kernels/route_spec.h"

namespace switchyard::kernels {
namespace {

struct Rule {
  bool holds;
  const char* otherwise;
};

Status FirstBroken(std::initializer_list<Rule> rules) {
  for (const Rule& rule : rules) {
    if (!rule.holds) return {StatusCode::kInvalidSpec, 0, rule.otherwise};
  }
  return {};
}

bool Positive(float x) { return x > 0.0F && x < 1e30F; }

Status ValidateGroups(const RouteSpec& s) {
  const std::uint32_t members = s.experts / s.groups;
  return FirstBroken({
      {s.topk_groups >= 1 && s.topk_groups <= s.groups, "topk_groups: 1 to groups"},
      {s.topk_groups * members >= s.top_k, "the kept groups have fewer experts than top_k"},
      {s.group_score != GroupScore::kSumTopN ||
           (s.group_top_n >= 1 && s.group_top_n <= members && s.group_top_n <= kMaxTopK),
       "group_top_n: 1 to the experts of a group, at most 64"},
      {s.group_score != GroupScore::kNone || (s.groups == 1 && s.topk_groups == 1),
       "groups without a group_score"},
  });
}

}  // namespace

Status Validate(const RouteSpec& s) {
  const Status shape = FirstBroken({
      {s.experts >= 1 && s.experts <= kMaxExperts, "experts: 1 to 4096"},
      {s.top_k >= 1 && s.top_k <= kMaxTopK && s.top_k <= s.experts,
       "top_k: 1 to 64, at most the experts"},
      {s.groups >= 1 && s.experts % s.groups == 0, "groups: at least 1, a divisor of experts"},
      {Positive(s.route_scale), "route_scale: above 0 and finite"},
      {s.renormalise_eps >= 0.0F && s.renormalise_eps < 1.0F, "renormalise_eps: 0 to below 1"},
      {s.tie != TieRule::kTransformerEngineNaive ||
           (s.top_k < 16 && s.group_score == GroupScore::kNone),
       "tie transformer_engine_naive: below top-16, without groups"},
      {s.nan != NanRule::kAsZeroScore || s.select != SelectOn::kLogit,
       "nan as_zero_score: selects on the score, not the logit"},
  });
  return shape.ok() ? ValidateGroups(s) : shape;
}

Status Validate(const ExpertChoiceSpec& s) {
  return FirstBroken({{s.experts >= 1 && s.experts <= kMaxExperts, "experts: 1 to 4096"},
                      {s.capacity >= 1, "capacity: at least 1"}});
}

Status Validate(const CapacitySpec& s) {
  return FirstBroken({
      {s.rule.den >= 1, "factor: the denominator is at least 1"},
      {s.rule.align >= 1, "align: at least 1"},
      {s.drop == DropBy::kNone || s.rule.num >= 1 || s.rule.min >= 1,
       "factor: above 0, or a minimum"},
      {s.normalise_eps >= 0.0F && s.normalise_eps < 1.0F, "normalise_eps: 0 to below 1"},
  });
}

}  // namespace switchyard::kernels
