// Fixed-size all-to-all buffers: every sender has one buffer per destination rank, of
//   ceil(factor * tokens_per_rank * top_k / ranks)
// choices; whatever does not fit is dropped before it is sent. The rank-level form of the expert
// capacity of Switch (arXiv 2101.03961): the experts of a destination share its buffer.
#include <algorithm>

#include "sim/base/check.h"
#include "sim/routing/capacity/rules.h"
#include "sim/routing/capacity/token_groups.h"

namespace switchyard {
namespace {

class SenderDestinationRule final : public CapacityRule {
 public:
  explicit SenderDestinationRule(const CapacitySpec& spec) : spec_(spec) {}
  [[nodiscard]] std::string_view name() const override { return "sender_destination"; }
  [[nodiscard]] KeptMask Keep(const LayerRoutes& routes,
                              const CapacityContext& context) const override {
    SWITCHYARD_CHECK(context.ranks > 0, "an expert-parallel group has ranks");
    SWITCHYARD_CHECK(static_cast<bool>(context.rank_for), "the rule needs the rank of experts");
    const std::uint64_t capacity = CeilMulDiv(
        spec_.factor, std::uint64_t{context.tokens_per_rank} * routes.top_k, context.ranks);
    KeptMask kept(routes.expert.size(), 0);
    std::vector<std::uint64_t> taken;
    for (const TokenGroup& sender :
         TokenGroups(CapacityGroup::kSender, routes.tokens, context.tokens_per_rank)) {
      taken.assign(context.ranks, 0);
      const std::uint32_t from = sender.first / std::max(context.tokens_per_rank, 1u);
      VisitChoices(sender, routes.top_k, spec_.order, [&](std::size_t i) {
        const ExpertIndex expert = routes.expert[i];
        if (expert == kNoExpert) return;
        const std::uint32_t rank = context.rank_for(from, expert);
        SWITCHYARD_CHECK(rank < context.ranks, "an expert lives on a rank of the group");
        kept[i] = taken[rank]++ < capacity;
      });
    }
    return kept;
  }

 private:
  CapacitySpec spec_;
};

}  // namespace

std::unique_ptr<CapacityRule> MakeSenderDestinationRule(const CapacitySpec& spec) {
  return std::make_unique<SenderDestinationRule>(spec);
}

}  // namespace switchyard
