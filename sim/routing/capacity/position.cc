// First come, first served: an expert keeps the choices that come first in the order of the rule
// until its buffer is full (GShard, arXiv 2006.16668, and Switch, arXiv 2101.03961, choice-major;
// MegaBlocks' ParallelMLP token-major; Megatron-Core's moe_token_drop_policy "position").
#include "sim/routing/capacity/rules.h"
#include "sim/routing/capacity/token_groups.h"

namespace switchyard {
namespace {

class PositionRule final : public CapacityRule {
 public:
  explicit PositionRule(const CapacitySpec& spec) : spec_(spec) {}
  [[nodiscard]] std::string_view name() const override { return "position"; }
  [[nodiscard]] KeptMask Keep(const LayerRoutes& routes,
                              const CapacityContext& context) const override {
    KeptMask kept(routes.expert.size(), 0);
    std::vector<std::uint64_t> taken;
    for (const TokenGroup& group :
         TokenGroups(spec_.group, routes.tokens, context.tokens_per_rank)) {
      const std::uint64_t capacity =
          ExpertCapacity(spec_.factor, group.size, routes.top_k, routes.num_experts);
      taken.assign(routes.num_experts, 0);
      VisitChoices(group, routes.top_k, spec_.order, [&](std::size_t i) {
        const ExpertIndex expert = routes.expert[i];
        if (expert != kNoExpert) kept[i] = taken[expert]++ < capacity;
      });
    }
    return kept;
  }

 private:
  CapacitySpec spec_;
};

}  // namespace

std::unique_ptr<CapacityRule> MakePositionRule(const CapacitySpec& spec) {
  return std::make_unique<PositionRule>(spec);
}

}  // namespace switchyard
