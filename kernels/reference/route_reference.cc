#include "kernels/reference/route_reference.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

#include "kernels/core/det_math.h"
#include "kernels/reference/rows.h"

namespace switchyard::kernels {
namespace {

using reference::BetterValue;
using reference::LaneSum;
using reference::LargestNumber;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

bool AnyNan(std::span<const float> values) {
  return std::any_of(values.begin(), values.end(), [](float x) { return std::isnan(x); });
}

// Numerators and denominator of a softmax. What plain arithmetic would make of NaN and infinity is
// kept in the rules of frameworks; the canonical rule leaves NaN out and counts the maximum as 1.
struct Softmax {
  std::vector<float> term;
  bool all_nan = false;
};

Softmax Terms(NanRule rule, std::span<const float> z) {
  Softmax out;
  const float max = LargestNumber(z);
  out.all_nan = rule != NanRule::kLastAndFlag && (AnyNan(z) || std::isinf(max));
  for (const float x : z) {
    if (std::isnan(x)) {
      out.term.push_back(0.0F);
    } else {
      out.term.push_back(x == max ? 1.0F : det::Exp(x - max));
    }
  }
  return out;
}

std::vector<float> Shares(const Softmax& softmax, std::span<const float> z, float sum) {
  std::vector<float> share;
  for (std::size_t e = 0; e < z.size(); ++e) {
    share.push_back(softmax.all_nan || std::isnan(z[e]) ? kNan : softmax.term[e] / sum);
  }
  return share;
}

std::vector<float> Scores(const RouteSpec& spec, std::span<const float> z) {
  std::vector<float> score(z.begin(), z.end());
  if (spec.score == ScoreFunction::kSoftmax) {
    const Softmax softmax = Terms(spec.nan, z);
    score = Shares(softmax, z, LaneSum(softmax.term));
  }
  for (float& s : score) {
    if (spec.score == ScoreFunction::kSigmoid) s = det::Sigmoid(s);
    if (spec.score == ScoreFunction::kSqrtSoftplus) s = std::sqrt(det::Softplus(s));
    if (spec.nan == NanRule::kAsZeroScore && !std::isfinite(s)) s = 0.0F;
  }
  return score;
}

// Stands for "never": below every number and every NaN.
struct Candidate {
  float value = 0.0F;
  std::uint16_t expert = 0;
  bool excluded = false;
};

float GroupValue(const RouteSpec& spec, std::span<const Candidate> members) {
  std::vector<float> value;
  for (const Candidate& c : members) value.push_back(c.value);
  std::stable_sort(value.begin(), value.end(),
                   [&](float a, float b) { return BetterValue(spec.nan, a, b); });
  if (spec.group_score == GroupScore::kMax) return value[0];
  float sum = value[0];
  for (std::size_t i = 1; i < spec.group_top_n; ++i) sum += value[i];
  return sum;
}

void LimitGroups(const RouteSpec& spec, std::vector<Candidate>& candidates) {
  const std::size_t members = candidates.size() / spec.groups;
  std::vector<float> value;
  for (std::size_t g = 0; g < spec.groups; ++g) {
    value.push_back(GroupValue(spec, {candidates.data() + g * members, members}));
  }
  std::vector<std::size_t> order(spec.groups);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return BetterValue(spec.nan, value[a], value[b]);
  });
  for (std::size_t i = spec.topk_groups; i < order.size(); ++i) {
    for (std::size_t m = 0; m < members; ++m) {
      Candidate& c = candidates[order[i] * members + m];
      c.excluded = spec.masked == MaskedGroups::kExcluded;
      c.value = 0.0F;
    }
  }
}

// TransformerEngine's loop as it stands: each of 32 lanes keeps the first of its best experts, then
// lanes look at their partner 16, 8, 4, 2, 1 away and take what is strictly better. Lane 0's
// answer.
std::size_t ButterflyWinner(const std::vector<Candidate>& candidates, NanRule rule) {
  constexpr std::size_t kLanes = 32;
  constexpr std::size_t kNone = SIZE_MAX;
  const auto better = [&](std::size_t a, std::size_t b) {
    if (a == kNone || b == kNone) return a != kNone;
    return BetterValue(rule, candidates[a].value, candidates[b].value);
  };
  std::vector<std::size_t> lane(kLanes, kNone);
  for (std::size_t e = 0; e < candidates.size(); ++e) {
    if (!candidates[e].excluded && better(e, lane[e % kLanes])) lane[e % kLanes] = e;
  }
  for (std::size_t step = kLanes / 2; step > 0; step /= 2) {
    const std::vector<std::size_t> before = lane;
    for (std::size_t l = 0; l < kLanes; ++l) {
      if (better(before[l ^ step], before[l])) lane[l] = before[l ^ step];
    }
  }
  return lane[0];
}

std::vector<Candidate> InOrder(const RouteSpec& spec, std::vector<Candidate> candidates) {
  if (spec.tie == TieRule::kTransformerEngineNaive) {
    std::vector<Candidate> order;
    for (std::size_t k = 0; k < std::min<std::size_t>(spec.top_k + 1U, spec.experts); ++k) {
      const std::size_t winner = ButterflyWinner(candidates, spec.nan);
      order.push_back(candidates[winner]);
      candidates[winner].excluded = true;
    }
    return order;
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [&](const Candidate& a, const Candidate& b) {
                     if (a.excluded || b.excluded) return b.excluded && !a.excluded;
                     return BetterValue(spec.nan, a.value, b.value);
                   });
  return candidates;
}

