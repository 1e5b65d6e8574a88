// An expert keeps the choices with the highest router weights (Megatron-Core's
// moe_token_drop_policy "probs"). Ties go to the lower token, then the lower choice. Routes
// without weights use the rank of the choice as priority: first choices before second ones.
//
// Linear in the number of choices: a counting sort by expert, then a selection inside each expert.
#include <algorithm>
#include <cmath>
#include <limits>

#include "sim/routing/capacity/rules.h"
#include "sim/routing/capacity/token_groups.h"

namespace switchyard {
namespace {

// The choices of a group, gathered by expert: choice[begin[e]..begin[e + 1]) in token order.
struct ByExpert {
  std::vector<std::size_t> begin;
  std::vector<std::size_t> choice;
};

ByExpert GatherByExpert(const LayerRoutes& routes, const TokenGroup& group) {
  ByExpert result;
  result.begin.assign(std::size_t{routes.num_experts} + 1, 0);
  const auto visit = [&](auto f) {
    VisitChoices(group, routes.top_k, CapacityOrder::kTokenMajor, [&](std::size_t i) {
      if (routes.expert[i] != kNoExpert) f(i, routes.expert[i]);
    });
  };
  visit([&](std::size_t, ExpertIndex e) { ++result.begin[std::size_t{e} + 1]; });
  for (std::size_t e = 0; e < routes.num_experts; ++e) result.begin[e + 1] += result.begin[e];
  result.choice.resize(result.begin.back());
  std::vector<std::size_t> next(result.begin.begin(), result.begin.end() - 1);
  visit([&](std::size_t i, ExpertIndex e) { result.choice[next[e]++] = i; });
  return result;
}

class ProbabilityRule final : public CapacityRule {
 public:
  explicit ProbabilityRule(const CapacitySpec& spec) : spec_(spec) {}
  [[nodiscard]] std::string_view name() const override { return "probability"; }
  [[nodiscard]] KeptMask Keep(const LayerRoutes& routes,
                              const CapacityContext& context) const override {
    KeptMask kept(routes.expert.size(), 0);
    for (const TokenGroup& group :
         TokenGroups(spec_.group, routes.tokens, context.tokens_per_rank)) {
      const std::uint64_t capacity =
          ExpertCapacity(spec_.factor, group.size, routes.top_k, routes.num_experts);
      ByExpert queue = GatherByExpert(routes, group);
      for (std::size_t e = 0; e < routes.num_experts; ++e) {
        const std::span<std::size_t> wanted(queue.choice.data() + queue.begin[e],
                                            queue.begin[e + 1] - queue.begin[e]);
        for (const std::size_t i : Best(routes, wanted, capacity)) kept[i] = 1;
      }
    }
    return kept;
  }

 private:
  // The `capacity` best of `wanted`, which is reordered.
  static std::span<std::size_t> Best(const LayerRoutes& routes, std::span<std::size_t> wanted,
                                     std::uint64_t capacity) {
    if (capacity >= wanted.size()) return wanted;
    const auto before = [&](std::size_t a, std::size_t b) {
      const float pa = Priority(routes, a);
      const float pb = Priority(routes, b);
      return pa != pb ? pa > pb : a < b;  // a < b: lower token, then lower choice
    };
    const auto end = wanted.begin() + static_cast<std::ptrdiff_t>(capacity);
    std::nth_element(wanted.begin(), end, wanted.end(), before);
    return wanted.first(capacity);
  }

  static float Priority(const LayerRoutes& routes, std::size_t i) {
    if (routes.weight.empty()) return -static_cast<float>(i % routes.top_k);
    const float weight = routes.weight[i];
    // A recorded weight may be NaN; it must still order, so it comes last.
    return std::isnan(weight) ? -std::numeric_limits<float>::infinity() : weight;
  }

  CapacitySpec spec_;
};

}  // namespace

std::unique_ptr<CapacityRule> MakeProbabilityRule(const CapacitySpec& spec) {
  return std::make_unique<ProbabilityRule>(spec);
}

}  // namespace switchyard
