#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "kernels/core/det_math.h"
#include "kernels/reference/route_reference.h"
#include "kernels/reference/rows.h"

namespace switchyard::kernels {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<float> Softmax(const std::vector<float>& z, float (*sum_of)(std::span<const float>)) {
  const float max = reference::LargestNumber(z);
  std::vector<float> term;
  for (const float x : z) {
    if (std::isnan(x)) {
      term.push_back(0.0F);
    } else {
      term.push_back(x == max ? 1.0F : det::Exp(x - max));
    }
  }
  const float sum = sum_of(term);
  std::vector<float> share;
  for (std::size_t i = 0; i < z.size(); ++i) {
    share.push_back(std::isnan(z[i]) ? kNan : term[i] / sum);
  }
  return share;
}

}  // namespace

ReferenceExpertChoice ReferenceChooseTokens(const ExpertChoiceSpec& spec,
                                            std::span<const float> logits) {
  const std::size_t experts = spec.experts;
  const std::size_t tokens = logits.size() / experts;
  std::vector<std::vector<float>> share(experts, std::vector<float>(tokens));  // [e][t]
  if (spec.softmax_over_tokens) {
    for (std::size_t e = 0; e < experts; ++e) {
      std::vector<float> column;
      for (std::size_t t = 0; t < tokens; ++t) column.push_back(logits[t * experts + e]);
      share[e] = Softmax(column, reference::StridedSum);
    }
  } else {
    for (std::size_t t = 0; t < tokens; ++t) {
      const auto row = logits.subspan(t * experts, experts);
      const std::vector<float> p = Softmax({row.begin(), row.end()}, reference::LaneSum);
      for (std::size_t e = 0; e < experts; ++e) share[e][t] = p[e];
    }
  }
  ReferenceExpertChoice out;
  std::vector<std::uint32_t> hits(tokens, 0);
  for (std::size_t e = 0; e < experts; ++e) {
    std::vector<std::uint32_t> order(tokens);
    std::iota(order.begin(), order.end(), 0U);
    std::stable_sort(order.begin(), order.end(), [&](std::uint32_t a, std::uint32_t b) {
      return reference::BetterValue(NanRule::kLastAndFlag, share[e][a], share[e][b]);
    });
    order.resize(std::min<std::size_t>(spec.capacity, tokens));
    std::sort(order.begin(), order.end());
    for (const std::uint32_t t : order) ++hits[t];
    out.token.push_back(order);
  }
  for (std::size_t e = 0; e < experts; ++e) {
    out.weight.emplace_back();
    for (const std::uint32_t t : out.token[e]) {
      const float w = std::isnan(share[e][t]) ? 0.0F : share[e][t];
      out.weight[e].push_back(spec.divide_by_hits ? w / static_cast<float>(hits[t]) : w);
    }
  }
  return out;
}

ReferenceStats ReferenceRouteStats(std::span<const std::uint16_t> expert, std::uint32_t top_k,
                                   std::uint32_t experts) {
  ReferenceStats stats;
  stats.per_expert.assign(experts, 0);
  for (std::size_t i = 0; i < expert.size(); ++i) {
    if (expert[i] >= experts) continue;
    ++stats.per_expert[expert[i]];
    if (i < top_k) continue;
    const auto before = expert.subspan((i / top_k - 1) * top_k, top_k);
    ++stats.compared;
    if (std::count(before.begin(), before.end(), expert[i]) > 0) ++stats.repeated;
  }
  return stats;
}

}  // namespace switchyard::kernels
