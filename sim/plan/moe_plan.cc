#include "sim/plan/moe_plan.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "sim/base/check.h"

namespace switchyard {
namespace {

// The tokens of one micro-batch, still ordered by rank: its share of each rank's consecutive
// tokens.
LayerRoutes TakeMicroBatch(const LayerRoutes& all, std::uint32_t tokens_per_rank,
                           std::uint32_t micro_batches, std::uint32_t micro_batch) {
  const std::uint32_t share = tokens_per_rank / micro_batches;
  LayerRoutes part{all.tokens / micro_batches, all.top_k, all.num_experts, {}, {}};
  for (std::uint32_t first = micro_batch * share; first < all.tokens; first += tokens_per_rank) {
    const auto begin = static_cast<std::ptrdiff_t>(std::size_t{first} * all.top_k);
    const auto end = begin + static_cast<std::ptrdiff_t>(std::size_t{share} * all.top_k);
    part.expert.insert(part.expert.end(), all.expert.begin() + begin, all.expert.begin() + end);
    if (all.weight.empty()) continue;
    part.weight.insert(part.weight.end(), all.weight.begin() + begin, all.weight.begin() + end);
  }
  return part;
}

// The parts of a plan that are the same for every layer.
struct Planner {
  const Scenario& scenario;
  const Placement& placement;
  std::unique_ptr<CapacityRule> capacity;
  std::unique_ptr<TrafficForm> form;
  RankLayout layout;

  [[nodiscard]] MoeLayerPlan Plan(const LayerRoutes& routes) const;

 private:
  void CountChoices(const LayerRoutes& routes, const KeptMask& kept, MoeLayerPlan& plan) const;
  void Pad(MoeLayerPlan& plan) const;
};

MoeLayerPlan Planner::Plan(const LayerRoutes& routes) const {
  const CapacityContext context{layout.ranks, layout.tokens_per_rank, &placement.rank_of_expert};
  const KeptMask kept = capacity->Keep(routes, context);
  MoeLayerPlan plan;
  CountChoices(routes, kept, plan);
  plan.rows = plan.kept;
  if (scenario.capacity.pad) {
    Pad(plan);
  } else {
    plan.copies = form->Count(routes, kept, placement, layout);
  }
  return plan;
}

void Planner::CountChoices(const LayerRoutes& routes, const KeptMask& kept,
                           MoeLayerPlan& plan) const {
  plan.chosen.resize(routes.num_experts);
  plan.kept.resize(routes.num_experts);
  std::size_t choice = 0;
  std::uint32_t dropped = 0;
  for (std::uint32_t t = 0; t < routes.tokens; ++t) {
    bool any_kept = false;
    for (const ExpertIndex e : routes.ChoicesOf(t)) {
      const bool is_kept = kept[choice++] != 0;
      if (e == kNoExpert) {
        ++plan.absent;
        continue;
      }
      ++plan.chosen[e];
      ++(is_kept ? plan.kept[e] : dropped);
      any_kept = any_kept || is_kept;
    }
    plan.tokens_fully_dropped += any_kept ? 0 : 1;
  }
  plan.dropped = dropped;
}

// Every sender fills its buffer for every expert to the capacity (GShard, arXiv 2006.16668: the
// dispatch tensor has experts x capacity rows whatever was routed); padding rows are sent and
// computed like real ones.
void Planner::Pad(MoeLayerPlan& plan) const {
  // No expert can get more rows from a sender than the sender has tokens; with that bound all
  // counts stay below 2^32.
  const std::uint64_t capacity_slots =
      ExpertCapacity(scenario.capacity.factor, layout.tokens_per_rank, scenario.model.moe->top_k,
                     scenario.model.moe->num_experts);
  const auto slots =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity_slots, layout.tokens_per_rank));
  std::vector<std::uint32_t> experts_of_rank(layout.ranks);
  for (const std::uint16_t rank : placement.rank_of_expert) ++experts_of_rank[rank];
  plan.rows.assign(plan.rows.size(), slots * layout.ranks);
  for (std::uint32_t from = 0; from < layout.ranks; ++from) {
    for (std::uint32_t to = 0; to < layout.ranks; ++to) {
      const std::uint32_t count = slots * experts_of_rank[to];
      if (from == to || count == 0) continue;
      plan.copies.push_back(
          {static_cast<std::uint16_t>(from), static_cast<std::uint16_t>(to), count, 0});
    }
  }
}

}  // namespace

Result<MoePlan> PlanExperts(const Scenario& scenario) {
  MoePlan plan;
  plan.micro_batches = scenario.workload.micro_batches;
  if (!scenario.model.moe) return plan;
  const MoeSpec& moe = *scenario.model.moe;
  const std::uint32_t ranks = scenario.parallelism.expert;
  const std::uint32_t tokens_per_rank = scenario.workload.tokens_per_device;
  plan.moe_layers = scenario.model.NumMoeLayers();
  plan.placement = MakePlacementPolicy(scenario.placement)->Place(moe.num_experts, ranks);
  const Diagnostics misplaced = Verify(plan.placement, moe.num_experts);
  SWITCHYARD_CHECK(misplaced.empty(), ToString(misplaced));

  const RoutingShape shape{plan.moe_layers, ranks * tokens_per_rank, moe.num_experts,
                           moe.top_k,       moe.num_groups,          moe.topk_groups};
  auto router = MakeExpertRouter(scenario.routing, shape, scenario.seed);
  if (!router.ok()) return router.errors();
  const Planner planner{scenario,
                        plan.placement,
                        MakeCapacityRule(scenario.capacity),
                        MakeTrafficForm(scenario.communication.all_to_all),
                        {ranks, scenario.cluster.node.gpus, tokens_per_rank / plan.micro_batches}};
  for (std::uint32_t layer = 0; layer < plan.moe_layers; ++layer) {
    const LayerRoutes routes = router.value()->Route(layer);
    for (std::uint32_t m = 0; m < plan.micro_batches; ++m) {
      plan.layers.push_back(
          planner.Plan(plan.micro_batches == 1
                           ? routes
                           : TakeMicroBatch(routes, tokens_per_rank, plan.micro_batches, m)));
    }
  }
  return plan;
}

}  // namespace switchyard