std::vector<float> PlainWeights(const RouteSpec& spec, std::span<const float> score,
                                std::span<const float> z_of_winners,
                                std::span<const std::uint16_t> expert) {
  std::vector<float> weight(expert.size(), 1.0F / static_cast<float>(spec.top_k));
  if (spec.weight == WeightFrom::kSoftmaxOverTopK) {
    const Softmax softmax = Terms(spec.nan, z_of_winners);
    float sum = 0.0F;
    for (const float term : softmax.term) sum += term;
    weight = Shares(softmax, z_of_winners, sum);
  }
  for (std::size_t k = 0; k < expert.size(); ++k) {
    if (spec.weight == WeightFrom::kScore) weight[k] = score[expert[k]];
    if (spec.weight == WeightFrom::kSigmoidOfLogit) weight[k] = det::Sigmoid(z_of_winners[k]);
    if (spec.nan == NanRule::kAsZeroScore && !std::isfinite(weight[k])) weight[k] = 0.0F;
    if (spec.nan == NanRule::kLastAndFlag && std::isnan(weight[k])) weight[k] = 0.0F;
  }
  return weight;
}

void Normalise(const RouteSpec& spec, std::vector<float>& weight) {
  float sum = 0.0F;
  float squares = 0.0F;
  for (const float w : weight) {
    sum += w;
    squares += w * w;
  }
  float factor = spec.route_scale;
  if (spec.renormalise == Renormalise::kSum) factor = spec.route_scale / sum;
  if (spec.renormalise == Renormalise::kSumPlusEps) {
    factor = spec.route_scale / (sum + spec.renormalise_eps);
  }
  if (spec.renormalise == Renormalise::kClampEps) {
    factor = spec.route_scale / (sum < spec.renormalise_eps ? spec.renormalise_eps : sum);
  }
  if (spec.renormalise == Renormalise::kL2) factor = spec.route_scale / std::sqrt(squares);
  for (float& w : weight) {
    w *= factor;
    if (std::isnan(w)) w = kNan;  // of one sign
  }
}

RouteFlags FlagsOf(std::span<const float> z, std::span<const Candidate> candidates,
                   std::span<const Candidate> order, std::size_t top_k) {
  RouteFlags flags;
  const auto nan_value = [](const Candidate& c) { return std::isnan(c.value); };
  const bool nan = AnyNan(z) || std::any_of(candidates.begin(), candidates.end(), nan_value);
  flags.nan_rows = nan ? 1 : 0;
  const bool infinite = std::any_of(z.begin(), z.end(), [](float x) { return std::isinf(x); });
  flags.inf_rows = infinite ? 1 : 0;
  for (const Candidate& c : order.first(top_k)) {
    if (!std::isfinite(c.value)) flags.short_rows = 1;
  }
  if (order.size() > top_k && !order[top_k].excluded) {
    const float last = order[top_k - 1].value;
    const float next = order[top_k].value;
    if (last == next || (std::isnan(last) && std::isnan(next))) flags.saturated_rows = 1;
  }
  return flags;
}

}  // namespace

ReferenceRoute ReferenceRouteTopK(const RouteSpec& spec, std::span<const float> logits,
                                  std::span<const float> bias) {
  std::vector<float> z(logits.begin(), logits.end());
  for (float& x : z) x += 0.0F;  // -0 is read as +0
  const std::vector<float> score = Scores(spec, z);
  std::vector<Candidate> candidates;
  for (std::size_t e = 0; e < z.size(); ++e) {
    float value = spec.select == SelectOn::kLogit ? z[e] : score[e];
    if (spec.select == SelectOn::kScorePlusBias) value += bias[e];
    candidates.push_back({value, static_cast<std::uint16_t>(e), false});
  }
  const std::vector<Candidate> unlimited = candidates;
  if (spec.group_score != GroupScore::kNone) LimitGroups(spec, candidates);
  const std::vector<Candidate> order = InOrder(spec, candidates);

  ReferenceRoute route;
  std::vector<float> z_of_winners;
  for (std::size_t k = 0; k < spec.top_k; ++k) {
    route.expert.push_back(order[k].expert);
    z_of_winners.push_back(z[order[k].expert]);
  }
  route.weight = PlainWeights(spec, score, z_of_winners, route.expert);
  Normalise(spec, route.weight);
  route.flags = FlagsOf(z, unlimited, order, spec.top_k);
  return route;
}

ReferenceRoute ReferenceRouteHash(std::int32_t token_id, std::span<const std::uint16_t> table,
                                  std::uint32_t top_k) {
  const auto rows = static_cast<std::int64_t>(table.size() / top_k);
  ReferenceRoute route;
  if (token_id < 0 || token_id >= rows) {
    route.expert.assign(top_k, kNoChoice);
    route.weight.assign(top_k, 0.0F);
    return route;
  }
  const auto row = table.subspan(static_cast<std::size_t>(token_id) * top_k, top_k);
  route.expert.assign(row.begin(), row.end());
  route.weight.assign(top_k, 1.0F / static_cast<float>(top_k));
  return route;
}

}  // namespace switchyard::kernels
